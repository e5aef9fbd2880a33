"""What an inspection found in answers and in files; quotes are shown as plain text."""

from __future__ import annotations

import streamlit as st

from inspector.labels import SEVERITIES
from inspector.records import Appearance, Verdict


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


def static_findings(verdict: Verdict) -> None:
    """What the scanners read in the files, the worst first."""
    st.subheader("What the files show", anchor=False, help="Read without running anything.")
    if not verdict.findings:
        st.caption("The scanners that ran reported nothing.")
    for finding in sorted(verdict.findings, key=lambda f: -f.severity.rank):
        label = SEVERITIES[finding.severity]
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.badge(label.word, icon=label.icon, color=label.colour, help=label.help)
                st.text(f"{finding.title}   ({finding.rule_id})")
            st.text(finding.advice)
            st.code(f"{finding.location}\n{finding.evidence}", language=None, wrap_lines=True)
