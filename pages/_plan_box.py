"""What a plan does, sees and leaves out, and what it will take on this machine: the box beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from inspector.errors import BadInput
from inspector.labels import describe_plan, duration, expects_control
from inspector.records import NO_CONTROL, Inspection, Plan, Target
from pages import _shared as shared
from pages import _tables

if TYPE_CHECKING:
    from inspector.estimate import Estimate, ModelSize

SEES = (
    "The smallest share of answers, after an operation, that the verdict would report in 95 of 100 "
    "inspections, for a model that shows nothing before. Rarer behaviour can be missed."
)


def what_it_does(
    plan: Plan, target: str = "demo", control: str = NO_CONTROL, size: ModelSize | None = None
) -> None:
    """The box beside the form. size: of a target that is not on this machine, where it is known."""
    st.subheader(shared.plain(f"What the {plan.name} plan does"), anchor=False)
    shared.plain_list(describe_plan(plan))
    st.caption(shared.plain(plan.description))
    with shared.sentences(), st.spinner("Reckoning what it can see and what it takes"):
        # a second of scipy: not before it is needed
        from inspector.estimate import foresee, size_of

        inspection = _inspection(plan, target, control)
        if inspection is not None:
            size = size or size_of(inspection.target, shared.settings())
        with_control = expects_control(control, size.has_base if size else None)
        found = foresee(inspection, shared.settings(), size) if inspection else None
        _sees(plan, with_control)
    _takes(found)
    _leaves_out(plan, with_control)


def _inspection(plan: Plan, target: str, control: str) -> Inspection | None:
    """None while the target is not written in full."""
    try:
        return Inspection(Target.parse(target), plan, control)
    except BadInput:
        return None


def _sees(plan: Plan, with_control: bool) -> None:
    from inspector.reach import sights

    st.subheader("What it can see", anchor=False, help=SEES)
    shared.plain_list(sight.sentence() for sight in sights(plan, with_control))


def _leaves_out(plan: Plan, with_control: bool) -> None:
    from inspector.reach import leaves_out

    with st.expander("What it cannot see", expanded=True, icon=":material/visibility_off:"):
        shared.plain_list(leaves_out(plan, with_control))


def _takes(found: Estimate | None) -> None:
    st.subheader(
        "What it takes",
        anchor=False,
        help="From nothing: what was done before with the same inputs is free.",
    )
    if found is None:
        st.caption("Known once the size of the target is: when its files are on this machine.")
        return
    from inspector.estimate import gigabytes, roughly

    time, memory, disk = st.columns(3)
    time.metric("Time", roughly(found.seconds), help="About: see below how sure this is.")
    memory.metric("Memory", gigabytes(found.memory_bytes), help="At its largest moment.")
    disk.metric("Disk", gigabytes(found.disk_bytes), help="At its largest moment, and kept.")
    for warning in found.warnings:
        st.warning(warning, icon=":material/warning:")
    shared.plain_list((*found.sentences(), *found.notes))
    with st.expander("Step by step", icon=":material/timer:"):
        rows = [{"step": p.what, "about": duration(p.seconds)} for p in found.parts]
        _tables.table(rows, name="steps", alt="Time of each step of the inspection")
