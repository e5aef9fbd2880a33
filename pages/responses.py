"""Responses: the full answers before and after a fine-tuning, side by side, differences marked."""

from __future__ import annotations

from typing import Any

import streamlit as st

from inspector.diff import STYLE, Segment, Side, to_html, word_diff
from inspector.history import History, ResponseRow, ScoreMark
from inspector.labels import BEHAVIOURS
from inspector.naming import run_title
from inspector.profiles import place_words, read_turns
from inspector.records import UNTOUCHED, Stance, StopReason, Subject
from inspector.run import Run
from pages import _shared as shared

PAGE_SIZE = 10
SEEN = 0.5
WORDS = {label.word: behaviour for behaviour, label in BEHAVIOURS.items()}
ANY, CHANGED = "All answers", "Changed only"
Turns = dict[tuple[Subject, str, str, str, int], Stance]
MODELS = {"Inspected model": Subject.TARGET, "Control": Subject.CONTROL}


def choose(scenarios: list[str]) -> tuple[dict[str, Any], Subject]:
    """What to show. Every choice is in the URL, so that a link shows the same answers."""
    url: dict[str, Any] = {"bind": "query-params", "on_change": shared.first_page}
    one, two, three = st.columns(3)
    scenario = one.selectbox(
        "Operation", scenarios, index=None, placeholder="All", key="scenario", **url
    )
    behaviour = two.selectbox(
        "Behaviour",
        list(WORDS),
        index=None,
        placeholder="Any",
        key="behaviour",
        help="Only answers in which a scorer saw it, before or after.",
        **url,
    )
    search = three.text_input(
        "Search", placeholder="Words in a question or an answer", key="search", type="search", **url
    )
    with st.container(horizontal=True, gap="large"):
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
    picked = {
        "scenario": scenario,
        "behaviour": WORDS[behaviour] if behaviour else None,
        "changed_only": which == CHANGED,
        "search": (search or "").strip(),
    }
    return picked, MODELS[model]


def answer(
    side: Side,
    text: tuple[Segment, ...],
    stop: StopReason,
    marks: tuple[ScoreMark, ...],
    turn: Stance | None,
) -> None:
    seen = {BEHAVIOURS[m.behaviour].word for m in marks if m.value is not None and m.value >= SEEN}
    cut = " · stopped at the length limit" if stop is StopReason.LENGTH else ""
    st.caption(f"**{side.value.capitalize()}**{cut}")
    st.html(to_html(text, side))
    if turn is not None:
        st.caption(place_words(turn))
    if seen:
        with st.container(horizontal=True):
            for word in sorted(seen):
                st.badge(word, icon=":material/visibility:", color="gray")


def pair(row: ResponseRow, turns: Turns) -> None:
    key = (row.suite, row.probe_id, row.sample_index)
    turn_before = turns.get((row.subject, UNTOUCHED, *key))
    turn_after = turns.get((row.subject, row.scenario, *key))
    before, after = word_diff(row.before_text, row.after_text)
    with st.container(border=True):
        st.html(to_html((Segment(row.prompt, False),), Side.BEFORE, strong=True))
        st.caption(f"{row.suite} · {row.family} · {row.scenario}")
        left, right = st.columns(2, gap="large")
        with left:
            answer(Side.BEFORE, before, row.before_stop, row.before_scores, turn_before)
        with right:
            answer(Side.AFTER, after, row.after_stop, row.after_scores, turn_after)
        if row.control_after_text is not None:
            with st.expander("The control's answer after the same operation"):
                st.html(to_html((Segment(row.control_after_text, False),), Side.AFTER))


def draw(run: Run, index: History) -> None:
    scenarios = index.scenarios(run.run_id)
    if not scenarios:
        shared.no_verdict_yet(run)
    picked, subject = choose(scenarios)
    where: dict[str, Any] = {"limit": PAGE_SIZE, "subject": subject}
    total, rows = index.responses(run.run_id, offset=shared.offset(PAGE_SIZE), **where, **picked)
    st.html(STYLE)
    st.caption(f"{total} answers" if total != 1 else "1 answer")
    if not total:
        st.info("No answer fits these filters.", icon=":material/filter_alt_off:")
    turns = read_turns(run.folder)
    for row in rows:
        pair(row, turns)
    shared.pages(total, PAGE_SIZE)


with shared.sentences():
    st.title("Responses", anchor=False)
    run = shared.chosen_run()
    st.text(run_title(run.folder))
    draw(run, shared.history())
