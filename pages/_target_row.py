"""One target as a row: name, verdict, trend over its revisions, decision, newest inspection."""

from __future__ import annotations

import streamlit as st

from inspector.history import Revision, TargetRow
from inspector.labels import DECISIONS, LEVELS, STANDINGS, TRENDS, Label
from inspector.records.standing import Standing
from pages import _shared as shared

WIDTHS = (36, 21, 21, 26, 13, 4)
HEADS = {
    "Target": "What was asked for, without the revision.",
    "Verdict": "The newest verdict on it.",
    "Trend": "A sign for each revision's verdict, the newest last: "
    + ", ".join(f"{label.icon} {label.word}" for label in LEVELS.values()),
    "Decision": "What a person decided, and whether that still holds. "
    + " ".join(f"{label.icon} {label.word}: {label.help}" for label in STANDINGS.values()),
    "Newest": "When it was inspected last, and by which plan.",
    "": "",
}


def head() -> None:
    """The columns' names."""
    for column, (word, help_text) in zip(st.columns(WIDTHS), HEADS.items(), strict=True):
        if word:
            column.caption(f"**{word}**", help=help_text)


def show(row: TargetRow) -> None:
    """The row; what a stranger may have written is escaped."""
    name, verdict, trend, decision, newest, history = st.columns(WIDTHS, vertical_alignment="top")
    with name.container(gap=None):
        st.page_link(
            "pages/behaviour.py",
            label=f"**{shared.plain(row.name)}**",
            icon="",
            query_params={"run": row.run_id},
        )
        st.caption(_size(row))
    verdict.markdown(_verdict(row))
    trend.markdown(_trend(row))
    decision.markdown(_decision(row))
    newest.markdown(_newest(row))
    history.page_link(
        "pages/history.py",
        label="",
        icon=":material/history:",
        help="\n".join(
            ["All inspections of this target. The newest verdict on each revision:", ""]
            + [f"- {_revision(revision)}" for revision in reversed(row.revisions)]
        ),
        query_params={"find": row.name},
    )


def _two_lines(label: Label, below: str) -> str:
    second = f"  \n:gray[:small[{below}]]" if below else ""
    return f":{label.colour}[{label.icon} {label.word}]{second}"


def _size(row: TargetRow) -> str:
    kind = row.kind.value.capitalize() if row.kind else "Never pinned"
    n = row.n_inspections
    return f"{kind} · {n} inspection{'s' if n != 1 else ''}"


def _verdict(row: TargetRow) -> str:
    below = ""
    if row.at_work:
        below = ":material/clock_loader_40: At work again" if row.level else ""
    elif row.stopped and row.level:
        below = f":material/warning: Newest: {row.stopped}"
    if row.level:
        return _two_lines(LEVELS[row.level], below)
    word = "At work" if row.at_work else row.newest_state.capitalize()
    icon = ":material/clock_loader_40:" if row.at_work else ":material/pause_circle:"
    return _two_lines(Label(word, "", icon), below)


def _trend(row: TargetRow) -> str:
    if not row.trend:
        return "–"
    marks = " ".join(f":{LEVELS[r.level].colour}[{LEVELS[r.level].icon}]" for r in row.revisions)
    if row.n_revisions > len(row.revisions):
        marks = f"… {marks}"
    label = TRENDS[row.trend]
    return f"{marks}  \n:gray[:small[{label.icon} {label.word}]]"


def _revision(revision: Revision) -> str:
    when = f"{revision.created_at:%-d %b %Y}" if revision.created_at else "no date"
    where = f", commit {revision.commit[:7]}" if revision.commit else ""
    return f"{when}{where}: {LEVELS[revision.level].icon} {LEVELS[revision.level].word}"


def _decision(row: TargetRow) -> str:
    below = []
    label = STANDINGS[row.standing]
    if row.standing is Standing.DECIDED and row.decision:
        label = DECISIONS[row.decision]
    if row.owner:
        below.append(shared.plain(row.owner))
    if row.expires:
        below.append(f"until {row.expires:%-d %b %Y}")
    if row.on_older:
        below.append("an older revision")
    return _two_lines(label, " · ".join(below))


def _newest(row: TargetRow) -> str:
    when = f"{row.newest_at:%-d %b %Y}" if row.newest_at else "–"
    return f"{when}  \n:gray[:small[{shared.plain(row.plan or 'no plan')}]]"
