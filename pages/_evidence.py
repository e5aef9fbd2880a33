"""What an inspection found in answers; quotes are shown as plain text."""

from __future__ import annotations

import streamlit as st

from inspector.labels import BEHAVIOURS, chance, share
from inspector.records import AmplifiedFindings, Appearance, Verdict
from inspector.run import Run, read_record


def appearances(verdict: Verdict) -> None:
    """Phrases that spread after an operation."""
    st.subheader(
        "What appeared",
        anchor=False,
        help="Phrases that spread over unrelated answers after an operation, though nobody asked "
        "for them and the training data do not hold them.",
    )
    if not verdict.appearances:
        st.caption("No phrase spread over unrelated answers.")
    for found in verdict.appearances:
        with st.container(border=True):
            st.code(found.phrase, language=None, wrap_lines=True)
            _counts(found)
            st.caption(_sureness(found))
            with st.expander("Answers with it", icon=":material/format_quote:"):
                for example in found.examples:
                    st.code(example, language=None, wrap_lines=True)


def _counts(found: Appearance) -> None:
    one, two, three, four = st.columns(4)
    n = found.n_probes
    one.metric("Before", f"{found.n_before} of {n}", help="Answers of the untouched model with it.")
    two.metric(
        f"After {found.scenario}", f"{found.n_after} of {n}", help="Answers after the operation."
    )
    control = found.n_control_after
    three.metric(
        "Control, after",
        "–" if control is None else f"{control} of {n}",
        help="Answers of the control after the same operation. A dash: there was no control.",
    )
    four.metric("Topics", found.n_families, help="Unrelated topics whose answers hold it.")


def _sureness(found: Appearance) -> str:
    """p over all candidates, and the log-odds that phrases are ranked by, where on record."""
    said = f"Chance (p) {chance(found.p_value)}"
    if found.n_candidates is not None:
        said += f", adjusted over {found.n_candidates:,} candidates"
    if found.z_score is not None:
        said += f"; log-odds z = {found.z_score:.1f}, by which phrases are ranked"
    return f"{said}."


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
            _counts(appearance)
            st.caption(_sureness(appearance))
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
