"""The presets side by side."""

from __future__ import annotations

import streamlit as st

from inspector.labels import BEHAVIOURS
from inspector.plans import PRESETS, load_plan
from inspector.plans.words import OPERATION_WORDS
from inspector.probes.planned import planned_probes
from inspector.records import Inspection, Target, TargetKind
from pages import _shared as shared
from pages import _tables


def compare_presets() -> None:
    """Side by side, on the demo model without a control; reckoned only when it is opened."""
    compared = st.expander(
        "Compare the plans",
        icon=":material/compare_arrows:",
        key="compare_plans",
        on_change="rerun",
        bind="query-params",
    )
    if not compared.open:
        return
    with compared, shared.sentences(), st.spinner("Reckoning"):
        rows = _rows()
        st.caption(
            "Time for the demo model without a control. Shares: the smallest share of answers from "
            "which on the verdict would report it in 95 of 100 inspections. The more operations, "
            "the more is asked of each, so that chance is not taken for a finding."
        )
        _tables.table(rows, name="plans", alt="The plans side by side")


def _rows() -> list[dict[str, str]]:
    """One row per property: there are few plans, and a narrow place."""
    from inspector.estimate import foresee, roughly
    from inspector.reach import sights

    columns: dict[str, dict[str, str]] = {}
    for name in PRESETS:
        plan = load_plan(name)
        found = foresee(Inspection(Target(TargetKind.DEMO), plan), shared.settings())
        done = {s.operation for s in plan.scenarios}
        columns[name.capitalize()] = {
            "Time, about": roughly(found.seconds) if found else "–",
            "Questions": str(len(planned_probes(plan))),
            "Operations": str(len(plan.scenarios)),
            **{
                BEHAVIOURS[s.behaviour].word: f"{s.smallest_rate or 1:.0%}"
                for s in sights(plan, False)
            },
            **{w.word: _yes(name in done) for name, w in OPERATION_WORDS.items()},
            "Where it acts (positions)": _yes(plan.positions),
            "Amplification": _yes(bool(plan.amplify)),
        }
    names = columns[PRESETS[0].capitalize()]
    return [{"": row, **{plan: cells[row] for plan, cells in columns.items()}} for row in names]


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
