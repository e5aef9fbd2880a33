"""What is known of a target before it is inspected: asked once, kept for minutes, drawn as a card.

The core is imported when it is first needed: the form with the demo model opens without the Hub's
client. A Hub that does not answer is one sentence, and the form stays usable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from inspector.errors import InspectorError
from inspector.records import ArtifactKind, Target, TargetKind
from inspector.settings import Settings
from pages import _shared as shared

if TYPE_CHECKING:
    from inspector.estimate import ModelSize
    from inspector.fetch.listing import Listing
    from inspector.fetch.preview import Preview

PER_ROW = 2


@st.cache_data(ttl="5m", max_entries=300, show_spinner=False)
def _found(endpoint: str, query: str) -> tuple[tuple[Listing, ...], str]:
    from inspector.fetch.preview import search

    try:
        return search(query, Settings(hub_endpoint=endpoint)), ""
    except InspectorError as error:
        return (), str(error)


@st.cache_data(ttl="5m", max_entries=300, show_spinner=False)
def _on_the_hub(endpoint: str, target: str) -> tuple[Preview | None, str]:
    return _look(target, Settings(hub_endpoint=endpoint))


def _look(target: str, settings: Settings) -> tuple[Preview | None, str]:
    from inspector.fetch.preview import preview

    try:
        return preview(Target.parse(target), settings), ""
    except InspectorError as error:
        return None, str(error)


def search(query: str) -> tuple[tuple[Listing, ...], str]:
    """What the Hub finds; and why it finds nothing, where it could not be asked."""
    return _found(shared.settings().hub_endpoint, query)


def see(target: str) -> tuple[Preview | None, str]:
    """What is known of it; and why nothing is. A folder is looked at anew each time."""
    if target.startswith("hf:"):
        return _on_the_hub(shared.settings().hub_endpoint, target)
    return _look(target, shared.settings())


def title(target: str) -> str:
    """What a person calls it: an upload by its file's name."""
    from inspector.fetch.upload import target_of

    try:
        return target_of(target, shared.settings()).title
    except InspectorError:  # the card says why
        return target


def declared(target: str) -> tuple[ArtifactKind | None, Target | None]:
    """Kind and declared base; (None, None) where nothing is known."""
    if target == str(Target(TargetKind.DEMO)):
        return ArtifactKind.MODEL, None
    seen = see(target)[0] if target else None
    return (seen.kind, seen.base) if seen else (None, None)


def card(name: str, target: str) -> None:
    """What is known at once, or the sentence that says why it is not. name: prefix of the keys."""
    with st.spinner("Looking"):
        seen, problem = see(target)
    if seen is None:
        if target.startswith("hf:"):
            trouble(problem, f"{name}_again")
        else:
            st.warning(shared.plain(problem), icon=":material/block:")
        return
    from inspector.fetch.facts import facts_of

    with st.container(border=True):
        facts = facts_of(seen)
        for start in range(0, len(facts), PER_ROW):
            for place, fact in zip(
                st.columns(PER_ROW), facts[start : start + PER_ROW], strict=False
            ):
                with place.container(gap=None):
                    st.caption(fact.word, help=fact.help)
                    st.text(fact.value)
        if seen.problem:
            st.error(shared.plain(seen.problem), icon=":material/block:")


def trouble(problem: str, key: str) -> None:
    """One sentence, and a way to ask again: answers are kept for minutes, failures too."""
    st.warning(shared.plain(problem), icon=":material/cloud_off:")
    if st.button("Try again", icon=":material/refresh:", key=key):
        _found.clear()
        _on_the_hub.clear()
        st.rerun()


def size(target: str) -> ModelSize | None:
    """How large a model of the Hub is, where the Hub says; what is here is measured elsewhere."""
    found = see(target)[0] if target.startswith("hf:") else None
    if found is None:
        return None
    from inspector.estimate import size_of_preview

    return size_of_preview(found)
