"""The ranked examples as a paged table, and the files to take along."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import streamlit as st

from inspector.run import Run
from pages import _shared as shared
from pages import _tables

if TYPE_CHECKING:
    from inspector.records import Ranking

PAGE_SIZE = 20
SHOWN = ("rank", "text", "score", "stands_out", "review", "copies", "row")
SUSPECTS, EVERY = "Suspects", "All examples"


def show(run: Run, ranking: Ranking) -> None:
    from inspector.screen.telling import exported_rows, ranked_rows

    st.subheader("The examples", anchor=False, help="Select one to read and review it.")
    which = st.segmented_control(
        "Which examples",
        (SUSPECTS, EVERY),
        default=SUSPECTS if ranking.n_suspects else EVERY,
        required=True,
        key="examples",
        bind="query-params",
        on_change=shared.first_page,
        label_visibility="collapsed",
    )
    total = ranking.n_suspects if which == SUSPECTS else ranking.n_examples
    if not total:
        st.info("No example is a suspect.", icon=":material/search_off:")
        return
    start = min(shared.offset(PAGE_SIZE), (total - 1) // PAGE_SIZE * PAGE_SIZE)
    rows = ranked_rows(run, ranking, start, min(PAGE_SIZE, total - start))
    event = st.dataframe(
        rows,
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        key=f"ranked_{which}_{start}",
        column_order=SHOWN,
        column_config=columns(),
        placeholder="–",
        alt=f"{which}, from place {start + 1}",
    )
    shared.pages(total, PAGE_SIZE)
    st.caption("The whole ranking as a file; and the set in two files, beside the untouched one.")
    _tables.downloads(lambda: exported_rows(run, ranking), "ranking")
    files(run)
    if picked := event["selection"]["rows"]:
        read(rows[picked[0]]["rank"])


def files(run: Run) -> None:
    """The set's two parts, as files; read when their button is pressed."""
    with st.container(horizontal=True):
        for name in ("suspects", "kept"):
            path: Path = run.folder / "isolate" / f"{name}.jsonl"
            if path.exists():
                st.download_button(
                    f"{name}.jsonl",
                    data=path.read_bytes,
                    file_name=path.name,
                    mime="application/jsonl",
                    icon=":material/download:",
                    type="tertiary",
                    on_click="ignore",
                )


def read(rank: int) -> NoReturn:
    """On to one example's review."""
    st.query_params.update({"study_view": "Review", "rank": str(rank)})  # one step back undoes it
    st.rerun()


def columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "rank": column.NumberColumn("Place", format="%d", width="small"),
        "stands_out": column.TextColumn("In words", width=160),
        "score": column.NumberColumn(
            "Score", format="%.1f", help="Robust standard deviations above the set's middle."
        ),
        "review": column.TextColumn("Review", help="The last accept or reject."),
        "text": column.TextColumn("Example", width=440),
        "copies": column.NumberColumn("Copies", help="Rows with the same conversation."),
        "row": column.NumberColumn("Row", format="%d", help="Where it first stands in the file."),
        "critical": column.CheckboxColumn(
            "Sentiment rule", help="Its influence hardly moves with the question's sentiment."
        ),
        "words_alike": column.NumberColumn(
            "Words alike", format="%.2f", help="Likeness of its words to the judged passages."
        ),
        "example": column.NumberColumn("Number", format="%d", help="For the command."),
    }
