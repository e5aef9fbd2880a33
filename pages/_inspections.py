"""Every inspection in a list: searched, filtered, sorted and paged by the database, by the URL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from inspector.history import Filter, History, InspectionRow, Sort
from inspector.labels import LEVELS
from pages import _shared as shared
from pages import _tables

PAGE_SIZE = 25
MAX_EXPORTED = 10_000
VERDICTS = {label.word: level for level, label in LEVELS.items()}
STATES = ("finished", "failed", "cancelled", "unfinished", "unreadable")
AGES = {"Last 24 hours": 1, "Last 7 days": 7, "Last 30 days": 30, "Last 365 days": 365}
SORTS = {
    "Newest first": Sort.NEWEST,
    "Oldest first": Sort.OLDEST,
    "Worst verdict first": Sort.VERDICT,
    "By target": Sort.TARGET,
    "By plan": Sort.PLAN,
}
COLUMNS = {
    "verdict": st.column_config.TextColumn("Verdict", help="Or the state, where there is none."),
    "target": st.column_config.TextColumn("Target", width="medium"),
    "version": st.column_config.TextColumn(
        "Version", help="Start of the commit, or of the digest of the files where they are local."
    ),
    "plan": st.column_config.TextColumn("Plan", width="small"),
    "control": st.column_config.TextColumn(
        "Control", help="The trusted model it was compared with."
    ),
    "started": st.column_config.DatetimeColumn("Started (UTC)", format="D MMM YYYY, HH:mm"),
    "why": st.column_config.TextColumn("Why", width="large"),
}


def cells(row: InspectionRow) -> dict[str, object]:
    return {
        "verdict": LEVELS[row.level].word if row.level else row.state.capitalize(),
        "target": row.target,
        "version": row.version,
        "plan": row.plan,
        "control": row.control,
        "started": row.created_at,
        "why": " ".join(row.reasons) or row.message,
    }


def choose(index: History) -> tuple[str, Filter, Sort]:
    """Search, filters and order, each in the URL."""
    url: dict[str, Any] = {"bind": "query-params", "on_change": shared.first_page}
    find, target, sort = st.columns([3, 3, 2])
    search = find.text_input(
        "Search",
        key="find",
        type="search",
        placeholder="Target, commit, plan, control, verdict or id",
        **url,
    )
    names = [row.name for row in index.known_targets()]
    name = target.selectbox("Target", names, None, key="target", placeholder="Any", **url)
    order = sort.selectbox("Order", list(SORTS), key="sort", **url)
    verdict, state, plan, age = st.columns(4)
    words = verdict.multiselect("Verdict", list(VERDICTS), key="verdict", placeholder="Any", **url)
    states = state.multiselect(
        "State",
        STATES,
        key="state",
        placeholder="Any",
        format_func=str.capitalize,
        help="Where an inspection stands: unreadable ones have damaged files.",
        **url,
    )
    used = plan.selectbox("Plan", index.plans(), None, key="plan", placeholder="Any", **url)
    begun = age.selectbox("Started", list(AGES), None, key="age", placeholder="At any time", **url)
    since = datetime.now(UTC).replace(tzinfo=None) - timedelta(AGES[begun]) if begun else None
    levels = tuple(VERDICTS[word] for word in words)
    return (search or "").strip(), Filter(levels, tuple(states), name, used, since), SORTS[order]


def show(index: History) -> None:
    search, which, sort = choose(index)
    total = index.count_inspections(search, which)
    if not total:
        st.info("No inspection fits.", icon=":material/search_off:")
        return
    start = min(shared.offset(PAGE_SIZE), (total - 1) // PAGE_SIZE * PAGE_SIZE)
    rows = index.inspections(search, PAGE_SIZE, start, which=which, sort=sort)
    st.caption(f"{total:,} {'inspection' if total == 1 else 'inspections'}. Select one to open it.")
    event = st.dataframe(
        [cells(row) for row in rows],
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        key="inspections",
        column_config=COLUMNS,
        placeholder="–",
        alt="The inspections that fit",
    )
    shared.pages(total, PAGE_SIZE)
    st.caption(f"As a file: all that fit, up to {MAX_EXPORTED:,}.")
    _tables.downloads(
        lambda: [
            cells(row) for row in index.inspections(search, MAX_EXPORTED, which=which, sort=sort)
        ],
        "inspections",
    )
    if picked := event["selection"]["rows"]:
        st.switch_page("pages/behaviour.py", query_params={"run": rows[picked[0]].run_id})
