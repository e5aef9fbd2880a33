"""The reproduction manifest: what somebody else needs to do the same inspection again.

Comes in: what was gathered. Goes out: commands, versions, seeds, digests, machine. The commands
start from the run's own inspection.json, which holds every input; a plan's name alone would not do,
for a plan file may have changed since.
"""

from __future__ import annotations

import shlex

from inspector.records import FineTune, Noise, digest_of
from inspector.report.contents import Fact, Mark, Reproduction
from inspector.report.gathering import Gathered
from inspector.report.wording import Words

_VERIFIED, _MEASURED, _STATED = Mark.VERIFIED, Mark.MEASURED, Mark.STATED


def reproduction(gathered: Gathered, inspector_version: str, words: Words) -> Reproduction:
    versions = gathered.verdict.versions if gathered.verdict else {"inspector": inspector_version}
    return Reproduction(
        commands=_commands(gathered.run_id),
        versions=tuple(Fact(k, v, _MEASURED, is_code=True) for k, v in sorted(versions.items())),
        seeds=_seeds(gathered, words),
        digests=_digests(gathered, words),
        machine=_machine(gathered, words),
    )


def _commands(run_id: str) -> tuple[str, ...]:
    run, again = shlex.quote(run_id), shlex.quote(f"{run_id}-again")
    inspector = "python -m inspector"
    return (
        f"mkdir {again} && cp {run}/inspection.json {again}/",
        f"{inspector} inspect --run {again} --resume",
        f"{inspector} report {run} --format json",
        f"{inspector} verify FOLDER --against {run}",
    )


def _seeds(gathered: Gathered, words: Words) -> tuple[Fact, ...]:
    plan = gathered.inspection.plan
    seeds = {words("reproduction.sampling"): plan.sampling.seed}
    seeds |= {s.name: s.seed for s in plan.scenarios if isinstance(s, (FineTune, Noise))}
    return tuple(Fact(name, str(seed), _STATED, is_code=True) for name, seed in seeds.items())


def _digests(gathered: Gathered, words: Words) -> tuple[Fact, ...]:
    roles = {"target": gathered.target, "base": gathered.base, "control": gathered.control}
    found = {words(f"reproduction.{r}"): a.digest for r, a in roles.items() if a is not None}
    for tuning in gathered.tunings:
        name = words("reproduction.data", name=tuning.training.data_name)
        found[name] = tuning.training.data_digest
    if gathered.probes_digest:
        found[words("reproduction.probes")] = gathered.probes_digest
    facts = [Fact(label, digest, _VERIFIED, is_code=True) for label, digest in found.items()]
    plan = Fact(
        words("reproduction.plan"), digest_of([repr(gathered.inspection.plan)]), _STATED, True
    )
    if gathered.verdict_sha256:
        verdict = gathered.verdict_sha256
        facts.append(Fact(words("reproduction.verdict"), verdict, _MEASURED, is_code=True))
    return (*facts, plan)


def _machine(gathered: Gathered, words: Words) -> tuple[Fact, ...]:
    unknown = words("reproduction.unknown")
    rows = {"processor": "processor", "threads": "n_threads", "precision": "precision"}
    return tuple(
        Fact(words(f"reproduction.{label}"), str(gathered.machine.get(key, unknown)), _MEASURED)
        for label, key in rows.items()
    )
