"""Changes to a plan's lists: operations, suites, judges, ways to amplify.

Comes in: a list of records. Goes out: the list with one more, one less or one twice. A new record
starts from settings that are useful as they are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from inspector.plans.kept import edited_name
from inspector.records import (
    Amplify,
    AmplifyMethod,
    Behaviour,
    FineTune,
    JudgeChoice,
    JudgeKind,
    Merge,
    MergeMethod,
    Method,
    Noise,
    Plan,
    Prune,
    PruneMethod,
    Quantize,
    Scenario,
)

_NAME_LENGTH = 64
# By the `operation` of a plan file: what a newly added one does.
NEW_OPERATIONS: dict[str, Scenario] = {
    "fine-tune": FineTune("full-knowledge", Method.FULL, "knowledge", steps=40, warmup_steps=4),
    "quantize": Quantize("int8", bits=8),
    "prune": Prune("magnitude-20", PruneMethod.MAGNITUDE, sparsity=0.2),
    "merge": Merge("merge-half", MergeMethod.LINEAR),
    "noise": Noise("noise-2-percent", scale=0.02),
}
NEW_JUDGE = JudgeChoice(JudgeKind.MINILM, (Behaviour.REFUSAL, Behaviour.REFUSE_THEN_COMPLY))
NEW_WAY = Amplify(AmplifyMethod.WEIGHTS, 2.0)


def with_another(scenarios: tuple[Scenario, ...], new: Scenario) -> tuple[Scenario, ...]:
    """The operations and a new one, under a name that is free: `int8`, else `int8-2` and so on."""
    return (*scenarios, replace(new, name=_free(new.name, {s.name for s in scenarios})))


def duplicated(scenarios: tuple[Scenario, ...], index: int) -> tuple[Scenario, ...]:
    """The operations with one of them twice, the copy behind it under a name that is free."""
    one = scenarios[index]
    copy = replace(one, name=_free(one.name, {s.name for s in scenarios}))
    return (*scenarios[: index + 1], copy, *scenarios[index + 1 :])


def without_those(plan: Plan, names: Collection[str]) -> Plan:
    """The plan without the operations of these names; the plan itself where it has none of them."""
    left = tuple(s for s in plan.scenarios if s.name not in names)
    if left == plan.scenarios:
        return plan
    return renamed(replace(plan, scenarios=left), plan)


def renamed(changed: Plan, before: Plan) -> Plan:
    """A changed plan under a name and a description that say so, unless it was given others."""
    if changed == before:
        return changed
    name, description = changed.name, changed.description
    if name == before.name:
        name = edited_name(name)
    if description == before.description and name != before.name:
        description = f"Made from the plan {before.name}, with changes."
    return replace(changed, name=name, description=description)


def _free(name: str, taken: Collection[str]) -> str:
    stem, n, free = name, 2, name
    while free in taken:
        ending = f"-{n}"
        free, n = stem[: _NAME_LENGTH - len(ending)] + ending, n + 1
    return free
