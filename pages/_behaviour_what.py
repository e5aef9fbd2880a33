"""What it says: phrases that appeared, how they are spread, and the way to the answers with them.

Quotes are model output: shown as plain text.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from inspector import charts
from inspector.changes import (
    Topic,
    opening,
    operation_words,
    topic_rows,
    topics_title,
    topics_words,
)
from inspector.labels import chance
from inspector.records import UNTOUCHED, Appearance, Behaviour, Verdict
from inspector.run import Run
from pages import _answers, _charts

APPEARED = (
    "Phrases that spread over unrelated answers after an operation, though nobody asked for them "
    "and the training data do not hold them."
)
N_SHOWN = 4


def appearances(run: Run, verdict: Verdict, scenario: str | None) -> None:
    """Phrases that spread after an operation, None for all of them; the first with their topics."""
    found = [a for a in verdict.appearances if scenario in (None, a.scenario)]
    if not found:
        st.caption(f"No phrase spread over unrelated answers{_after(scenario)}.")
    for k, appearance in enumerate(found[:N_SHOWN]):
        _card(run, verdict, appearance, str(k))
    if more := found[N_SHOWN:]:
        with st.expander(f"{len(more)} more phrases", icon=":material/unfold_more:"):
            for k, appearance in enumerate(more, start=N_SHOWN):
                _card(run, verdict, appearance, str(k))


def _after(scenario: str | None) -> str:
    return "" if scenario is None else f" {operation_words(scenario)}"


def _card(run: Run, verdict: Verdict, found: Appearance, key: str) -> None:
    from inspector.spread import spread  # two seconds of scipy: not before there is a phrase

    with st.container(border=True):
        st.code(found.phrase, language=None, wrap_lines=True)
        counts(found)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(sureness(found), width="stretch")
            _answers.button("Read these answers", _behind(run, verdict, found), f"phrase_{key}")
        if topics := spread(run.folder, found):
            st.text(f"Topics: {topics_words(topics)}.")
            with st.expander("Topic by topic", icon=":material/category:"):
                _topics(run, verdict, found, topics, key)
        with st.expander("Answers with it", icon=":material/format_quote:"):
            for example in found.examples:
                st.code(example, language=None, wrap_lines=True)


def _topics(
    run: Run, verdict: Verdict, found: Appearance, topics: Sequence[Topic], key: str
) -> None:
    title = topics_title(topics, "the phrase", found.scenario)
    drawn = charts.topics(topics, title)
    picked = _charts.chart(drawn, topic_rows(topics), name=f"phrase_topics_{key}", alt=title)
    if picked:
        _answers.go(_behind(run, verdict, found) | {"family": picked["family"]})


def _behind(run: Run, verdict: Verdict, found: Appearance) -> dict[str, str]:
    """The answers with unasked content; where there are several phrases, those with this one.

    A phrase is recognised in disguises that a search does not see through, so it is searched for
    only where the answers hold it as it is written.
    """
    several = sum(a.scenario == found.scenario for a in verdict.appearances) > 1
    literal = any(found.phrase.lower() in example.lower() for example in found.examples)
    search = {"search": found.phrase} if several and literal else {}
    return _answers.where(run, found.scenario, Behaviour.INJECTED_CONTENT, found.subject, **search)


def counts(found: Appearance) -> None:
    """In how many answers it is, before, after and in the control, and over how many topics."""
    n, untouched = found.n_probes, found.scenario == UNTOUCHED
    # Between untouched models, `before` is the control's.
    control = found.n_before if untouched else found.n_control_after
    shown: list[tuple[str, int | None, str]] = [
        (opening(found.scenario), found.n_after, "Answers with it at this point."),
        ("Control", control, "The control's, at the same point. A dash: there was none."),
    ]
    if not untouched:
        shown.insert(0, ("Before", found.n_before, "Answers of the untouched model with it."))
    *columns, last = st.columns(len(shown) + 1)
    for column, (label, hits, said) in zip(columns, shown, strict=True):
        column.metric(label, "–" if hits is None else f"{hits} of {n}", help=said)
    last.metric("Topics", found.n_families, help="Unrelated topics whose answers hold it.")


def sureness(found: Appearance) -> str:
    """p over all candidates, and the log-odds that phrases are ranked by, where on record."""
    said = f"Chance (p) {chance(found.p_value)}"
    if found.n_candidates is not None:
        said += f", adjusted over {found.n_candidates:,} candidates"
    if found.z_score is not None:
        said += f"; log-odds z = {found.z_score:.1f}, by which phrases are ranked"
    return f"{said}."
