"""Inspect: choose a target, a plan and a control, and start; or two targets with one plan."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from inspector.records import AUTO_CONTROL, NO_CONTROL, Inspection, Plan
from inspector.run import Run
from pages import _control, _known, _pair, _plan, _target
from pages import _shared as shared


def choose_targets() -> list[str]:
    """The target, and a second one where there is to be one."""
    targets = [_target.target("target", "What to inspect")]
    if "two" not in st.session_state:
        st.session_state["two"] = "second" in st.query_params
    if st.toggle(
        "Inspect a second target with the same plan",
        key="two",
        help="Two inspections with one plan and one control, compared with each other at the end.",
    ):
        targets.append(_target.target("second", "The second target", default=""))
    else:
        _target.show("second", "", default="")
    return targets


def start(targets: Sequence[str], plan: Plan, control: str) -> list[Run]:
    """Queue an inspection for each target; none where one of them cannot be read."""
    # A second of scipy and of the Hub's client: not before they are needed.
    from inspector.fetch.upload import target_of
    from inspector.inspection import start as begin

    settings = shared.settings()
    if control not in (AUTO_CONTROL, NO_CONTROL):
        control = str(target_of(control, settings))
    found = [target_of(target, settings) for target in targets]
    runs = [begin(Inspection(target, plan, control), settings) for target in found]
    for run in runs:
        shared.runner().submit(run)
    return runs


def new_inspection() -> None:
    st.title("Inspect a model", anchor=False)
    form, about = st.columns([3, 2], gap="large")
    with form:
        targets = choose_targets()
        plan = _plan.choose_plan()
        control = _control.choose(targets)
        st.space("small")
        label = "Start inspection" if len(targets) == 1 else "Start both inspections"
        begin = st.button(label, type="primary", icon=":material/play_arrow:")
    with about.container(border=True):
        _plan.what_it_does(plan, targets[0], control, _known.size(targets[0]))
    if begin:
        with form, shared.sentences(), st.spinner("Starting"):
            runs = start(targets, plan, control)
        if len(runs) == 2:
            a, b = runs
            st.switch_page("pages/inspect.py", query_params={"a": a.run_id, "b": b.run_id})
        st.switch_page("pages/run.py", query_params={"run": runs[0].run_id})


with shared.sentences():
    if pair := _pair.asked():
        _pair.show(pair)
    else:
        new_inspection()
