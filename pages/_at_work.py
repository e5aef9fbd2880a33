"""The jobs at work, with how far each is; looks again by itself."""

from __future__ import annotations

import streamlit as st

from inspector.labels import duration
from inspector.overview import AtWork, Followers
from inspector.progress import Progress
from pages import _shared as shared
from pages._places import place_of

EVERY_S = 2.0
MAX_SHOWN = 4


def show(known: list[str]) -> None:
    """Draw them. known: the jobs that the rest of the page was drawn with: another set draws all
    of it again."""
    with shared.sentences():
        live = shared.runner().live()
        if {job.job_id for job in live} != set(known):
            st.rerun()
        if not live:
            return
        followers: Followers = st.session_state.setdefault("at_work_followers", Followers())
        with st.container(border=True, gap="small", key="at_work"):
            st.subheader(
                "At work",
                anchor=False,
                help="Inspections that run or wait for their turn. The time left comes from the "
                "speed measured so far.",
            )
            for job in followers.look(live[-MAX_SHOWN:]):
                _line(job)
            if len(live) > MAX_SHOWN:
                st.page_link(
                    "pages/settings.py",
                    label=f"{len(live) - MAX_SHOWN} more in the queue",
                    icon=":material/queue:",
                    query_params={"show": "Queue"},
                )


def _line(at_work: AtWork) -> None:
    progress = at_work.progress
    where = place_of(at_work.job.folder, shared.settings())
    st.page_link(
        where.page,
        label=f"**{shared.plain(at_work.title)}**",
        icon="",
        query_params={where.key: at_work.job.job_id},
    )
    if at_work.job.position is not None:
        st.caption(f":material/schedule: Waits, number {at_work.job.position} in line")
    elif progress is None:
        st.caption(":material/error: Its run folder cannot be read")
    else:
        left = "measuring the time left"
        if not isinstance(progress, Progress):  # a study's stages differ too much for one rate
            left = progress.current.word if progress.current else "starting"
        elif progress.eta_s is not None:
            left = f"about {duration(progress.eta_s)} left"
        st.progress(progress.share, text=f":small[{progress.share:.0%} done, {left}]")
