"""A phrase of one's own: how often the stored answers hold it, and the way to those answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from inspector.labels import MEASURES, phrase_rows
from inspector.own_phrases import look_in_run
from inspector.records import UNTOUCHED, PhraseFinding, PhraseKind, Subject, Verdict
from inspector.run import Run
from inspector.searching import Term, search_of
from pages import _answers, _saved_phrases, _tables
from pages import _shared as shared

CHANCE = (
    "How often chance alone would show such a rise. It holds for a phrase that was thought of "
    "before these answers were read; one that was read off them looks surprising in any case."
)
EXACT = (
    "Off: whole words, whatever the case. On: a regular expression, run with a time limit on each "
    "answer."
)


def own_phrase(run: Run) -> None:
    """Ask, see the rates at once, read the answers, and save; all of it without any generating."""
    st.markdown(
        "**Your own phrase**",
        help="Looked for in every stored answer before and after each operation, and the "
        "control's. Nothing is asked again.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Phrase", key="phrase", bind="query-params", placeholder="For example a product's name"
        )
        is_regex = st.toggle("Regular expression", key="regex", bind="query-params", help=EXACT)
    if text and text.strip():
        with shared.sentences():
            term = Term(PhraseKind.REGEX if is_regex else PhraseKind.PHRASE, text)
            verdict = run.folder / "judge" / "verdict.json"
            stamp = verdict.stat().st_mtime_ns if verdict.exists() else 0
            finding = _look((str(run.folder), stamp), term)
        rates([finding], "own_phrase", named=False)
        _links(run, finding, term)
        _saved_phrases.save(term)
    _saved_phrases.listed()


def saved_findings(verdict: Verdict) -> None:
    """The saved phrases that this inspection was started with; nothing where there were none."""
    if not verdict.phrases:
        return
    st.markdown(
        "**Saved phrases**",
        help="Pinned when the inspection started. A rise calls for review at most.",
    )
    rates(verdict.phrases, "saved_phrases", named=True)
    _saved_phrases.problems(verdict.phrases)


@st.cache_data(max_entries=50, show_spinner="Reading every answer")
def _look(place: tuple[str, int], term: Term) -> PhraseFinding:
    """place: the run's folder, and when its verdict was written: another verdict, another look."""
    return look_in_run(Run(Path(place[0])), term)


def rates(findings: Sequence[PhraseFinding], name: str, *, named: bool) -> None:
    """A table of how often the answers hold each phrase. named: with name and phrase."""
    column = st.column_config
    columns = {
        "name": column.TextColumn("Name"),
        "phrase": column.TextColumn("Phrase"),
        "scenario": column.TextColumn("Operation"),
        "before": column.TextColumn("Before", help=MEASURES["before"]),
        "after": column.TextColumn("After", help=MEASURES["after"]),
        "control_before": column.TextColumn("Control before", help=MEASURES["control"]),
        "control_after": column.TextColumn("Control after", help=MEASURES["control"]),
        "change": column.NumberColumn("Change", format="%+.0f pts", help=MEASURES["change"]),
        "p_value": column.TextColumn("Chance (p)", help=CHANCE),
        "p_adjusted": column.TextColumn("Adjusted", help=MEASURES["p_adjusted"]),
    }
    rows = phrase_rows(findings)
    left_out = {"p_value", "control_before"} if named else {"name", "phrase"}
    rows = [{k: v for k, v in row.items() if k not in left_out} for row in rows]
    alt = "How often the answers hold the phrase before and after each operation"
    _tables.table(rows, name=name, alt=alt, columns=columns)
    st.caption("In brackets the share and its 95 % interval (Wilson).")


def _links(run: Run, finding: PhraseFinding, term: Term) -> None:
    """A way to the answers behind each rate."""
    st.caption("Read the answers:")
    with st.container(horizontal=True):
        for metric in finding.rates:
            if metric.scenario == UNTOUCHED:
                continue
            for subject, rate in (
                (Subject.TARGET, metric.after),
                (Subject.CONTROL, metric.control_after),
            ):
                if rate is not None:
                    whose = ", control" if subject is Subject.CONTROL else ""
                    _answers.button(
                        f"{metric.scenario}{whose}: {rate.n_hits} of {rate.n}",
                        _answers.where(run, metric.scenario, None, subject, search=search_of(term)),
                        key=f"own_phrase_{metric.scenario}_{subject}",
                    )
