"""The gate: every rule closes it when it should, opens it otherwise, and says why in a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from inspector.cli import app
from inspector.errors import BadInput, InspectorError, PolicyError
from inspector.gate import LICENCE, exit_code, failed_rules, load_policy, policy_of
from inspector.records import (
    Coverage,
    CoverageStatus,
    EventKind,
    Finding,
    Level,
    Severity,
    Verdict,
)
from inspector.records.policies import FailOn, Policy
from inspector.records.provenance import Basis, Provenance, ProvenanceFact
from inspector.run import Run, read_record, write_record
from tests.history.make_run import RUN_ID, make_run

ROOT = Path(__file__).parent.parent


def policy(tmp_path: Path, text: str) -> Policy:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    return load_policy(path)


def rules(run: Run, asked: Policy) -> list[str]:
    return [failure.rule for failure in failed_rules(run, asked)]


def change(run: Run, **fields: object) -> None:
    path = run.folder / "judge" / "verdict.json"
    write_record(path, replace(read_record(path, Verdict), **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "fail_on", "code"),
    [
        (Level.EVIDENCE, "evidence", 1),
        (Level.EVIDENCE, "review", 1),
        (Level.EVIDENCE, "nothing", 0),
        (Level.REVIEW, "evidence", 0),
        (Level.REVIEW, "review", 3),
        (Level.INCONCLUSIVE, "evidence", 0),
        (Level.INCONCLUSIVE, "review", 3),
        (Level.NO_EVIDENCE, "review", 0),
    ],
)
def test_the_verdict_closes_the_gate(tmp_path: Path, level: Level, fail_on: str, code: int) -> None:
    run = make_run(tmp_path, level=level)
    failed = failed_rules(run, Policy("p", FailOn(fail_on)))
    assert exit_code(run, failed) == code
    assert bool(failed) is (code != 0)
    if failed:
        assert str(level) in failed[0].sentence


def test_severity_of_static_findings(tmp_path: Path) -> None:
    run = make_run(tmp_path, level=Level.NO_EVIDENCE)
    finding = Finding("X-RULE", Severity.HIGH, "Something", "a.bin\x1b[31m", "e", "a")
    change(run, findings=(finding,))
    medium = policy(tmp_path, 'max_severity = "medium"')
    (failure,) = failed_rules(run, medium)
    assert failure.rule == "max_severity"
    assert "X-RULE in a.bin\N{REPLACEMENT CHARACTER}[31m is high" in failure.sentence
    assert exit_code(run, [failure]) == 3
    assert rules(run, policy(tmp_path, 'max_severity = "high"')) == []


def test_what_a_plan_could_have_seen(tmp_path: Path) -> None:
    run = make_run(tmp_path, level=Level.NO_EVIDENCE)
    metrics = read_record(run.folder / "judge" / "verdict.json", Verdict).metrics
    behaviour = metrics[0].behaviour
    change(run, metrics=tuple(replace(m, smallest_detectable_rate=0.2) for m in metrics))
    assert rules(run, policy(tmp_path, f"max_detectable_rate.{behaviour} = 0.2")) == []
    closed = policy(tmp_path, f"max_detectable_rate.{behaviour} = 0.19")
    assert set(rules(run, closed)) == {"max_detectable_rate"}
    change(run, metrics=tuple(replace(m, smallest_detectable_rate=None) for m in metrics))
    lenient = policy(tmp_path, f"max_detectable_rate.{behaviour} = 1.0")
    assert "no rate at all" in failed_rules(run, lenient)[0].sentence
    change(run, metrics=())
    assert "was not measured" in failed_rules(run, lenient)[0].sentence


def test_required_lines_of_the_ledger(tmp_path: Path) -> None:
    run = make_run(tmp_path, level=Level.NO_EVIDENCE)
    change(
        run,
        coverage=(
            Coverage("refusal / full", CoverageStatus.MEASURED, "48 answers"),
            Coverage("refusal / int4", CoverageStatus.INSUFFICIENT, "3 answers"),
        ),
    )
    assert rules(run, policy(tmp_path, 'required_coverage = ["refusal / full"]')) == []
    (failure,) = failed_rules(run, policy(tmp_path, 'required_coverage = ["refusal / *"]'))
    assert "'refusal / int4' was not measured (INSUFFICIENT): 3 answers" in failure.sentence
    (missing,) = failed_rules(run, policy(tmp_path, 'required_coverage = ["refusal / ful"]'))
    assert "the nearest is 'refusal / full'" in missing.sentence


def test_a_required_control(tmp_path: Path) -> None:
    run = make_run(tmp_path, level=Level.NO_EVIDENCE)
    asked = policy(tmp_path, "required_control = true")
    assert rules(run, asked) == []
    metrics = read_record(run.folder / "judge" / "verdict.json", Verdict).metrics
    alone = tuple(replace(m, control_before=None, control_after=None) for m in metrics)
    change(run, metrics=alone, control="none: no control was asked for")
    (failure,) = failed_rules(run, asked)
    assert failure.sentence.endswith("none: no control was asked for.")


@pytest.mark.parametrize(
    ("declared", "n_failed"),
    [
        (None, 1),
        ("none declared", 1),
        ("house (not a well-known one)", 1),
        ("apache-2.0", 0),
        ("mit and apache-2.0", 0),
        ("mit and gpl-3.0", 1),
    ],
)
def test_allowed_licences(tmp_path: Path, declared: str | None, n_failed: int) -> None:
    run = make_run(tmp_path, level=Level.NO_EVIDENCE)
    if declared:
        fact = ProvenanceFact(LICENCE, declared, Basis.DECLARED, "README.md")
        write_record(run.folder / "scan" / "provenance.json", Provenance("demo", (fact,)))
    asked = policy(tmp_path, 'allowed_licences = ["Apache-2.0", "MIT"]')
    assert rules(run, asked) == ["allowed_licences"] * n_failed


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("fail_onn = 'review'", "unknown key fail_onn; did you mean fail_on?"),
        ("name = 'x'", "unknown key name; allowed: fail_on"),
        ("max_detectable_rate.refusel = 0.1", "max_detectable_rate.refusel; did you mean"),
        ("max_detectable_rate.refusal = 1.5", "is 1.5; give a share above 0 and at most 1"),
        ("fail_on = 'never'", "fail_on is 'never'"),
        ("max_severity = 'bad'", "max_severity is 'bad'"),
        ("required_coverage = ['']", "required_coverage has an empty line"),
        ("allowed_licences = []", "no model could pass"),
        ("allowed_licences = [' ']", "allowed_licences has an empty line"),
        ("allowed_licences = 'MIT'", "Input should be a list"),
        ("max_severity = 'critical'", "nothing is worse than"),
        ("max_detectable_rate.refusal = true", "max_detectable_rate.refusal is True"),
        ("max_detectable_rate.refusal = '0.2'", "is '0.2'; give a number"),
        ("required_control = 'no'", "give true or false"),
        ("fail_on = 'nothing'\nrequired_control = false", "could never close"),
        ("fail_on = ", "is not valid TOML"),
    ],
)
def test_a_mistake_in_a_policy_is_one_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(PolicyError) as raised:
        policy(tmp_path, text)
    assert complaint in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_policy_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"does not exist; check the path"):
        policy_of(tmp_path / "none.toml", None)
    with pytest.raises(PolicyError, match=r"cannot be read \(Is a directory\)"):
        policy_of(tmp_path, None)


def test_the_command_lines_fail_on_counts(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("fail_on = 'review'\nrequired_control = true\n")
    asked = policy_of(path, FailOn.EVIDENCE)
    assert asked is not None
    assert (asked.fail_on, asked.required_control) == (FailOn.EVIDENCE, True)
    assert policy_of(None, None) is None


def test_without_a_verdict_no_gate_opens(tmp_path: Path) -> None:
    run = make_run(tmp_path, ended=EventKind.FAILED)
    with pytest.raises(
        InspectorError, match="has no verdict, so no gate opens: The disk"
    ) as raised:
        failed_rules(run, Policy("p", FailOn.NOTHING))
    assert raised.value.exit_code == 4
    run.emit(EventKind.FAILED, message="Refused.", data={"exit_code": 2})
    with pytest.raises(InspectorError, match=r"Refused\.") as raised:
        failed_rules(run, Policy("p"))
    assert raised.value.exit_code == 2
    with pytest.raises(BadInput, match="holds no inspection"):
        failed_rules(Run(tmp_path / "nothing"), Policy("p"))


def command(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"INSPECTOR_HOME": str(home)})


def test_the_command_says_which_rule_failed_and_exits(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs")
    done = command(tmp_path, "gate", RUN_ID, "--fail-on", "evidence")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0].startswith("Gate: fail_on: The verdict is “evidence”")
    assert done.stdout.splitlines()[-1] == "Gate: closed."
    file = tmp_path / "p.toml"
    file.write_text("fail_on = 'nothing'\nmax_severity = 'high'\n")
    opened = command(tmp_path, "gate", str(run.folder), "--policy", str(file))
    assert (opened.exit_code, opened.stdout) == (0, "Gate: open: the policy's rules are met.\n")
    assert isinstance(command(tmp_path, "gate", RUN_ID).exception, BadInput)


def test_inspect_reads_the_policy_before_it_starts(tmp_path: Path) -> None:
    done = command(tmp_path, "inspect", "demo", "--policy", str(tmp_path / "none.toml"))
    assert isinstance(done.exception, PolicyError)
    assert not (tmp_path / "runs").exists()


def test_the_example_policy_is_one(tmp_path: Path) -> None:
    asked = load_policy(ROOT / "docs" / "policy-example.toml")
    assert asked.fail_on is FailOn.REVIEW
    assert rules(make_run(tmp_path), asked)[0] == "fail_on"
