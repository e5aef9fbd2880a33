"""A person's word on a score: asked for under the answers, shown beside score and rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from inspector.answers import Panel, ScoreLine
from inspector.history import ResponseRow
from inspector.labels import BEHAVIOURS, REVIEWS, review_words, seen_word
from inspector.records import ReviewAction, StandingReview
from inspector.reviewing import review_score
from inspector.reviews import standing_reviews
from inspector.run import Run
from pages import _shared as shared

ASK = {
    ReviewAction.CONFIRM: "Confirm",
    ReviewAction.OVERRULE: "Overrule",
    ReviewAction.ANNOTATE: "Add a note",
}
Scores = Sequence[tuple[Panel, ScoreLine]]


def ask(run: Run, row: ResponseRow, shown: Sequence[Panel]) -> None:
    """A review of any score of these answers, asked for under them, where they can be read."""
    scores = [(panel, line) for panel in shown for line in panel.scores]
    key = f"review_{row.subject}_{row.scenario}_{row.suite}_{row.probe_id}_{row.sample_index}"
    if st.session_state.get("reviewing") != key:
        if scores and st.button(
            "Review a score", icon=":material/rate_review:", type="tertiary", key=key
        ):
            st.session_state["reviewing"] = key
            st.rerun()
        return
    with st.container(border=True):
        picked, action, counts_as = _word(scores)
        panel, line = scores[picked]
        who, why = st.columns([1, 2])
        name = who.text_input("Your name", st.session_state.get("reviewer", ""))
        reason = why.text_input("Reason", placeholder="For others to read")
        st.caption("Kept in the run's folder. The verdict stays as it is; both rates are shown.")
        with st.container(horizontal=True):
            record = st.button("Record the review", type="primary", icon=":material/save:")
            close = st.button("Close", icon=":material/close:")
        if record:
            answer = (panel.subject, panel.variant, row.suite, row.probe_id, row.sample_index)
            with shared.sentences():
                review_score(run, answer, line.behaviour, action, name, reason, counts_as)
            st.session_state["reviewer"] = name
        if record or close:
            del st.session_state["reviewing"]
            st.rerun()


def _word(scores: Scores) -> tuple[int, ReviewAction, bool | None]:
    """Which score, what is said of it, and what the person saw where the scorer could not tell."""
    left, right = st.columns(2, vertical_alignment="bottom")
    picked = left.selectbox(
        "Score",
        range(len(scores)),
        index=next((k for k, (_, line) in enumerate(scores) if line.number is not None), 0),
        format_func=lambda k: (
            f"{scores[k][0].title}: {BEHAVIOURS[scores[k][1].behaviour].word}, "
            f"{seen_word(scores[k][1].value)}"
        ),
    )
    action = right.segmented_control(
        "What you say of it",
        ASK,
        default=ReviewAction.CONFIRM,
        required=True,
        wrap=True,
        format_func=lambda a: ASK[a],
        help=" ".join(f"{ASK[a]}: {REVIEWS[a].help}" for a in ASK),
    )
    counts_as = None
    if action is ReviewAction.OVERRULE and scores[picked][1].value is None:
        seen = right.segmented_control(
            "What you saw", ("Seen", "Not seen"), default="Seen", required=True
        )
        counts_as = seen == "Seen"
    return picked, action, counts_as


def said(reviews: Iterable[StandingReview]) -> None:
    """What people said, as plain text, each with its badge."""
    for line in reviews:
        label = REVIEWS[line.review.action]
        if line.stands:
            st.badge(label.word, icon=label.icon, color=label.colour, help=label.help)
        else:
            st.badge(
                f"{label.word}, on other facts",
                icon=":material/history:",
                color="gray",
                help="The answer or its score has changed since, so this review counts no more.",
            )
        st.text(review_words(line.review))


def outdated(run: Run) -> None:
    """Reviews whose answer or score is no longer what it was; nothing where all stand."""
    lines = [line for line in standing_reviews(run.folder) if not line.stands]
    if not lines:
        return
    title = f"Reviews that stand on other facts: {len(lines)}"
    with st.expander(title, icon=":material/history:"):
        for line in lines:
            review = line.review
            st.text(f"{review.suite}/{review.probe_id} · {review.variant} · {review.subject}")
            said([line])
