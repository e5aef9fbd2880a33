"""Screen a round: what came in, its base, the rule, and one press."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from inspector.errors import InspectorError
from inspector.federate.asking import participants_folder
from inspector.federate.participants import receive_round
from inspector.federate.rules import assumed_malicious
from inspector.fetch.upload import target_of
from inspector.records import Target
from inspector.records.rounds import RoundScreening
from pages import _federated_begin as start
from pages import _federated_fields as fields
from pages import _federated_preview as preview
from pages import _shared as shared
from pages import _target

UPLOAD, FOLDER = "Upload", "Folder"
DECLARED, CHOSEN = "As the adapters declare", "I choose it"


def show() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        folder = _participants()
        base = _base()
    with right:
        rule, n_malicious = fields.rule()
        leave = st.toggle(
            "Ask the aggregates without each participant too",
            value=True,
            key="federated_leave_one_out",
            help="Shows what each participant does to the aggregate; about doubles the time.",
            **fields.KEEP,
        )
        chosen = fields.questions()
    found = preview.show(folder, base) if folder else None
    # What is wrong with the round stands above the button already.
    if start.pressed("Start screening", disabled=bool(found and found.problem)):
        with shared.sentences(), st.spinner("Starting"):
            place = participants_folder(Path(folder) if folder else None, shared.settings())
            assumed_malicious(found.n_accepted if found else 0, n_malicious)
            start.begin(
                RoundScreening(
                    participants=str(place),
                    plan=fields.asked(chosen),
                    base=base,
                    rule=rule,
                    n_malicious=n_malicious,
                    samples=found.samples if found else (),
                    leave_one_out=leave,
                )
            )


def _participants() -> str:
    """The folder of participants, "" while none is chosen."""
    kind = st.segmented_control(
        "The participants' adapters",
        (UPLOAD, FOLDER),
        default=UPLOAD,
        required=True,
        key="federated_from",
        help="PEFT LoRA adapters: adapter_config.json and adapter_model.safetensors.",
        **fields.KEEP,
    )
    if kind == FOLDER:
        text = st.text_input(
            "Path on the machine that runs this dashboard",
            key="federated_folder",
            placeholder="/rounds/round-7",
            help="A folder with one adapter folder per participant, or a zip of it.",
            **fields.KEEP,
        )
        return (text or "").strip()
    return _upload()


def _upload() -> str:
    files = st.file_uploader(
        "One zip with a folder per participant, or one zip for each participant",
        type="zip",
        accept_multiple_files=True,
        key="federated_files",
        on_change=lambda: st.session_state.update(federated_changed=True),
        help="Kept on the machine that runs this dashboard. A participant is called as its folder, "
        "or as its zip.",
    )
    if st.session_state.pop("federated_changed", False):
        st.session_state.update(federated_uploaded="", federated_refused="")
        try:
            with st.spinner("Unpacking"):
                named = [(f.name, f) for f in files]
                folder = receive_round(named, shared.settings()) if files else ""
            st.session_state["federated_uploaded"] = str(folder)
        except InspectorError as error:
            st.session_state["federated_refused"] = str(error)
    if refused := st.session_state.get("federated_refused"):
        st.error(shared.plain(refused), icon=":material/block:")
    return str(st.session_state.get("federated_uploaded", ""))


def _base() -> Target | None:
    """What all were tuned on; None for what they declare."""
    kind = st.segmented_control(
        "Base",
        (DECLARED, CHOSEN),
        default=CHOSEN if "base" in st.query_params else DECLARED,
        required=True,
        wrap=True,
        key="federated_base",
        help="The model that all were tuned on, which the round began with.",
        **fields.KEEP,
    )
    if kind != CHOSEN:
        return None
    text = _target.target("base", "Which base")
    return target_of(text, shared.settings()) if text else None
