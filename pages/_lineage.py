"""The model's tensors against those of the base or the control, and where it says it comes from."""

from __future__ import annotations

import streamlit as st

from inspector import charts
from inspector.inspected import Inspected, in_order, lineage_title
from inspector.labels import KINSHIPS
from inspector.records.provenance import Basis
from pages import _charts, _tables

WHOSE = {Basis.VERIFIED: "Verified from the bytes", Basis.DECLARED: "Somebody's word"}


def lineage(inspected: Inspected) -> None:
    """Layer by layer against the declared base, or the control."""
    st.subheader(
        "Lineage by layer",
        anchor=False,
        help="How each part of the model relates to the same part of the model it comes from. "
        + " ".join(f"{label.word}: {label.help}" for label in KINSHIPS.values()),
    )
    found = inspected.lineage
    if found is None:
        st.caption("The files have not been compared yet.")
        return
    if found.not_compared:
        st.text(f"Not compared: {found.not_compared}.")
    if not found.layers:
        return
    named = "declares it as its base" if found.declared else "does not name it as its base"
    st.text(f"Compared with {found.against}; the model {named}.")
    layers = in_order(found.layers)
    rows = [
        {
            "layer": layer.layer,
            "kinship": KINSHIPS[layer.kinship].word,
            "tensors": layer.n_tensors,
            "identical": layer.n_identical,
            "distance": layer.relative_norm,
            "cosine": layer.cosine,
            "rank": layer.rank,
        }
        for layer in layers
    ]
    _charts.chart(
        charts.lineage(layers, lineage_title(found)),
        rows,
        name="lineage",
        alt="How far each layer lies from its counterpart",
    )


def provenance(inspected: Inspected) -> None:
    """Where the model says it comes from, and which of that the bytes confirm."""
    if inspected.provenance is None:
        return
    st.subheader(
        "Where it comes from",
        anchor=False,
        help="A signature proves who signed, not that the model behaves well.",
    )
    rows = [
        {"fact": f.name, "value": f.value, "basis": WHOSE[f.basis], "source": f.source}
        for f in inspected.provenance.facts
    ]
    column = st.column_config
    _tables.table(
        rows,
        name="provenance",
        alt="Facts about where the model comes from",
        columns={
            "fact": column.TextColumn("Fact"),
            "value": column.TextColumn("Value", width="medium"),
            "basis": column.TextColumn("How sure"),
            "source": column.TextColumn("Whose word", width="medium"),
        },
    )
