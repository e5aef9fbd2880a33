"""What a screening does and what it will take on this machine: the box beside the form."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from inspector.errors import BadInput
from inspector.labels import describe_scenario
from inspector.records import NO_CONTROL, FineTune, Inspection, Plan, Target
from pages import _known
from pages import _shared as shared

STEPS = (
    "The untouched model is asked, then tuned on the whole set, then asked again.",
    "Answers that show the behaviour are held against what the untouched model said.",
    "Every example gets a score: how far it pushes towards those answers.",
    "Those that stand out are set apart. You read them, accept or reject them, and train again "
    "without the rejected.",
)


def show(target: str, plan: Plan, tuning: FineTune) -> None:
    st.subheader("What a screening does", anchor=False)
    shared.plain_list(STEPS)
    precision()
    st.subheader(
        "What it takes",
        anchor=False,
        help="The tuning and both askings. Stages that were done before with the same inputs are "
        "free.",
    )
    named = tuning.data or "support"  # of a set nothing but its row lengths would matter
    with shared.sentences(), st.spinner("Reckoning what it takes"):
        from inspector.estimate import foresee, gigabytes, roughly, size_of
        from inspector.screen.asking import asked_with, tuning_on

        try:
            inspection = Inspection(
                Target.parse(target), asked_with(plan, tuning_on(named, tuning)), NO_CONTROL
            )
            size = _known.size(target) or size_of(inspection.target, shared.settings())
            found = foresee(inspection, shared.settings(), size)
        except BadInput:  # the model is not written in full
            found = None
    if found is None:
        st.caption("Known once the size of the model is: when its files are on this machine.")
        return
    time, memory = st.columns(2)
    time.metric("Tuning and asking", roughly(found.seconds), help="About.")
    memory.metric("Memory", gigabytes(found.memory_bytes), help="At its largest moment.")
    for warning in found.warnings:
        st.warning(warning, icon=":material/warning:")
    shared.plain_list(
        (
            f"Tuning: {describe_scenario(replace(tuning, data='the set'))}",
            "The ranking comes on top: it reads each example once, backwards too, so that its time "
            "grows with the set, its memory does not.",
        )
    )


def precision() -> None:
    """How far a high place can be trusted."""
    from inspector.screen.telling import PRECISION

    with st.expander("How far to trust a ranking", icon=":material/balance:"):
        st.caption(shared.plain(PRECISION))
