"""An inspection whose data are to be screened: which, and which of its tunings (`?from=RUN`)."""

from __future__ import annotations

import itertools

import streamlit as st

from inspector.labels import describe_scenario, file_name
from inspector.naming import run_label, run_title
from inspector.records import FineTune, Inspection
from inspector.run import Run, list_runs, read_record
from pages import _screen_takes
from pages import _shared as shared


def choose() -> tuple[Run, str] | None:
    """The inspection and its fine-tuning; None where there is none to choose."""
    root = shared.settings().runs
    ids = [run.run_id for run in itertools.islice(_finished(), shared.MAX_LISTED)]
    if not ids:
        st.info("No inspection has come to a verdict yet.", icon=":material/info:")
        st.page_link("pages/inspect.py", label="Start one", icon=":material/biotech:")
        return None
    asked = st.query_params.get("from")
    if asked and asked not in ids:
        st.warning(
            shared.plain(f"There is no finished inspection {asked}; choose one of these."),
            icon=":material/warning:",
        )
    st.session_state["screen_from"] = asked if asked in ids else ids[0]
    chosen: str = st.selectbox(
        "Inspection",
        ids,
        key="screen_from",
        on_change=_picked,
        format_func=lambda run_id: run_label(root / run_id),
        help="Its model, its data and its stored answers are used.",
    )
    run = Run(root / chosen)
    names = [s.name for s in tunings(run)]
    if not names:
        st.info("It tuned nothing, so there are no data to screen.", icon=":material/info:")
        return None
    operation = st.segmented_control(
        "After which tuning", names, default=names[0], required=True, wrap=True
    )
    return run, operation or names[0]


def tunings(run: Run) -> list[FineTune]:
    """The fine-tunings of an inspection's plan."""
    plan = read_record(run.folder / "inspection.json", Inspection).plan
    return [s for s in plan.scenarios if isinstance(s, FineTune)]


def what_is_taken(run: Run, operation: str) -> None:
    """The box beside the form."""
    tuning = next(s for s in tunings(run) if s.name == operation)
    st.subheader("What it takes from the inspection", anchor=False)
    st.text(run_title(run.folder))
    shared.plain_list(
        (
            f"Tuning: {describe_scenario(tuning)}",
            f"Set: {file_name(tuning.data)}",
            "The answers before and after it, as they are stored. The tuned weights were deleted "
            "when they had been asked: the same settings and seed make them again.",
        )
    )
    _screen_takes.precision()


def _finished() -> list[Run]:
    runs = itertools.islice(list_runs(shared.settings().runs), shared.MAX_LISTED)
    return [run for run in runs if (run.folder / "judge" / "verdict.json").exists()]


def _picked() -> None:
    st.query_params["from"] = st.session_state["screen_from"]
