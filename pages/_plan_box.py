"""What a plan does, sees and leaves out, and what it will take on this machine: the box beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from inspector.errors import BadInput
from inspector.labels import BEHAVIOURS, describe_plan, duration
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
        from inspector.estimate import expects_control, foresee, size_of

        inspection = _inspection(plan, target, control)
        if inspection is not None:
            size = size or size_of(inspection.target, shared.settings())
        with_control = expects_control(control, size)
        _sees(plan, with_control)
        found = foresee(inspection, shared.settings(), size) if inspection else None
    _takes(found)


def _inspection(plan: Plan, target: str, control: str) -> Inspection | None:
    """None while the target is not written in full."""
    try:
        return Inspection(Target.parse(target), plan, control)
    except BadInput:
        return None


def _sees(plan: Plan, with_control: bool) -> None:
    from inspector.reach import leaves_out, sights

    st.subheader("What it can see", anchor=False, help=SEES)
    rows = [
        {
            "behaviour": BEHAVIOURS[sight.behaviour].word,
            "from": None if sight.smallest_rate is None else 100 * sight.smallest_rate,
            "questions": sight.n_probes,
            "enough": "" if sight.is_enough else "Too few for a verdict",
        }
        for sight in sights(plan, with_control)
    ]
    if all(row["enough"] == "" for row in rows):
        for row in rows:
            del row["enough"]
    column = st.column_config
    _tables.table(
        rows,
        name="sees",
        alt="Behaviours, and the smallest share of answers that would be reported",
        columns={
            "behaviour": column.TextColumn("Behaviour", width="medium"),
            "from": column.NumberColumn("Reported from", format="%.0f %%", help=SEES),
            "questions": column.NumberColumn("Questions", help="Whose answers can tell."),
            "enough": column.TextColumn("", help="The verdict would be “inconclusive”."),
        },
    )
    with st.expander("What it cannot see", icon=":material/visibility_off:"):
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
    from inspector.estimate import gigabytes

    low, high = found.range_s
    time, memory, disk = st.columns(3)
    between = f"Usually between {duration(low)} and {duration(high)}."
    time.metric("Time, about", duration(found.seconds), help=between)
    memory.metric("Memory", gigabytes(found.memory_bytes), help="At its largest moment.")
    disk.metric("Disk", gigabytes(found.disk_bytes), help="At its largest moment, and kept.")
    for warning in found.warnings:
        st.warning(warning, icon=":material/warning:")
    shared.plain_list((*found.sentences(), *found.notes))
    with st.expander("Step by step", icon=":material/timer:"):
        rows = [{"step": p.what, "about": duration(p.seconds)} for p in found.parts]
        _tables.table(rows, name="steps", alt="Time of each step of the inspection")
