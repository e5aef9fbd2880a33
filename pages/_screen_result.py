"""What a screening found: the sentence with its rates, the chart, and all that is behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from inspector import charts
from inspector.labels import with_interval
from inspector.run import Run
from pages import _charts, _screen_queries, _screen_takes
from pages import _screen_examples as examples
from pages import _shared as shared

if TYPE_CHECKING:
    from inspector.records import Ranking


def show(run: Run) -> None:
    from inspector.screen.results import read_inputs, read_ranking
    from inspector.screen.telling import behaviour_words

    ranking = read_ranking(run)
    assert ranking is not None  # the page shows this view only then
    sought = behaviour_words(read_inputs(run).sought)
    with st.container(border=True):
        word = charts.ranked_finding(ranking)
        colour, icon = ("orange", "manage_search") if ranking.n_suspects else ("gray", "search_off")
        st.header(f":{colour}[:material/{icon}: {shared.plain(word)}]", anchor=False)
        st.markdown(shared.plain(ranking.sentence))
        _rates(ranking, sought)
        _screen_takes.precision()
    if picked := _chart(run, ranking):
        examples.read(int(picked["rank"]))
    examples.show(run, ranking)
    _screen_queries.show(run)
    with st.expander(f"What limits this: {len(ranking.notes)}", icon=":material/info:"):
        shared.plain_list(ranking.notes or ("Nothing was noted.",))


def _rates(ranking: Ranking, sought: str) -> None:
    before, after, apart, both = st.columns(4)
    said = shared.plain(f"Answers that show it ({sought}); share and 95 % interval.")
    for column, name, rate in (
        (before, "Before tuning", ranking.before),
        (after, "After tuning", ranking.after),
    ):
        column.metric(name, f"{rate.n_hits} of {rate.n}", help=said)
        column.caption(with_interval(rate))
    apart.metric(
        "Set apart",
        f"{ranking.n_suspects:,}",
        help=f"Examples {ranking.suspect_z:g} robust standard deviations or more above the set's "
        "middle, of all that were scored.",
    )
    apart.caption(f"of {ranking.n_scored:,} scored, {ranking.n_examples:,} in the set")
    both.metric(
        "By both rules",
        f"{ranking.n_both:,}",
        help="Suspects whose influence also does not move when the question's sentiment is turned "
        "around (arXiv 2504.09026).",
    )
    both.caption(f"{ranking.n_critical:,} by the sentiment rule")


def _chart(run: Run, ranking: Ranking) -> dict[str, Any] | None:
    from inspector.screen.telling import drawn_rows

    rows = drawn_rows(run, ranking)
    return _charts.chart(
        charts.ranked_scores(rows, ranking),
        rows,
        name="ranked_scores",
        alt=f"Score by place in the ranking. {charts.ranked_finding(ranking)}.",
        columns=examples.columns(),
    )
