"""What came in, before anybody is asked: participants, the sentence for each that is set aside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from inspector.errors import InspectorError
from inspector.federate.asking import participants_folder
from inspector.federate.participants import read_round
from inspector.federate.telling import preview_rows
from inspector.records import Target
from inspector.records.rounds import Participant, Standing
from pages import _shared as shared

FIXED = ("participant", "standing", "rank", "modules", "why")
COLUMNS = {
    "participant": st.column_config.TextColumn("Participant"),
    "standing": st.column_config.TextColumn("Recognised"),
    "samples": st.column_config.NumberColumn(
        "Samples",
        min_value=1,
        step=1,
        help="How many examples it was tuned on, where you know. FedAvg, multi-Krum and DnC weigh "
        "by it. Fill in all or none: one that is left empty counts as a single example.",
    ),
    "rank": st.column_config.NumberColumn("Rank"),
    "modules": st.column_config.NumberColumn("Modules"),
    "why": st.column_config.TextColumn("To know", width="large"),
}


@dataclass(frozen=True)
class Preview:
    """problem: why no round can be made of it, else "". folder: where the adapters lie, unpacked.
    samples: as they were filled in."""

    base: Target | None = None
    folder: str = ""
    participants: tuple[Participant, ...] = ()
    problem: str = ""
    samples: tuple[tuple[str, int], ...] = ()

    @property
    def n_accepted(self) -> int:
        return sum(p.standing is Standing.ACCEPTED for p in self.participants)


def show(folder: str, base: Target | None) -> Preview:
    """Read it once, and show what was recognised; samples can be filled in."""
    key = (folder, str(base))
    if st.session_state.get("federated_read", (None, None))[0] != key:
        with st.spinner("Reading the adapters"):
            st.session_state["federated_read"] = (key, _read(folder, base))
    found: Preview = st.session_state["federated_read"][1]
    if found.problem:
        st.error(shared.plain(found.problem), icon=":material/error:")
        return found
    st.subheader("What came in", anchor=False)
    n, n_in = len(found.participants), found.n_accepted
    assert found.base is not None  # it was read
    aside = f" {n - n_in} set aside." if n > n_in else ""
    st.caption(
        shared.plain(f"{n_in} of {n} adapters can be used.{aside} Base: {found.base.title}.")
    )
    shared.plain_list(f"{p.name}: {p.problem}" for p in found.participants if p.problem)
    rows = preview_rows(found.participants)
    edited = st.data_editor(
        [row | {"samples": None} for row in rows],
        hide_index=True,
        height="content",
        disabled=FIXED,
        column_config=COLUMNS,
        column_order=("participant", "standing", "samples", "rank", "modules", "why"),
        key=f"samples_{hash(key)}",
        placeholder="–",
        alt="The participants that were recognised",
    )
    given = [(str(row["participant"]), row.get("samples")) for row in edited]
    samples = tuple((name, int(n)) for name, n in given if n is not None)
    return replace(found, samples=samples)


def _read(folder: str, base: Target | None) -> Preview:
    settings = shared.settings()
    try:
        place = participants_folder(Path(folder), settings)
        read = read_round(place, base, settings)
    except InspectorError as error:
        return Preview(problem=str(error))
    return Preview(read.base.target, str(place), read.participants)
