"""Safety rate and helpfulness of models as one chart, and the loss on held-out answers."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from inspector import charts
from inspector.federate import comparing
from inspector.records.rounds import AnswerLoss, Conduct
from pages import _charts, _tables

PERCENT = {
    name: st.column_config.NumberColumn(word, format="percent")
    for name, word in (("rate", "Share"), ("low", "95 % interval from"), ("high", "to"))
}
RATES = {
    "model": st.column_config.TextColumn("Model"),
    "series": st.column_config.TextColumn("What"),
    **PERCENT,
    "said": st.column_config.TextColumn("Answers"),
}
LOSSES = {
    "model": st.column_config.TextColumn("Model"),
    "loss": st.column_config.NumberColumn("Loss in nats per token", format="%.3f"),
    "low": st.column_config.NumberColumn("95 % interval from", format="%.3f"),
    "high": st.column_config.NumberColumn("to", format="%.3f"),
    "answers": st.column_config.NumberColumn("Answers"),
    "tokens": st.column_config.NumberColumn("Tokens"),
}


def chart(
    conducts: Sequence[Conduct],
    title: str,
    *,
    named: Sequence[str] = (),
    words: dict[str, str] | None = None,
) -> None:
    """named: models in bold. words: what models are called here, where that differs."""
    rows = comparing.rate_rows(conducts, words)
    _charts.chart(
        charts.conducts(rows, named, title, comparing.MEASURES),
        rows,
        name="rates",
        alt=f"{title}. Safety rate and helpfulness of each model, with intervals.",
        columns=RATES,
    )


def losses(told: Sequence[tuple[str, AnswerLoss]]) -> None:
    st.subheader(
        "Loss on held-out answers",
        anchor=False,
        help="How much a model still expects good ordinary answers that nobody tuned on: lower is "
        "better. It does not tell whether it would give them.",
    )
    _tables.table(
        comparing.loss_rows(told),
        name="loss-held-out",
        alt="Mean loss on held-out ordinary answers, with intervals",
        columns=LOSSES,
    )
