"""The chat template, and where it differs from that of the base or the control."""

from __future__ import annotations

import streamlit as st

from inspector.diff import STYLE, Side, to_html, word_diff
from inspector.inspected import Inspected, TemplatePair, template_pairs
from inspector.records.templates import ChatTemplate
from pages import _shared as shared


def templates(inspected: Inspected) -> None:
    """The chat template, and how it differs from that of the base or the control."""
    st.subheader(
        "Chat template",
        anchor=False,
        help="The text that wraps every conversation before the model sees it. A changed template "
        "can change answers without any change of the weights.",
    )
    pairs = template_pairs(inspected.templates)
    if not pairs:
        st.caption("None was kept: the model brings none, or the scan has not finished.")
        return
    st.html(STYLE)
    for pair in pairs:
        title, icon = _state(pair)
        with st.expander(shared.plain(title), icon=icon, expanded=not pair.are_equal):
            _texts(pair)


def _state(pair: TemplatePair) -> tuple[str, str]:
    where = pair.ours or pair.theirs
    place = f"{pair.name} ({where.location})" if where else pair.name
    if pair.theirs is None:
        return f"{place}: nothing to compare it with", ":material/description:"
    if pair.ours is None:
        return f"{place}: only the other model has it", ":material/difference:"
    if pair.are_equal:
        return f"{place}: the same in both", ":material/equal:"
    return f"{place}: differs", ":material/difference:"


def _texts(pair: TemplatePair) -> None:
    if pair.ours and pair.theirs and not pair.are_equal:
        theirs, ours = word_diff(pair.theirs.source or "", pair.ours.source or "")
        left, right = st.columns(2, gap="large")
        with left:
            st.caption("**Base or control**")
            _problem(pair.theirs)
            st.html(to_html(theirs, Side.BEFORE))
        with right:
            st.caption("**Inspected model**")
            _problem(pair.ours)
            st.html(to_html(ours, Side.AFTER))
        return
    for template in (pair.ours or pair.theirs,):
        if template is not None:
            _problem(template)
            st.code(template.source or "", language=None, wrap_lines=True)


def _problem(template: ChatTemplate) -> None:
    if template.problem:
        st.text(f"Not read: {template.problem}")
