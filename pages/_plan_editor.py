"""Every setting of a plan as fields: operations, questions, answers, and what is measured beside.

Nothing is decided here: records say what is allowed (`_plan_fields`), and the lists change through
`inspector/plans/editing.py`.
"""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from inspector.errors import PlanError
from inspector.labels import describe_scenario
from inspector.own_files import DATA_SETS, SUITES, own_data_of, own_suites_of
from inspector.plans.editing import (
    NEW_JUDGE,
    NEW_OPERATIONS,
    NEW_WAY,
    duplicated,
    renamed,
    with_another,
)
from inspector.plans.words import OPERATION_WORDS, SETTINGS
from inspector.records import Plan, Scenario, SuiteChoice
from pages import _plan_fields as fields
from pages import _plan_lists as lists
from pages import _shared as shared

WORDS = SETTINGS[Plan]


def edit(plan: Plan, off: set[str], edition: int) -> tuple[Plan, set[str], bool]:
    """The plan as its fields have it now, what is switched off, and whether a list has changed.

    edition: of the plan; fields of another edition are others. Raises PlanError where a field holds
    what its record refuses (it is said there, too), or the plan refuses the parts together.
    """
    key, wrong = f"plan{edition}", list[str]()
    tabs = st.tabs([WORDS[n].word for n in ("scenarios", "suites", "sampling")] + ["More"])
    with tabs[0]:
        scenarios, off = _operations(plan, off, key, wrong)
    with tabs[1]:
        suites = _suites(plan, key, wrong)
    with tabs[2]:
        sampling = fields.record(plan.sampling, f"{key}_sampling", wrong)
    with tabs[3]:
        rest = fields.record(plan, f"{key}_rest_{plan.name}", wrong)
        judges = lists.records("judges", plan.judges, NEW_JUDGE, key, wrong)
        amplify = lists.records("amplify", plan.amplify, NEW_WAY, key, wrong)
    if wrong:
        raise PlanError(f"The plan cannot be used yet. {wrong[0]}")
    changed = replace(
        rest,
        scenarios=scenarios,
        suites=suites,
        sampling=sampling,
        judges=judges,
        amplify=amplify,
    )
    after = (scenarios, suites, judges, amplify)
    before = (plan.scenarios, plan.suites, plan.judges, plan.amplify)
    anew = any(len(new) != len(old) for new, old in zip(after, before, strict=True))
    return renamed(changed, plan), off, anew


def _operations(
    plan: Plan, off: set[str], key: str, wrong: list[str]
) -> tuple[tuple[Scenario, ...], set[str]]:
    data = {"data": (*DATA_SETS, *own_data_of(plan))}
    edited = []
    left_off = set(off)
    for index, scenario in enumerate(plan.scenarios):
        own = f"{key}_{index}"
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                if st.checkbox(scenario.name, scenario.name not in off, key=f"{own}_on"):
                    left_off.discard(scenario.name)
                else:
                    left_off.add(scenario.name)
                st.space("stretch")
                again = lists.button("Duplicate", ":material/content_copy:", f"{own}_again")
                away = lists.button("Remove", ":material/delete:", f"{own}_away")
            st.caption(shared.plain(describe_scenario(scenario)))
            with st.expander(
                f"Settings of {scenario.name}", icon=":material/edit:", key=f"{own}_settings"
            ):
                edited.append(fields.record(scenario, own, wrong, data))
        if again:
            return duplicated(plan.scenarios, index), left_off
        if away:
            return lists.without(plan.scenarios, index), left_off - {scenario.name}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox(
            "Another operation",
            list(NEW_OPERATIONS),
            key=f"{key}_kind",
            format_func=lambda name: OPERATION_WORDS[name].word,
            help=" ".join(f"{w.word}: {w.help}" for w in OPERATION_WORDS.values()),
        )
        if lists.button("Add operation", ":material/add:", f"{key}_add"):
            return with_another(plan.scenarios, NEW_OPERATIONS[kind]), left_off
    return tuple(edited), left_off


def _suites(plan: Plan, key: str, wrong: list[str]) -> tuple[SuiteChoice, ...]:
    asked = {choice.suite for choice in plan.suites}
    left = [name for name in SUITES if name not in asked]
    new = SuiteChoice(left[0]) if left else None
    known = {"suite": (*SUITES, *own_suites_of(plan))}
    return lists.records("suites", plan.suites, new, key, wrong, known)
