"""Responses: full answers before, after and in the control side by side, every mark in the text."""

from __future__ import annotations

from typing import Any

import streamlit as st

from inspector.diff import LEGEND, STYLE
from inspector.history import History
from inspector.labels import BEHAVIOURS
from inspector.naming import run_title
from inspector.records import Subject
from inspector.run import Run
from inspector.searching import terms_of
from pages import _answer_card, _review
from pages import _shared as shared
from pages._answer_card import ANY, CHANGED, MODELS

PAGE_SIZE = 10
WORDS = {label.word: behaviour for behaviour, label in BEHAVIOURS.items()}
LATE = (
    "Only answers that first differ after their first 15 tokens, or whose words became likelier "
    "mostly after them: what a look at the first words misses."
)
SEARCH = (
    'Words, or "a phrase in quotes" (whole words), in the question or any answer, whatever the '
    "case. All of them must be there. /A pattern/ stands between slashes."
)


def choose(index: History, run: Run, scenarios: list[str]) -> dict[str, Any]:
    """What to show. Every choice is in the URL, so that a link shows the same answers."""
    url: dict[str, Any] = {"bind": "query-params", "on_change": shared.first_page}
    pick: dict[str, Any] = {"index": None, "placeholder": "All", **url}
    one, two, three, four = st.columns(4)
    scenario = one.selectbox("Operation", scenarios, key="scenario", **pick)
    behaviour = two.selectbox(
        "Behaviour",
        list(WORDS),
        key="behaviour",
        help="Only answers in which a scorer saw it, before or after.",
        **pick,
    )
    family = three.selectbox("Topic", index.families(run.run_id), key="family", **pick)
    search = four.text_input(
        "Search",
        placeholder='words, or "a phrase"',
        key="search",
        type="search",
        help=SEARCH,
        **url,
    )
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        which = st.segmented_control(
            "Answers",
            (ANY, CHANGED),
            default=CHANGED,
            required=True,
            wrap=True,
            key="answers",
            **url,
        )
        model = st.segmented_control(
            "Model", MODELS, default="Inspected model", required=True, wrap=True, key="model", **url
        )
        late = st.toggle("Late divergence", key="late", help=LATE, **url)
    return {
        "scenario": scenario,
        "behaviour": WORDS[behaviour] if behaviour else None,
        "family": family,
        "changed_only": which == CHANGED,
        "late_only": late,
        "search": (search or "").strip(),
        "subject": MODELS[model],
        "probe": None,
    }


def one_answer(probe: str) -> dict[str, Any]:
    """One question's answers, from its own link; its operation and model are in the URL, too."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"Only {probe}")
        if st.button("All answers", icon=":material/arrow_back:", type="tertiary"):
            st.query_params.pop("probe")
            st.rerun()
    asked = st.query_params
    return {
        "scenario": asked.get("scenario"),
        "behaviour": WORDS.get(asked.get("behaviour", "")),
        "search": asked.get("search", ""),
        "subject": MODELS.get(asked.get("model", ""), Subject.TARGET),
        "probe": probe,
    }


def draw(run: Run, index: History) -> None:
    scenarios = index.scenarios(run.run_id)
    if not scenarios:
        shared.no_verdict_yet(run)
    probe = st.query_params.get("probe")
    picked = one_answer(probe) if probe else choose(index, run, scenarios)
    offset = shared.offset(PAGE_SIZE)
    total, rows = index.responses(run.run_id, limit=PAGE_SIZE, offset=offset, **picked)
    if total and not rows:  # a page beyond the last one
        shared.first_page()
        st.rerun()
    st.html(STYLE)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.caption(f"{total} answers" if total != 1 else "1 answer")
        st.html(LEGEND, width="content")
    if not total:
        st.info("No answer fits these filters.", icon=":material/filter_alt_off:")
    terms = terms_of(picked["search"])
    for row in rows:
        _answer_card.card(run, row, terms, picked.get("behaviour"))
    shared.pages(total, PAGE_SIZE)
    _review.outdated(run)


with shared.sentences():
    st.title("Responses", anchor=False)
    run = shared.chosen_run()
    st.text(run_title(run.folder))
    draw(run, shared.history())
