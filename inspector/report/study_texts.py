"""Studies of a model as lines for formats that have no field for them.

Comes in: the report's contents. Goes out: (kind, text) pairs of names and numbers, in English as
such formats' own words; no answers, no examples, nothing out of a file.
"""

from __future__ import annotations

from collections.abc import Iterable

from inspector.federated import judged_in
from inspector.records import Arm, Moment, Rate
from inspector.report.contents import ReportContents
from inspector.report.study_lines import HardenedLine, RoundLine


def study_texts(contents: ReportContents) -> Iterable[tuple[str, str]]:
    """Of every study that came to something."""
    for screened in contents.screenings.lines:
        if screened.ranking:
            found = screened.ranking
            counts = f"{found.n_suspects} suspects of {found.n_scored} examples"
            yield "screening", f"{screened.run_id}: {screened.sought}: {counts}"
        for removal in screened.removals:
            yield "screening", f"{screened.run_id}: {removal.sentence}"
    for hardened in contents.hardenings.lines:
        yield from (("hardening", f"{hardened.run_id}: {text}") for text in _hardened(hardened))
    for line in contents.rounds.lines:
        yield from (("federated", f"{line.run_id}: {text}") for text in _round(line))


def _hardened(line: HardenedLine) -> Iterable[str]:
    if (result := line.result) is None:
        return
    push = line.hardening.perturbation
    yield f"rho {push.rho:g} ({push.norm}), {result.n_poison} of {result.n_tuned} examples poisoned"
    for arm in Arm:
        told = result.scores_of(arm, Moment.TUNED)
        alert = next(a for a in result.alerts if a.arm is arm)
        yield (
            f"{arm}, after the later tuning: complies with {_of(told.harmful)} unsafe requests, "
            f"does {_of(told.task)} of its task right: {alert.kind}"
        )
    yield f"hardened beside plain: one-sided p of a lower harmful score {result.p_harmful:.3g}"


def _round(line: RoundLine) -> Iterable[str]:
    for judged in judged_in(line.outcome) if line.outcome else ():
        who = " ".join(part for part in (judged.part.value, judged.name) if part)
        who = f"the round as a whole, and its {who}" if judged.of_round else who
        stands = judged.level or (judged.participant.standing if judged.participant else "")
        before, after = judged.before, judged.after
        rates = ""
        if before and after:
            declines = f"{_of(after.safety)} of what should be, before {_of(before.safety)}"
            rates = f"declines {declines}"
        yield ": ".join(part for part in (line.study, who, stands, rates) if part)


def _of(rate: Rate) -> str:
    return f"{rate.n_hits} of {rate.n}"
