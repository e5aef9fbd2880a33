"""What the home holds, the index made anew, and a way into making room (`_make_room.py`)."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from inspector.labels import size
from inspector.settings import Settings
from inspector.storage import STORES, Store, StoreKind, disk_free, measure
from pages import _make_room, _tables
from pages import _shared as shared


@st.cache_data(ttl=60, show_spinner="Measuring what the home holds")
def measured(home: Path) -> tuple[Store, ...]:
    """Walks every folder of the home: remembered for a minute, or until one is removed."""
    return measure(Settings(home=home))


def show() -> None:
    """Figures, sizes by kind, making room, and the index."""
    settings = shared.settings()
    stores = measured(settings.home)
    _figures(stores, settings)
    _sizes(stores)
    if st.button("Measure again", icon=":material/refresh:", type="tertiary"):
        measured.clear()
        st.rerun()
    _make_room.show(stores, measured.clear)
    _index()


def _figures(stores: tuple[Store, ...], settings: Settings) -> None:
    sizes = {store.kind: store.size_bytes for store in stores}
    free, total = disk_free(settings)
    caches = (StoreKind.STAGES, StoreKind.DEQUANTIZED, StoreKind.SPECIMENS, StoreKind.OTHER_CACHE)
    one, two, three, four = st.columns(4)
    one.metric(
        "Free on the disk",
        size(free),
        help=f"Of {size(total)} on the disk that holds {shared.plain(str(settings.home))}.",
        border=True,
    )
    two.metric("The home holds", size(sum(sizes.values())), help="All kinds below.", border=True)
    three.metric(
        "Inspections",
        size(sizes[StoreKind.RUNS]),
        help=STORES[StoreKind.RUNS].holds,
        border=True,
    )
    four.metric(
        "Can be made again",
        size(sizes[StoreKind.SNAPSHOTS] + sum(sizes[kind] for kind in caches)),
        help="Snapshots and caches: removing them costs time later, and nothing else.",
        border=True,
    )


def _sizes(stores: tuple[Store, ...]) -> None:
    column = st.column_config
    whole = max(1, sum(store.size_bytes for store in stores))
    rows = [
        {
            "what": STORES[store.kind].word,
            "size": size(store.size_bytes),
            "share": round(store.size_bytes / whole, 2),
            "entries": store.n_entries,
            "holds": STORES[store.kind].holds,
        }
        for store in sorted(stores, key=lambda store: -store.size_bytes)
    ]
    _tables.table(
        rows,
        name="storage",
        alt="What the home holds, by kind",
        columns={
            "what": column.TextColumn("What"),
            "size": column.TextColumn("On the disk", alignment="right"),
            "share": column.ProgressColumn("Share", format="percent", help="Of all of it."),
            "entries": column.NumberColumn("Entries"),
            "holds": column.TextColumn("What it is", width="large"),
        },
    )


def _index() -> None:
    st.subheader("The index", anchor=False)
    st.caption("Run folders hold the results; the history is an index that can be made anew.")
    if st.button("Rebuild the index", icon=":material/refresh:"):
        index = shared.history()
        with st.spinner("Reading every run folder"):
            settings = shared.settings()
            n_runs = index.rebuild(settings.runs, settings)
        st.success(f"{n_runs} inspections indexed.", icon=":material/check_circle:")
