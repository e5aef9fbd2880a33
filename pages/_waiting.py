"""What waits for a person: open reviews, decisions to renew, alarms of the watch list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import streamlit as st

from inspector.history import Figures, History, Review
from inspector.labels import DECISIONS, LEVELS, STANDINGS, Label
from inspector.overview import ALARMS, Alarm, alarms, read_watched
from inspector.recheck.watching import WatchList
from inspector.records.standing import PRESSING, Standing
from pages import _shared as shared

MAX_SHOWN = 5
LABEL_PX = 180
PRESSING_FIRST = "Most pressing first"  # one of the orders of `_targets`


@dataclass(frozen=True)
class Waiting:
    """The first of each kind. Falsy where nobody waits."""

    alarms: list[Alarm]
    reviews: list[Review]

    def __bool__(self) -> bool:
        return bool(self.alarms or self.reviews)


def gather(index: History, today: date, live: list[str]) -> Waiting:
    entries, broken = read_watched(WatchList(shared.settings()))
    looks = index.looks([entry.target for entry in entries]) if entries else {}
    return Waiting([*broken, *alarms(entries, looks, live)], index.reviews(today, MAX_SHOWN))


def show(waiting: Waiting, figures: Figures) -> None:
    """A line for each; nothing where nobody waits."""
    if not waiting:
        return
    labels = [*(STANDINGS[standing] for standing in PRESSING), *ALARMS.values()]
    with st.container(border=True, gap="small", key="waiting"):
        st.subheader(
            "Waits for a person",
            anchor=False,
            help="\n".join(f"- {label.icon} {label.word}: {label.help}" for label in labels),
        )
        for alarm in waiting.alarms[:MAX_SHOWN]:
            _alarm(alarm)
        for review in waiting.reviews:
            _review(review)
        n_more = sum(figures.standings[s] for s in PRESSING) - len(waiting.reviews)
        if n_more:
            st.button(
                f"{n_more:,} more: all targets, the most pressing first",
                icon=":material/expand_more:",
                type="tertiary",
                on_click=_pressing_first,
            )


def _pressing_first() -> None:
    st.session_state["by"] = PRESSING_FIRST
    shared.first_page()


def _alarm(alarm: Alarm) -> None:
    _line(ALARMS[alarm.kind], alarm.target, alarm.run_id, shared.plain(alarm.said))


def _review(review: Review) -> None:
    _line(STANDINGS[review.standing], review.name, review.run_id, _why(review))


def _line(label: Label, target: str, run_id: str, why: str) -> None:
    with st.container(horizontal=True, vertical_alignment="top"):
        st.markdown(f":{label.colour}[{label.icon} {label.word}]", width=LABEL_PX)
        with st.container(gap=None):
            if run_id:
                st.page_link(
                    "pages/behaviour.py",
                    label=f"**{shared.plain(target)}**",
                    icon="",
                    query_params={"run": run_id},
                )
            st.markdown(f":small[{why}]")  # a caption would fade the verdict's colour


def _why(review: Review) -> str:
    """The verdict, and the decision that has to be renewed."""
    verdict = LEVELS[review.level] if review.level else None
    said = [f":{verdict.colour}[{verdict.icon} {verdict.word}]" if verdict else "No verdict"]
    if review.created_at:
        said.append(f"{review.created_at:%-d %b %Y}")
    if review.commit:
        said.append(f"commit {review.commit[:7]}")
    if review.decision and review.owner:
        said.append(f"{DECISIONS[review.decision].word} by {shared.plain(review.owner)}")
    if review.expires and review.standing in (Standing.EXPIRED, Standing.EXPIRING):
        said.append(f"until {review.expires:%-d %b %Y}")
    return " · ".join(said)
