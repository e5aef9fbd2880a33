"""Choose what goes, read what is lost, confirm; then what was freed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from inspector.labels import size
from inspector.storage import REMOVABLE, STORES, Entry, Store, StoreKind, clean
from pages import _shared as shared

MAX_NAMED = 8
FREED, N_CLEANED, ASKED = "freed", "n_cleaned", "asked_to_remove"
BY_WORD = {STORES[kind].word: kind for kind in REMOVABLE}


def show(stores: Sequence[Store], forget: Callable[[], None]) -> None:
    """The entries of one kind to choose from. forget: called when sizes have changed."""
    st.subheader(
        "Make room",
        anchor=False,
        help="Nothing goes before you have read what is lost and confirmed it.",
    )
    if said := st.session_state.pop(FREED, None):
        st.success(said, icon=":material/check_circle:")
    word = st.segmented_control(
        "What",
        list(BY_WORD),
        default=next(iter(BY_WORD)),
        required=True,
        wrap=True,
        key="room",
        bind="query-params",
    )
    kind = BY_WORD[word]
    entries = next(store.entries for store in stores if store.kind is kind)
    free = [entry for entry in entries if not entry.is_live]
    if len(free) < len(entries):
        st.caption(
            f":material/lock: At work and not listed: {len(entries) - len(free)}. Cancel it in the "
            "queue, or wait until it has ended."
        )
    if not free:
        st.info("There is nothing to remove.", icon=":material/info:")
        return
    chosen = _choose(kind, free)
    total = size(sum(entry.size_bytes for entry in chosen))
    label = f"Remove {len(chosen)} chosen, {total}" if chosen else "Remove the chosen"
    if st.button(label, icon=":material/delete:", disabled=not chosen):
        st.session_state[ASKED] = True
    if not chosen:
        _no()
    elif st.session_state.get(ASKED):
        title = f"Remove {len(chosen)} for good?"
        st.dialog(title, icon=":material/delete:", on_dismiss=_no)(_confirm)(kind, chosen, forget)


def _choose(kind: StoreKind, entries: Sequence[Entry]) -> list[Entry]:
    st.caption("Tick what shall go; the largest comes first.")
    column = st.column_config
    event = st.dataframe(
        [
            {
                "what": entry.title,
                "size": entry.size_bytes,
                "changed": entry.changed_at.replace(tzinfo=None),
                "name": entry.name,
            }
            for entry in entries
        ],
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        # another table after a cleaning: the old ticks would be on other rows
        key=f"entries_{kind}_{st.session_state.get(N_CLEANED, 0)}",
        column_config={
            "what": column.TextColumn("What", width="large"),
            "size": column.NumberColumn("On the disk", format="bytes"),
            "changed": column.DatetimeColumn("Changed (UTC)", format="D MMM YYYY, HH:mm"),
            "name": column.TextColumn("Name"),
        },
        alt=f"{STORES[kind].word} that can be removed",
    )
    return [entries[row] for row in event["selection"]["rows"] if row < len(entries)]


def _no() -> None:
    st.session_state.pop(ASKED, None)


def _confirm(kind: StoreKind, chosen: Sequence[Entry], forget: Callable[[], None]) -> None:
    st.markdown(f":red[:material/warning: {STORES[kind].lost}]")
    for entry in chosen[:MAX_NAMED]:
        st.text(f"{entry.title}  ({size(entry.size_bytes)})")
    if len(chosen) > MAX_NAMED:
        st.caption(f"and {len(chosen) - MAX_NAMED:,} more")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep"):
            _no()
            st.rerun()
        if st.button("Remove", icon=":material/delete:", type="primary"):
            _no()
            with shared.sentences(), st.spinner("Removing"):
                try:
                    freed = clean(shared.settings(), kind, [entry.name for entry in chosen])
                finally:
                    forget()
            st.session_state[FREED] = (
                f"{size(freed.size_bytes)} freed; {freed.n_entries} of "
                f"“{STORES[kind].word}” removed."
            )
            st.session_state[N_CLEANED] = st.session_state.get(N_CLEANED, 0) + 1
            st.rerun()
