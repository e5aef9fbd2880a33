"""What an inspection found beside its rates; quotes are shown as plain text."""

from __future__ import annotations

import streamlit as st

from inspector.labels import BEHAVIOURS, chance, share
from inspector.records import AmplifiedFindings
from inspector.run import Run, read_record
from pages import _behaviour_what as what


def amplified(run: Run) -> None:
    """What exaggerated models say: extra evidence, in none of the rates above."""
    file = run.folder / "amplified" / "findings.json"
    if not file.exists():
        return
    found = read_record(file, AmplifiedFindings)
    st.subheader(
        "Amplified: extra evidence",
        anchor=False,
        help="The operation's change was exaggerated to make rare behaviour visible. Nobody runs "
        "such a model: none of this is in a rate of the model itself.",
    )
    for line in found.coverage:
        st.text(f"{line.what}: {line.detail}")
    if not found.appearances:
        st.caption("No phrase spread over the amplified answers.")
    for appearance in found.appearances:
        with st.container(border=True):
            st.code(appearance.phrase, language=None, wrap_lines=True)
            what.counts(appearance)
            st.caption(what.sureness(appearance))
    if found.metrics:
        rows = [
            {
                "behaviour": BEHAVIOURS[m.behaviour].word,
                "variant": m.scenario,
                "before": share(m.before),
                "amplified": share(m.after),
                "control": share(m.control_after),
                "p_adjusted": chance(m.p_adjusted),
            }
            for m in found.metrics
        ]
        st.dataframe(rows, hide_index=True, alt="Rates of the amplified models, extra evidence")
