"""History: every inspection, searchable, and SQL over all of them."""

from __future__ import annotations

import streamlit as st

from inspector.csv_text import to_csv
from inspector.history import History, InspectionRow
from inspector.labels import LEVELS
from pages import _shared as shared

PAGE_SIZE = 25
EXAMPLE = """SELECT i.target, m.scenario, m.behaviour, m.before_rate, m.after_rate, m.p_adjusted
FROM metrics m JOIN inspections i USING (run_id)
ORDER BY m.after_rate - m.before_rate DESC"""


def cells(row: InspectionRow) -> dict[str, object]:
    return {
        "verdict": LEVELS[row.level].word if row.level else row.state.capitalize(),
        "target": row.target,
        "plan": row.plan,
        "control": row.control,
        "started": row.created_at,
        "why": " ".join(row.reasons) or row.message,
    }


def inspections(index: History) -> None:
    search = st.text_input(
        "Search",
        key="search",
        bind="query-params",
        type="search",
        on_change=shared.first_page,
        placeholder="Target, plan, control, verdict or id",
    )
    total = index.count_inspections(search)
    if not total:
        st.info("No inspection fits.", icon=":material/search_off:")
        return
    rows = index.inspections(search, PAGE_SIZE, shared.offset(PAGE_SIZE))
    column = st.column_config
    st.caption("Select a row to open it.")
    event = st.dataframe(
        [cells(row) for row in rows],
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        key="inspections",
        column_config={
            "verdict": column.TextColumn("Verdict", help="Or the state, where there is none yet."),
            "target": column.TextColumn("Target", width="medium"),
            "plan": column.TextColumn("Plan"),
            "control": column.TextColumn("Control", help="The trusted model it was compared with."),
            "started": column.DatetimeColumn("Started (UTC)", format="D MMM YYYY, HH:mm"),
            "why": column.TextColumn("Why", width="large"),
        },
        placeholder="–",
        alt="Inspections, newest first",
    )
    shared.pages(total, PAGE_SIZE)
    if picked := event["selection"]["rows"]:
        st.switch_page("pages/behaviour.py", query_params={"run": rows[picked[0]].run_id})


def sql(index: History) -> None:
    st.subheader("Ask with SQL", anchor=False, help="Reading only: one SELECT at a time.")
    query = st.text_area("Query", EXAMPLE, height=110, label_visibility="collapsed")
    if st.button("Run query", icon=":material/play_arrow:"):
        st.session_state["asked"] = query
    if not (asked := st.session_state.get("asked")):
        return
    with shared.sentences():
        table = index.sql(asked)
    names = [
        f"{name} ({k})" if name in table.columns[:k] else name
        for k, name in enumerate(table.columns)
    ]
    st.dataframe(
        [dict(zip(names, row, strict=True)) for row in table.rows],
        hide_index=True,
        placeholder="–",
        alt="Answer to the query",
    )
    more = ", the first of more" if table.truncated else ""
    st.caption(f"{len(table.rows)} rows{more}")
    st.download_button(
        "Download as CSV",
        data=lambda: to_csv(table.columns, table.rows),
        file_name="query.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


with shared.sentences():
    st.title("History", anchor=False)
    index = shared.history()
    inspections(index)
    sql(index)
