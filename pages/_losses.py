"""The loss curves of an inspection's trainings, as they grow."""

from __future__ import annotations

import streamlit as st

from inspector import charts
from inspector.progress import LossPoint
from pages import _charts

COLUMNS = ("operation", "model", "step", "loss")
HELP = (
    "How far the model is from the examples that it is trained on. A falling curve is ordinary; it "
    "says nothing about the answers."
)


def show(losses: tuple[LossPoint, ...]) -> None:
    """One curve for each training; nothing before the first step."""
    if not losses:
        return
    points = [(p.scenario, p.subject, p.step, p.loss) for p in losses]
    rows = [dict(zip(COLUMNS, point, strict=True)) for point in points]
    st.subheader("Training loss", anchor=False, help=HELP)
    told = f"Training loss by step. {charts.loss_finding(points)}."
    _charts.chart(charts.losses(points), rows, name="loss", alt=told)
