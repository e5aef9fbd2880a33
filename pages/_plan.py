"""The plan half of the Inspect page: what is done to the model, and what it is asked."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from inspector.errors import BadInput, PlanError
from inspector.plans.editing import without_those
from inspector.plans.writing import to_toml
from inspector.records import Plan
from pages import _plan_box, _plan_compare, _plan_editor, _plan_files
from pages import _plan_state as state
from pages import _shared as shared

what_it_does = _plan_box.what_it_does


def choose_plan() -> Plan:
    """The plan as chosen and changed here. The page ends where one of its settings is wrong."""
    name, plan = state.asked()
    plans = state.offered()
    st.session_state["pick_plan"] = name
    st.segmented_control(
        "Plan",
        list(plans),
        key="pick_plan",
        required=True,
        wrap=True,
        on_change=state.picked,
        format_func=plans.__getitem__,
        help="What is done to the model and what it is asked. Quick takes minutes, standard an "
        "hour or more, deep many hours without an accelerator.",
    )
    _plan_compare.compare_presets()
    off = state.switched_off(plan)
    if st.toggle(
        "Change this plan",
        key="change_plan",
        bind="query-params",
        help="Every setting of every operation, the questions, and how answers are drawn.",
    ):
        try:
            changed, off_now, anew = _plan_editor.edit(plan, off, state.edition())
        except PlanError as error:  # beside the fields, which stay for mending
            _stop(error)
        if changed != plan or off_now != off:
            state.take(changed, off_now, anew)
    chosen = without_those(plan, off)
    _files(chosen, plan)
    return chosen


def _files(chosen: Plan, plan: Plan) -> None:
    """The plan as a file, a plan file in its place, and own data and questions for it."""
    try:
        changed = _plan_files.own_files(plan)
    except BadInput as error:
        _stop(error)
    if changed != plan:
        state.take(changed, set(), anew=True)
    with st.expander("Plan file", icon=":material/draft:"):
        st.caption("Keep this plan, share it, or use it with the command (`--plan FILE`).")
        st.download_button(
            "Download as TOML",
            data=to_toml(chosen),
            file_name="plan.toml",
            mime="application/toml",
            icon=":material/download:",
            on_click="ignore",
        )
        try:
            uploaded = _plan_files.uploaded_plan()
        except PlanError as error:
            _stop(error)
        if uploaded is not None:
            state.take(uploaded, set(), anew=True)


def _stop(error: BadInput) -> NoReturn:
    st.error(shared.plain(str(error)), icon=":material/error:")
    st.stop()
