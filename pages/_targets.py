"""The list of targets: filters that live in the URL, a row for each, and pages."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from inspector.history import History, TargetFilter, TargetOrder
from inspector.labels import LEVELS, STANDINGS
from inspector.overview import target_record
from inspector.records import ArtifactKind
from pages import _shared as shared
from pages import _tables, _target_row
from pages._waiting import PRESSING_FIRST

PAGE_SIZE = 15
VERDICTS = {label.word: level for level, label in LEVELS.items()}
KINDS = {"Models": ArtifactKind.MODEL, "Adapters": ArtifactKind.ADAPTER}
AT_WORK = "At work"
STATES = {label.word: standing for standing, label in STANDINGS.items()}
ORDERS = {
    "Newest first": TargetOrder.NEWEST,
    PRESSING_FIRST: TargetOrder.PRESSING,
    "Worst verdict first": TargetOrder.WORST,
    "By name": TargetOrder.NAME,
}


def show(index: History, live: list[str], today: date) -> None:
    """One page of the targets that the URL asks for."""
    st.subheader(
        "Targets",
        anchor=False,
        help="Everything that was ever inspected. A Hub repo is one target; its revisions are in "
        "its row. The name leads to what was measured, the clock to all of its inspections.",
    )
    wanted = _wanted()
    total, rows = index.targets(wanted, live, today, PAGE_SIZE, shared.offset(PAGE_SIZE))
    if not total:
        st.info("No target fits these filters.", icon=":material/filter_alt_off:")
        return
    with st.container(border=True, gap=None, key="targets"):
        _target_row.head()
        for row in rows:
            _target_row.show(row)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{total:,} targets" if total != 1 else "1 target")
        _tables.downloads(
            lambda: [target_record(r) for r in index.targets(wanted, live, today, total)[1]],
            "targets",
        )
    shared.pages(total, PAGE_SIZE)


def _wanted() -> TargetFilter:
    url: dict[str, Any] = {"bind": "query-params", "on_change": shared.first_page}
    one, two, three, four, five = st.columns([5, 4, 3, 4, 4])
    search = one.text_input(
        "Search", placeholder="Name, commit or id", key="name", type="search", **url
    )
    verdict = two.selectbox(
        "Verdict", list(VERDICTS), index=None, placeholder="Any", key="level", **url
    )
    kind = three.selectbox("Kind", list(KINDS), index=None, placeholder="Any", key="kind", **url)
    state = four.selectbox(
        "State",
        [AT_WORK, *STATES],
        index=None,
        placeholder="Any",
        key="standing",
        help="What was decided, and whether that still holds; of any of a target's revisions.",
        **url,
    )
    order = five.selectbox("Order", list(ORDERS), key="by", **url)
    return TargetFilter(
        search=(search or "").strip(),
        level=VERDICTS[verdict] if verdict else None,
        kind=KINDS[kind] if kind else None,
        standing=STATES.get(state) if state else None,
        at_work=state == AT_WORK,
        order=ORDERS[order],
    )
