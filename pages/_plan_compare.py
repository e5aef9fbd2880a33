"""The presets side by side."""

from __future__ import annotations

import streamlit as st

from inspector.labels import BEHAVIOURS, duration
from inspector.plans import PRESETS, load_plan
from inspector.records import NO_CONTROL, Inspection, Target
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
        from inspector.estimate import foresee
        from inspector.reach import sights

        rows = []
        for name in PRESETS:
            plan = load_plan(name)
            found = foresee(Inspection(Target.parse("demo"), plan, NO_CONTROL), shared.settings())
            seen = {
                BEHAVIOURS[s.behaviour].word: f"{s.smallest_rate or 1:.0%}"
                for s in sights(plan, False)
            }
            rows.append(
                {
                    "plan": name.capitalize(),
                    "time, about": duration(found.seconds) if found else None,
                    "operations": len(plan.scenarios),
                    **seen,
                    "positions": "yes" if plan.positions else "no",
                }
            )
        st.caption(
            "Reported from this share of answers on; time for the demo model without a control."
        )
        _tables.table(rows, name="plans", alt="The plans side by side")
