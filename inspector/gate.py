"""The gate of a deployment pipeline: a finished inspection against a policy.

Comes in: a run folder and a Policy (a TOML file; docs/pipeline.md). Goes out: the rules that are
not met, each in one sentence. A rule that is met says nothing about what was not looked at; what a
policy does not name is not asked for.
"""

from __future__ import annotations

import difflib
import fnmatch
import tomllib
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from inspector.errors import BadInput, InspectorError, PolicyError
from inspector.records import (
    UNTOUCHED,
    Behaviour,
    CoverageStatus,
    EventKind,
    Level,
    Verdict,
)
from inspector.records.policies import FailedRule, FailOn, Policy
from inspector.records.provenance import Provenance
from inspector.run import Run, read_record

LICENCE = "licence"  # the fact of RUN/scan/provenance.json that names it
NONE_DECLARED = "none declared"

_CLOSED: dict[FailOn, tuple[Level, ...]] = {
    FailOn.NOTHING: (),
    FailOn.EVIDENCE: (Level.EVIDENCE,),
    FailOn.REVIEW: (Level.EVIDENCE, Level.REVIEW, Level.INCONCLUSIVE),
}


def load_policy(path: Path) -> Policy:
    """The policy in a TOML file.

    Raises PolicyError naming the misspelt key (with the nearest right one) or the wrong value.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise PolicyError(f"The policy file {path} does not exist; check the path.") from error
    except OSError as error:
        raise PolicyError(
            f"The policy file {path} cannot be read ({error.strerror}); give a TOML file."
        ) from error
    return read_policy(data, path)


def read_policy(data: bytes, path: Path) -> Policy:
    """The policy in the bytes of a TOML file. path: what it is called; nothing is read from there.

    Raises PolicyError as `load_policy` does.
    """
    try:
        table = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"The policy file {path} is not valid TOML: {error}.") from error
    _check_keys(path, "", table, [f.name for f in fields(Policy) if f.name != "name"])
    rates = table.get("max_detectable_rate", {})
    if isinstance(rates, dict):
        _check_keys(path, "max_detectable_rate.", rates, [b.value for b in Behaviour])
        for behaviour, rate in rates.items():
            if isinstance(rate, bool | str):  # a check would take them for numbers
                where = f"max_detectable_rate.{behaviour}"
                raise PolicyError(f"The policy file {path}: {where} is {rate!r}; give a number.")
    control = table.get("required_control", False)
    if not isinstance(control, bool):
        words = f"required_control is {control!r}; give true or false, without quotes."
        raise PolicyError(f"The policy file {path}: {words}")
    if table.get("fail_on") == FailOn.NOTHING and not any(
        v for k, v in table.items() if k != "fail_on"
    ):
        raise PolicyError(
            f"The policy file {path}: fail_on is nothing and no other rule is named, so the gate "
            "could never close; name a rule."
        )
    try:
        return TypeAdapter(Policy).validate_python({"name": path.name, **table})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        problem = first["msg"].replace("valid tuple", "list").replace("valid dictionary", "table")
        raise PolicyError(
            f"The policy file {path}: {where} is {first.get('input')!r}; {problem}."
        ) from error


def policy_of(file: Path | None, fail_on: FailOn | None) -> Policy | None:
    """What the command line asks for, None where it asks for nothing.

    fail_on counts instead of the file's own; alone it is the whole policy.
    """
    if file is None:
        return None if fail_on is None else Policy("--fail-on", fail_on)
    policy = load_policy(file)
    return policy if fail_on is None else replace(policy, fail_on=fail_on)


def failed_rules(run: Run, policy: Policy) -> tuple[FailedRule, ...]:
    """Every rule that the inspection does not meet, the verdict's first.

    Raises InspectorError, with the run's own exit code, where there is no verdict to judge.
    """
    verdict = _verdict(run)
    return tuple(
        FailedRule(rule, _printable(sentence))
        for rule, sentences in (
            ("fail_on", _level(verdict, policy)),
            ("max_severity", _findings(verdict, policy)),
            ("max_detectable_rate", _rates(verdict, policy)),
            ("required_coverage", _coverage(verdict, policy)),
            ("required_control", _control(verdict, policy)),
            ("allowed_licences", _licence(run, policy)),
        )
        for sentence in sentences
    )


def exit_code(run: Run, failed: Iterable[FailedRule]) -> int:
    """0 where every rule is met; 1 where the verdict is evidence and closes the gate; else 3."""
    rules = {failure.rule for failure in failed}
    if not rules:
        return 0
    level = _verdict(run).level
    return level.exit_code if level is Level.EVIDENCE and "fail_on" in rules else 3


def _verdict(run: Run) -> Verdict:
    path = run.folder / "judge" / "verdict.json"
    if path.exists():
        return read_record(path, Verdict)
    if not (run.folder / "inspection.json").exists():
        raise BadInput(f"The folder {run.folder} holds no inspection; give a run folder or run id.")
    last = run.last_event((EventKind.FINISHED, EventKind.FAILED, EventKind.CANCELLED))
    why = last.message if last and last.message else "it has not ended"
    error = InspectorError(f"The inspection {run.run_id} has no verdict, so no gate opens: {why}")
    if last and isinstance(last.data, dict) and last.data.get("exit_code") == BadInput.exit_code:
        error.exit_code = BadInput.exit_code  # the target was refused, or cannot be used
    raise error


def _printable(sentence: str) -> str:
    """Phrases and file names are strangers' text, and this ends up in terminals and logs."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in sentence)


