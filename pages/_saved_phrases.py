"""Phrases that are kept for later inspections: saving, listing and forgetting them."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from inspector.labels import phrase_words
from inspector.own_phrases import read_saved, remove_phrase, save_phrase
from inspector.records import PhraseFinding, PhraseKind, SavedPhrase
from inspector.searching import Term
from pages import _shared as shared


def save(term: Term) -> None:
    """Keep the phrase that was just looked for."""
    with st.expander("Look for it in every later inspection", icon=":material/bookmark_add:"):
        one, two, three = st.columns([1, 1, 2])
        name = one.text_input("Name of the phrase", max_chars=60)
        by = two.text_input("Saved by", st.session_state.get("reviewer", ""))
        note = three.text_input("Why it is worth looking for")
        st.caption(
            "Inspections that start from now on look for it, and report it. A rise calls for "
            "review at most. Those that are done stay as they are."
        )
        if st.button("Save the phrase", icon=":material/save:"):
            at = datetime.now(UTC).isoformat(timespec="seconds")
            with shared.sentences():
                phrase = SavedPhrase(name.strip(), term.text, term.kind, by, at, note)
                save_phrase(shared.settings(), phrase)
            st.session_state["reviewer"] = by
            st.toast("Saved: inspections that start from now on look for it.")


def listed() -> None:
    """Every saved phrase, each with a way to forget it; nothing where there are none."""
    with shared.sentences():
        saved = read_saved(shared.settings())
    if not saved:
        return
    with st.expander(f"Saved for later inspections: {len(saved)}", icon=":material/bookmarks:"):
        for phrase in saved:
            with st.container(horizontal=True, vertical_alignment="center"):
                words = f"/{phrase.pattern}/" if phrase.kind is PhraseKind.REGEX else phrase.pattern
                why = f" · {phrase.note}" if phrase.note else ""
                st.text(f"{phrase.name}: {words} · {phrase.by}, {phrase.at[:10]}{why}")
                if st.button("Remove", icon=":material/delete:", key=f"forget_{phrase.name}"):
                    with shared.sentences():
                        remove_phrase(shared.settings(), phrase.name)
                    st.rerun()


def problems(findings: tuple[PhraseFinding, ...]) -> None:
    """Saved phrases that could not be looked for in this inspection, each with the reason."""
    for finding in findings:
        if finding.problem:
            st.text(f"{finding.name} ({phrase_words(finding)}): {finding.problem}")
