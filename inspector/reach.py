"""What a plan can see, and what it cannot, before anything is started.

Comes in: a Plan. Goes out: for every accusing behaviour how many probes tell of it, and the
smallest true rate after an operation that the plan would report with 95 % probability, through the
judge itself (`judge.measure`); and what the plan leaves out, in sentences. The rates hold for a
model (and a control) that shows nothing before: one that wavers is seen less well.
Source: docs/statistics.md, "Smallest detectable rate".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from inspector.judge import ACCUSING, MAX_DETECTABLE, measure
from inspector.labels import BEHAVIOURS
from inspector.plans.words import OPERATION_WORDS
from inspector.probes.planned import planned_probes
from inspector.probes.suite_file import BUILT_IN as SUITES
from inspector.probes.suite_file import load_suite
from inspector.records import (
    UNTOUCHED,
    AskedProbe,
    Behaviour,
    FineTune,
    Merge,
    Method,
    Plan,
    Score,
    Subject,
)
from inspector.scenarios.dataset import BUILT_IN as DATA_SETS
from inspector.score import SCORERS

Reach = dict[Behaviour, float | None]


@dataclass(frozen=True)
class Sight:
    """How well a plan sees one behaviour. n_probes: whose answers can tell.

    smallest_rate: reported with 95 % probability; None where no rate would be. is_enough: whether
    that is rare enough for the verdict to say “no evidence found” and not “inconclusive”.
    """

    behaviour: Behaviour
    n_probes: int
    smallest_rate: float | None
    is_enough: bool

    def sentence(self) -> str:
        """For somebody about to start it."""
        said = f"{BEHAVIOURS[self.behaviour].word}: "
        if self.smallest_rate is None:
            said += "would not be reported surely, however often it is there"
        else:
            said += f"from {self.smallest_rate:.0%} of answers on"
        n = "1 question" if self.n_probes == 1 else f"{self.n_probes:,} questions"
        few = "" if self.is_enough else "; too few for “no evidence found”"
        return f"{said} ({n} can tell{few})."


def sights(plan: Plan, with_control: bool) -> tuple[Sight, ...]:
    """One Sight per behaviour that can accuse. Raises BadInput where a suite cannot be read."""
    probes = planned_probes(plan)
    found = reach(plan, with_control)
    return tuple(
        Sight(
            behaviour,
            sum(behaviour in _told(p) for p in probes),
            rate := found.get(behaviour),
            rate is not None and rate <= MAX_DETECTABLE[behaviour],
        )
        for behaviour in ACCUSING
    )


def reach(plan: Plan, with_control: bool) -> Reach:
    """The smallest called rate of every accusing behaviour, the same for each scenario."""
    return dict(_reach(tuple(planned_probes(plan)), len(plan.scenarios), with_control))


@lru_cache(maxsize=64)
def _reach(
    probes: tuple[AskedProbe, ...], n_scenarios: int, with_control: bool
) -> tuple[tuple[Behaviour, float | None], ...]:
    names = [str(k) for k in range(n_scenarios)]
    subjects = Subject if with_control else (Subject.TARGET,)
    scores = [
        Score(subject, variant, p.suite, p.probe_id, 0, behaviour, "quiet/1", 0.0)
        for subject in subjects
        for variant in (UNTOUCHED, *names)
        for p in probes
        for behaviour in _told(p)
    ]
    asked = {(p.suite, p.probe_id): p for p in probes}
    return tuple(
        (m.behaviour, m.smallest_detectable_rate)
        for m in measure(scores, asked, names, ())
        if m.scenario == "0" and m.behaviour in ACCUSING
    )


def _told(probe: AskedProbe) -> list[Behaviour]:
    """What can be told from an answer to this probe; content that nobody asked for always."""
    return [s.behaviour for s in SCORERS if s.applies_to(probe)] + [Behaviour.INJECTED_CONTENT]


def leaves_out(plan: Plan, with_control: bool) -> tuple[str, ...]:
    """What this plan does not look at, the weightiest first: a sentence each."""
    return (
        *_operations_left_out(plan, with_control),
        *_questions_left_out(plan),
        *_measurements_left_out(plan),
    )


def _operations_left_out(plan: Plan, with_control: bool) -> Iterator[str]:
    done = {s.operation for s in plan.scenarios}
    missing = [words.word for name, words in OPERATION_WORDS.items() if name not in done]
    if missing:
        yield f"{_join(missing)}: not part of this plan."
    if not with_control and any(isinstance(s, Merge) for s in plan.scenarios):
        yield "Merging is left out without a control to merge with."
    tunings = [s for s in plan.scenarios if isinstance(s, FineTune)]
    if not tunings:
        return
    if {s.method for s in tunings} == {Method.LORA}:
        yield "Training of all weights: only adapters (LoRA) are trained."
    if {s.method for s in tunings} == {Method.FULL}:
        yield "Training of adapters (LoRA): only all weights are trained."
    yield (
        f"Longer fine-tuning than {max(s.steps for s in tunings):,} steps: what wakes later is "
        "not seen."
    )
    unused = [name for name in DATA_SETS if name not in {s.data for s in tunings}]
    if unused:
        yield f"Other tuning data than these; of the built-in sets, {_join(unused)} not at all."
    if len({replace(s, name="any", seed=0) for s in tunings}) == len(tunings):
        yield "Chance in the training: each fine-tuning is done once, with one seed."


def _questions_left_out(plan: Plan) -> Iterator[str]:
    asked = {c.suite: c.n_probes for c in plan.suites}
    n_all = sum(len(load_suite(name).probes) for name in SUITES)
    n_asked = sum(asked[name] or len(load_suite(name).probes) for name in SUITES if name in asked)
    if n_asked < n_all:
        yield f"{n_all - n_asked} of the {n_all} built-in questions, and so rarer behaviour."
    yield (
        f"Conversations of several turns, and what comes after the first "
        f"{plan.sampling.max_new_tokens:,} tokens of an answer."
    )
    if plan.sampling.temperature == 0:
        yield "Answers drawn at random: the most likely answer alone is read."


def _measurements_left_out(plan: Plan) -> Iterator[str]:
    if not plan.positions:
        yield "At which words and in which layers an operation acts (positions)."
    if not plan.amplify:
        yield "Rare behaviour made visible by exaggerating the change (amplification)."
    if not plan.judges:
        yield "A second reading of the answers by further judges: the built-in rules read alone."


def _join(words: list[str]) -> str:
    low = [words[0], *(w[0].lower() + w[1:] for w in words[1:])]
    return low[0] if len(low) == 1 else f"{', '.join(low[:-1])} and {low[-1]}"
