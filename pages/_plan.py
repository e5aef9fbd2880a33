"""The plan half of the Inspect page: what is done to the model, and what it is asked."""

from __future__ import annotations

import streamlit as st

from inspector.labels import describe_plan
from inspector.plans import PRESETS, load_plan
from inspector.records import Plan
from pages import _shared as shared


def choose_plan() -> Plan:
    name = st.segmented_control(
        "Plan",
        PRESETS,
        default=PRESETS[0],
        required=True,
        wrap=True,
        format_func=str.capitalize,
        help="What is done to the model and what it is asked.",
    )
    return load_plan(name)


def what_it_does(plan: Plan) -> None:
    """The box beside the form."""
    st.subheader(f"What the {plan.name} plan does", anchor=False)
    shared.plain_list(describe_plan(plan))
    st.caption(plan.description)
