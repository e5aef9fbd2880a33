"""One example at a time: its full text and place, and how far the review has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from inspector.diff import STYLE, Segment, Side, to_html
from inspector.records import ExampleVerdict
from inspector.run import Run
from pages import _screen_word

if TYPE_CHECKING:
    from inspector.records import RankedExample, Ranking


def show(run: Run) -> None:
    from inspector.screen.results import read_ranked, read_ranking

    ranking = read_ranking(run)
    assert ranking is not None  # the page shows this view only then
    _progress(run, ranking)
    rank = _place(ranking)
    rows = read_ranked(run, rank - 1, 1)
    if rows:
        _example(run, ranking, rows[0])


def _progress(run: Run, ranking: Ranking) -> None:
    from inspector.screen.results import suspects
    from inspector.screen.reviews import standing_reviews

    said = standing_reviews(run)
    done = sum(row.example in said for row in suspects(run))
    words = [f"{done:,} of {ranking.n_suspects:,} suspects read"]
    for verdict, word in ((ExampleVerdict.REJECT, "rejected"), (ExampleVerdict.ACCEPT, "accepted")):
        words.append(f"{sum(r.verdict is verdict for r in said.values()):,} {word}")
    st.progress(done / max(1, ranking.n_suspects), text=", ".join(words))


def _place(ranking: Ranking) -> int:
    """The place that the URL asks for; buttons and numbers move it."""
    asked = st.query_params.get("rank", "1")
    rank = int(asked) if asked.isdecimal() and len(asked) < 9 else 1
    rank = min(max(1, rank), ranking.n_examples)
    total = ranking.n_examples
    with st.container(horizontal=True, vertical_alignment="center"):
        back = st.button("Previous example", shortcut="K", disabled=rank == 1, type="tertiary")
        picked = st.pagination(total, default=rank)
        on = st.button("Next example", shortcut="J", disabled=rank == total, type="tertiary")
    if (picked := picked + on - back) != rank:
        st.query_params["rank"] = str(picked)
        st.rerun()
    return rank


def _example(run: Run, ranking: Ranking, row: RankedExample) -> None:
    from inspector.screen.results import read_store
    from inspector.screen.telling import place_words

    store = read_store(run)
    assert store is not None  # what is ranked was read
    score = "" if row.score is None else f" · score {row.score:.1f}"
    copies = f" · {row.n_copies} copies" if row.n_copies > 1 else ""
    with st.container(border=True):
        label = place_words(row.score, ranking.suspect_z)
        st.badge(
            label.capitalize(),
            icon=":material/priority_high:" if row.is_suspect else ":material/remove:",
            color="orange" if row.is_suspect else "gray",
        )
        st.text(f"Place {row.rank:,}{score} · row {row.row:,} of the file{copies}")
        st.html(STYLE)
        for message in store[row.example].messages:
            st.caption(f"**{message.role.capitalize()}**")
            st.html(to_html((Segment(message.content, False),), Side.BEFORE))
        _screen_word.said(run, row.example)
    _screen_word.ask(run, row)
