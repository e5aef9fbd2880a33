"""Screen a round: what came in, its base, the rule, and one press."""

from __future__ import annotations

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
            **fields.URL,
        )
        chosen = fields.questions()
    found = preview.show(folder, base) if folder else None

    def study() -> RoundScreening:
        place = found.folder if found else participants_folder(None, shared.settings())
        assumed_malicious(found.n_accepted if found else 0, n_malicious)
        return RoundScreening(
            participants=str(place),
            plan=fields.asked(chosen),
            base=base,
            rule=rule,
            n_malicious=n_malicious,
            samples=found.samples if found else (),
            leave_one_out=leave,
        )

    start.pressed(
        "Start screening",
        study,
        base=found.base if found else None,
        n_participants=found.n_accepted if found else 0,
        # What is wrong with the round stands above the button already.
        disabled=bool(found and found.problem),
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
        **fields.URL,
    )
    if kind == FOLDER:
        text = st.text_input(
            "Path on the machine that runs this dashboard",
            key="federated_folder",
            placeholder="/rounds/round-7",
            help="A folder with one adapter folder per participant, or a zip of it.",
            **fields.URL,
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
        st.session_state["federated_refused"] = ""
        st.query_params.pop("participants", None)
        try:
            with st.spinner("Unpacking"):
                named = [(f.name, f) for f in files]
                folder = receive_round(named, shared.settings()) if files else ""
            if folder:
                st.query_params["participants"] = str(folder)  # outlives a reload
        except InspectorError as error:
            st.session_state["federated_refused"] = str(error)
    if refused := st.session_state.get("federated_refused"):
        st.error(shared.plain(refused), icon=":material/block:")
    return st.query_params.get("participants", "")


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
        **fields.URL,
    )
    if kind != CHOSEN:
        return None
    text = _target.target("base", "Which base")
    return target_of(text, shared.settings()) if text else None
