"""Own tuning data, own questions and own plan files: uploaded, shown as they were read, used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from inspector import own_files as own
from inspector.plans import with_data, with_probes
from inspector.plans.editing import renamed
from inspector.plans.kept import uploaded_plan as read_plan
from inspector.records import Plan
from inspector.settings import Settings
from pages import _plan_preview
from pages import _shared as shared

MAX_UPLOAD_MB = 200
Keep = Callable[[bytes, str, Settings], Path]


def own_files(plan: Plan) -> Plan:
    """Draw the uploads; the plan with them, where they were just taken into it.

    Raises DataError where a file, or one that the plan names, cannot be used.
    """
    used = (own.own_data_of(plan), own.own_suites_of(plan))
    with st.expander(
        "Your own data and questions", icon=":material/upload_file:", expanded=any(used)
    ):
        data, questions = st.tabs(["Tuning data", "Questions"])
        with data:
            taken = _data(plan, used[0])
        with questions:
            taken = _questions(taken, used[1])
    return renamed(taken, plan)


def _data(plan: Plan, used: tuple[str, ...]) -> Plan:
    st.caption(
        "What your users would train on. JSON Lines, JSON, CSV or Parquet, with questions and "
        "answers in any of the usual forms. It takes the place of the plan's own data."
    )
    for source in used:
        _in_plan(source, own.preview_data)
    paths = uploads("Tuning data", list(own.DATA_KINDS), own.keep_data, "own_data")
    new = [str(path) for path in paths if str(path) not in used]
    for source in new:
        _plan_preview.preview(own.preview_data(source))
    if new and st.button("Tune on it", icon=":material/check:", key="use_data"):
        return with_data(plan, new)
    with st.form("hub_data", border=False):
        name = st.text_input(
            "Or a data set of the Hugging Face Hub",
            placeholder="hf:organisation/name@revision",
            help="It is fetched and pinned to one commit when the inspection starts. There is no "
            "preview before.",
        )
        if st.form_submit_button("Tune on this data set"):
            return with_data(plan, [own.hub_data(name)])
    return plan


def _questions(plan: Plan, used: tuple[str, ...]) -> Plan:
    st.caption(
        'Asked besides the built-in ones. JSON Lines: {"prompt": "…"} a line is enough; "family" '
        'names its topic, "answer" what a right answer holds, "expectation" whether an aligned '
        "model answers or declines."
    )
    for source in used:
        _in_plan(source, own.preview_probes)
    paths = uploads("Questions", ["jsonl", "json"], own.keep_probes, "own_probes")
    new = [str(path) for path in paths if str(path) not in used]
    for source in new:
        _plan_preview.preview(own.preview_probes(source))
    if new and st.button("Ask them too", icon=":material/check:", key="use_probes"):
        return with_probes(plan, new)
    return plan


def uploaded_plan() -> Plan | None:
    """The plan of a file that was just uploaded; raises PlanError where it is none."""
    file = st.file_uploader("Use a plan file", type="toml", key="plan_file", max_upload_size=1)
    if file is None or st.session_state.get("plan_file_taken") == file.file_id:
        return None
    plan = read_plan(file.getvalue(), file.name)
    st.session_state["plan_file_taken"] = file.file_id
    return plan


def uploads(label: str, types: list[str], keep: Keep, key: str) -> list[Path]:
    """The kept paths of what was uploaded; each file is read once a session."""
    files = st.file_uploader(
        f"{label} from this computer",
        type=types,
        accept_multiple_files=True,
        max_upload_size=MAX_UPLOAD_MB,
        key=key,
    )
    kept: dict[str, Path] = st.session_state.setdefault("kept_files", {})
    for file in files:
        if file.file_id not in kept:
            kept[file.file_id] = keep(file.getvalue(), file.name, shared.settings())
    return [kept[file.file_id] for file in files]


def _in_plan(source: str, read: Callable[[str], own.DataPreview | own.ProbePreview]) -> None:
    """What the plan uses already: its preview, or its name where it is not here yet."""
    if source.startswith("hf:"):
        st.text(f"In this plan: {source}, fetched when the inspection starts")
        return
    st.text("In this plan:")
    _plan_preview.preview(read(source))
