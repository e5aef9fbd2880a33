"""Train again without the rejected examples, measure, and hold it against random removals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from inspector import charts
from inspector.labels import chance, duration
from inspector.records import ExampleVerdict
from inspector.run import Run
from pages import _charts
from pages import _screen_examples as examples
from pages import _shared as shared
from pages._places import SCREENING

if TYPE_CHECKING:
    from inspector.records import Removal

REJECTED, TOP = "What reviewers rejected", "The top-ranked"
MIN_DRAWS, MAX_DRAWS = 5, 50


def show(run: Run) -> None:
    from inspector.screen.results import read_removals

    removals = read_removals(run)[::-1]
    for number, removal in enumerate(removals):
        _removal(removal, number)
    if not removals:
        st.caption(
            "Not measured yet: whether the suspects cause the behaviour shows only when the model "
            "is trained again without them."
        )
    _ask(run)
    st.subheader("The set in two files", anchor=False)
    st.caption("Suspects and the others, as JSON Lines; the file that was given stays as it is.")
    examples.files(run)


def _ask(run: Run) -> None:
    from inspector.screen.results import read_ranking
    from inspector.screen.reviews import standing_reviews
    from inspector.screen.telling import trainings_s

    ranking = read_ranking(run)
    assert ranking is not None  # the page shows this view only then
    said = standing_reviews(run).values()
    n_rejected = sum(r.verdict is ExampleVerdict.REJECT for r in said)
    with st.container(border=True):
        st.subheader("Train again without", anchor=False)
        which = st.segmented_control(
            "Leave out",
            (REJECTED, TOP),
            default=REJECTED if n_rejected else TOP,
            required=True,
            wrap=True,
            key=f"leave_out_{n_rejected > 0}",
        )
        left, right = st.columns(2, gap="medium")
        if which == TOP:
            k = left.number_input(
                "How many",
                1,
                max(1, ranking.n_scored - 1),
                min(max(1, ranking.n_suspects), max(1, ranking.n_scored - 1)),
                key="top_k",
                help="So many from the first place on; no person chose. By default the suspects.",
            )
        else:
            k = n_rejected
            left.metric("Rejected", f"{n_rejected:,}", help="On the view Review.")
        draws = right.number_input(
            "Random removals",
            MIN_DRAWS,
            MAX_DRAWS,
            MIN_DRAWS,
            key="draws",
            help="As many other examples are left out at random, so many times: whatever is left "
            "out, a training differs from the last one.",
        )
        takes = trainings_s(run, draws)
        about = "" if takes is None else f", about {duration(takes)} and the asking"
        st.caption(f"{1 + draws} trainings like the first one{about}.")
        if st.button(
            "Train without them", type="primary", icon=":material/play_arrow:", disabled=not k
        ):
            _start(run, which == TOP, k, draws)


def _start(run: Run, top: bool, k: int, draws: int) -> None:
    from inspector.screen.reviews import plan_removal_of_rejected, plan_removal_of_top

    with shared.sentences(), st.spinner("Starting"):
        if top:
            plan_removal_of_top(run, k, draws)
        else:
            plan_removal_of_rejected(run, draws)
        shared.runner(SCREENING).submit(run)
    st.rerun()


def _removal(removal: Removal, number: int) -> None:
    from inspector.screen.telling import removal_rows

    rows = removal_rows(removal)
    with st.container(border=True):
        st.subheader(shared.plain(removal.chosen.capitalize()), anchor=False)
        st.markdown(shared.plain(removal.sentence))
        _charts.chart(
            charts.removal_rates(rows, removal),
            rows,
            name=f"removal_{number}",
            alt=charts.removal_finding(removal),
        )
        st.caption(
            f"Chance (p) {chance(removal.p_value)}: of {len(removal.random)} random removals "
            f"{removal.n_random_as_low} lowered it as far; with so few draws it cannot be smaller "
            f"than {chance(1 / (1 + len(removal.random)))}."
        )