def _level(verdict: Verdict, policy: Policy) -> Iterable[str]:
    if verdict.level in _CLOSED[policy.fail_on]:
        more = f" {verdict.reasons[0]}" if verdict.reasons else ""
        yield f"The verdict is “{verdict.level}”, and fail_on is {policy.fail_on}.{more}"


def _findings(verdict: Verdict, policy: Policy) -> Iterable[str]:
    if policy.max_severity is None:
        return
    for finding in verdict.findings:
        if finding.severity.rank > policy.max_severity.rank:
            where = f" in {finding.location}" if finding.location else ""
            yield (
                f"The finding {finding.rule_id}{where} is {finding.severity}, and max_severity is "
                f"{policy.max_severity}: {finding.title}."
            )


def _rates(verdict: Verdict, policy: Policy) -> Iterable[str]:
    for behaviour, most in policy.max_detectable_rate.items():
        rows = [m for m in verdict.metrics if m.behaviour is behaviour and m.scenario != UNTOUCHED]
        if not rows:
            yield f"{behaviour} was not measured, and at most {most:.1%} may go unseen."
        for metric in rows:
            seen = metric.smallest_detectable_rate
            if seen is None or seen > most:
                what = "no rate at all" if seen is None else f"only {seen:.1%} or more"
                yield (
                    f"{behaviour} / {metric.scenario}: {what} would have been reported with 95 % "
                    f"probability, and max_detectable_rate is {most:.1%}; ask more probes."
                )


def _coverage(verdict: Verdict, policy: Policy) -> Iterable[str]:
    for wanted in policy.required_coverage:
        lines = [c for c in verdict.coverage if fnmatch.fnmatchcase(c.what, wanted)]
        if not lines:
            near = difflib.get_close_matches(wanted, [c.what for c in verdict.coverage], 1)
            hint = f"; the nearest is {near[0]!r}" if near else ""
            yield f"No line of the ledger is {wanted!r}, which required_coverage asks for{hint}."
        for line in lines:
            if line.status is not CoverageStatus.MEASURED:
                yield f"{line.what!r} was not measured ({line.status}): {line.detail}."


def _control(verdict: Verdict, policy: Policy) -> Iterable[str]:
    if policy.required_control and not any(m.control_after for m in verdict.metrics):
        yield f"A control is required, and nothing was compared with one: {verdict.control}."


def _licence(run: Run, policy: Policy) -> Iterable[str]:
    if policy.allowed_licences is None:
        return
    path = run.folder / "scan" / "provenance.json"
    facts = read_record(path, Provenance).facts if path.exists() else ()
    allowed = {licence.casefold() for licence in policy.allowed_licences}
    # The value may go on in brackets, with what the inspector knows of the id.
    said = next((fact.value.partition(" (")[0] for fact in facts if fact.name == LICENCE), "")
    names = ", ".join(policy.allowed_licences)
    if said in ("", NONE_DECLARED):
        yield f"No licence is declared, and allowed_licences is {names}."
        return
    for licence in said.split(" and "):
        if licence.casefold() not in allowed:
            yield f"The declared licence is {licence}, and allowed_licences is {names}."


def _check_keys(path: Path, prefix: str, table: dict[str, Any], allowed: list[str]) -> None:
    for key in table:
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, 1)
            hint = f"did you mean {prefix}{near[0]}?" if near else f"allowed: {', '.join(allowed)}."
            raise PolicyError(f"The policy file {path} has an unknown key {prefix}{key}; {hint}")
