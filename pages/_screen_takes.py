"""What a screening does and what it will take on this machine: the box beside the form."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from inspector.labels import describe_scenario
from inspector.records import NO_CONTROL, FineTune, Inspection, Plan, Target
from pages import _known
from pages import _shared as shared
from pages import _study_takes as takes

if TYPE_CHECKING:
    from inspector.estimate import Estimate

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
    takes.show(
        lambda: _foresee(target, plan, tuning),
        what="Tuning and asking",
        help_="The tuning and both askings. Stages that were done before with the same inputs are "
        "free.",
    )
    shared.plain_list(
        (
            f"Tuning: {describe_scenario(replace(tuning, data='the set'))}",
            "The ranking comes on top: it reads each example once, backwards too, so that its time "
            "grows with the set, its memory does not.",
        )
    )


def _foresee(target: str, plan: Plan, tuning: FineTune) -> Estimate | None:
    from inspector.estimate import foresee, size_of
    from inspector.screen.asking import asked_with, tuning_on

    named = tuning.data or "support"  # of a set nothing but its row lengths would matter
    asked = asked_with(plan, tuning_on(named, tuning))
    inspection = Inspection(Target.parse(target), asked, NO_CONTROL)
    size = _known.size(target) or size_of(inspection.target, shared.settings())
    return foresee(inspection, shared.settings(), size)


def precision() -> None:
    """How far a high place can be trusted."""
    from inspector.screen.telling import PRECISION

    with st.expander("How far to trust a ranking", icon=":material/balance:"):
        st.caption(shared.plain(PRECISION))
