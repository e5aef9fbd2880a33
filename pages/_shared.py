"""What every page needs: the core's long-lived objects, which run is shown, and plain drawing.

The run on show is in the URL (`?run=ID`), so that a reload or a second tab shows the same one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import streamlit as st

from inspector.diff import STYLE, bullets
from inspector.errors import InspectorError
from inspector.jobs import LocalRunner
from inspector.labels import LEVELS
from inspector.naming import run_label
from inspector.records import Level, Verdict
from inspector.run import Run, list_runs, read_record
from inspector.settings import Settings
from pages._places import INSPECTION, Place, place_of

if TYPE_CHECKING:
    from inspector.history import History

MAX_LISTED = 200


@st.cache_resource(show_spinner=False)
def _runner(home: Path, entry: str) -> LocalRunner:
    runner = LocalRunner(Settings(home=home), entry=entry)
    runner.recover()
    return runner


@st.cache_resource(show_spinner=False, on_release=lambda history: history.close())
def _history(home: Path) -> History:
    from inspector.history import History  # the first page is drawn without loading duckdb

    return History(Settings(home=home).database)


def settings() -> Settings:
    return Settings()


def runner(place: Place = INSPECTION) -> LocalRunner:
    """The queue, one for all sessions of this server. place: of the runs that it is to submit."""
    return _runner(settings().home, place.entry)


def history() -> History:
    """The index of runs as they are now: with what is new, without those that were deleted."""
    index = _history(settings().home)
    index.forget_missing()
    index.ingest_new(settings().runs)
    index.ingest_studies(settings())
    return index


@contextmanager
def sentences() -> Iterator[None]:
    """Show what goes wrong on purpose as one sentence; the page ends there."""
    try:
        yield
    except InspectorError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()


def pick_run() -> str | None:
    """The id of the run to show, chosen in the sidebar and kept in the URL; None without any."""
    root = settings().runs
    ids = [run.run_id for run in itertools.islice(list_runs(root), MAX_LISTED)]
    asked = st.query_params.get("run") or st.session_state.get("run")
    if asked and asked not in ids and Path(asked).name == asked:
        ids += [asked] if (root / asked / "inspection.json").exists() else []
    if not ids:
        return None
    st.session_state["pick_run"] = asked if asked in ids else ids[0]
    chosen: str = st.sidebar.selectbox(
        "Inspection",
        ids,
        key="pick_run",
        on_change=_picked,
        format_func=lambda run_id: run_label(root / run_id),
        help="Which inspection the pages show. Its id is in the address of this page.",
    )
    show_run(chosen)
    _jobs_at_work()
    return chosen


def _jobs_at_work() -> None:
    """A way to each inspection that is at work, whichever is on show."""
    for number, job in enumerate(runner().live()):
        if number == 0:
            st.sidebar.caption("At work now")
        place = place_of(job.folder, settings())
        st.sidebar.page_link(
            place.page,
            label=plain(run_label(job.folder)),
            icon=f":material/{'clock_loader_40' if job.position is None else 'queue'}:",
            query_params={place.key: job.job_id},
            help="See it live" if job.position is None else f"Number {job.position} in line",
        )


def _picked() -> None:
    st.query_params["run"] = st.session_state["pick_run"]
    first_page()


def chosen_run() -> Run:
    """The run that the page shows; where there is none at all, says so and ends the page."""
    chosen = pick_run()
    if chosen is None:
        st.info("There is no inspection yet.", icon=":material/info:")
        st.page_link("pages/inspect.py", label="Start one", icon=":material/biotech:")
        st.stop()
    return Run(settings().runs / chosen)


def no_verdict_yet(run: Run) -> NoReturn:
    """Say that the run has not come to a verdict, and end the page."""
    st.info("This inspection has no verdict yet.", icon=":material/hourglass_top:")
    st.page_link(
        "pages/run.py",
        label="See how far it is",
        icon=":material/arrow_forward:",
        query_params={"run": run.run_id},
    )
    st.stop()


def show_run(run_id: str) -> None:
    """Make this the run on show, here and on the other pages."""
    st.session_state["run"] = run_id
    if st.query_params.get("run") != run_id:
        st.query_params["run"] = run_id


def read_verdict(run: Run) -> Verdict | None:
    """The verdict of a run, None while it has none."""
    path = run.folder / "judge" / "verdict.json"
    return read_record(path, Verdict) if path.exists() else None


def offset(size: int) -> int:
    """Rows before the page of a long list that the URL asks for (`?page=3`)."""
    asked = st.query_params.get("page", "1")
    return (max(1, int(asked)) - 1) * size if asked.isdecimal() and len(asked) < 8 else 0


def pages(total: int, size: int) -> None:
    """The page numbers under a list that is longer than one page; K and J turn it."""
    n_pages = -(-total // size)
    if n_pages < 2:
        return
    current = min(offset(size) // size + 1, n_pages)
    with st.container(horizontal=True, vertical_alignment="center"):
        back = st.button("Previous page", shortcut="K", disabled=current == 1, type="tertiary")
        picked = st.pagination(n_pages, default=current)
        on = st.button("Next page", shortcut="J", disabled=current == n_pages, type="tertiary")
    if (picked := picked + on - back) != current:
        st.query_params["page"] = str(picked)
        st.rerun()


def first_page() -> None:
    """Back to the start of a list: its filters have changed."""
    st.query_params.pop("page", None)


def level_heading(level: Level) -> None:
    """The verdict's level: colour, icon and word together."""
    label = LEVELS[level]
    st.header(f":{label.colour}[{label.icon} {label.word}]", anchor=False)
    st.caption(label.help)


def plain_list(lines: Iterable[str]) -> None:
    """Lines that may quote a model: escaped, so that nothing in them becomes markup."""
    st.html(STYLE)
    st.html(bullets(lines))


def plain(text: str) -> str:
    """Text with every Markdown sign escaped: error sentences quote what the user typed."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+-.!|~$:&" else c for c in text)
