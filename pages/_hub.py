"""A model of the Hub: searched for while typing, taken by a press, shown with what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages import _known
from pages import _shared as shared

if TYPE_CHECKING:
    from inspector.fetch.listing import Listing

PAUSE = "350ms"  # a request goes out when nobody has typed for so long
MIN_CHARS = 2


def fill(name: str, text: str) -> None:
    """Show this choice, `hf:org/name[@revision]` or none."""
    repo, _, revision = text.removeprefix("hf:").partition("@")
    st.session_state[f"{name}_repo"] = repo
    st.session_state[f"{name}_revision"] = revision


def choose(name: str) -> str:
    """The choice as `hf:org/name[@revision]`, "" while there is none. name: prefix of the keys."""
    repo: str = st.session_state.get(f"{name}_repo", "")
    if not repo:
        _find(name)
        return _as_typed(name)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(gap=None):
            st.caption("Model or adapter")
            st.text(repo)
        revision = st.text_input(
            "Revision",
            key=f"{name}_revision",
            placeholder="main",
            help="A branch, a tag or a commit. An inspection pins the commit that it stands for.",
            width=150,
            persist_state="page",
        )
        st.button(
            "Choose another",
            icon=":material/search:",
            key=f"{name}_other",
            on_click=fill,
            args=(name, ""),
        )
    text = f"hf:{repo}" + (f"@{revision.strip()}" if revision and revision.strip() else "")
    _known.card(name, text)
    return text


def _as_typed(name: str) -> str:
    """An id that was written out in full needs no press."""
    typed: str = st.session_state.get(f"{name}_find") or ""
    if not typed:
        return ""
    from inspector.fetch.preview import is_id, read_id

    query = read_id(typed, shared.settings())
    return f"hf:{query}" if is_id(query) else ""


@st.fragment
def _find(name: str) -> None:
    """The field and what it finds; typing draws nothing else anew."""
    typed = st.text_input(
        "Find a model or adapter",
        key=f"{name}_find",
        type="search",
        live=PAUSE,
        placeholder="organisation/name, or a part of it",
        help="The Hub is asked while you type. An id or the address of a page can be pasted.",
    )
    if len((typed or "").strip()) < MIN_CHARS:
        return
    from inspector.fetch.preview import is_id, read_id

    query = read_id(typed or "", shared.settings())
    found, problem = _known.search(query.partition("@")[0])
    if problem:
        _known.trouble(problem, f"{name}_search_again")
    with st.container(border=True, gap="xsmall"):
        for listing in found:
            _offer(name, listing)
        if is_id(query) and query not in [listing.name for listing in found]:
            _take(name, query, f"Take {query} as it is written", ":material/keyboard_return:")
        elif not found:
            st.caption("No model's name holds these words.")


def _offer(name: str, found: Listing) -> None:
    from inspector.fetch.facts import summary

    with st.container(gap=None):
        _take(name, found.name, found.name, ":material/deployed_code:")
        st.caption(shared.plain(summary(found)))


def _take(name: str, repo: str, label: str, icon: str) -> None:
    if st.button(shared.plain(label), key=f"{name}_take_{repo}", type="tertiary", icon=icon):
        fill(name, repo)
        st.rerun()
