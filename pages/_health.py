"""The machine, and whether the Hub's token is set."""

from __future__ import annotations

import os

import streamlit as st

from inspector import health
from inspector.labels import size
from pages import _shared as shared

TOLD, OWNER = "torch_told", "token_owner"


@st.cache_data(ttl=300, show_spinner="Asking the driver")
def _cards() -> tuple[str, ...]:
    return health.graphics_cards()


def machine() -> None:
    """Processor, memory, accelerators; torch is asked only when somebody wants to know."""
    here = health.machine()
    one, two, three = st.columns(3)
    one.metric(
        "Processor cores",
        here.n_cores,
        help=f"That the dashboard and its jobs may use, of {here.n_all} in the machine.",
        border=True,
    )
    if here.memory_bytes is not None and here.memory_free_bytes is not None:
        two.metric("Memory", size(here.memory_bytes), help="Installed.", border=True)
        three.metric(
            "Memory free",
            size(here.memory_free_bytes),
            help="What programs can still take without any being swapped out.",
            border=True,
        )
    st.text(f"Processor: {here.processor}")
    for card in _cards() or ("none that the driver's tool (nvidia-smi) lists",):
        st.text(f"Accelerator: {card}")
    if st.button(
        "Ask torch what it can compute on",
        icon=":material/memory:",
        help="Starts a process that loads torch, which takes some seconds.",
    ):
        with st.spinner("Loading torch in a process of its own"):
            st.session_state[TOLD] = health.torch_devices()
    for line in st.session_state.get(TOLD, ()):
        st.text(line)


def hub() -> None:
    """Whether a token is set and from where; never the token or any part of it."""
    state = health.token_state(os.environ)
    endpoint = shared.settings().hub_endpoint
    st.text(f"Hub: {health.without_password(endpoint)}")
    if not state.is_set:
        st.markdown(":gray[:material/key_off: No token is set]")
        st.caption("Public models need none. For gated or private ones set HF_TOKEN.")
        return
    st.markdown(":blue[:material/key: A token is set]")
    st.text(f"It comes from {state.where}.")
    if st.button(
        "Whose token is it?",
        icon=":material/person_search:",
        help="Sends the token to the Hub, which answers with the account's name.",
    ):
        with st.spinner("Asking the Hub"):
            from inspector.fetch.account import token_owner

            st.session_state[OWNER] = token_owner(endpoint)
    if OWNER in st.session_state:
        st.text(f"It belongs to {st.session_state[OWNER]}.")
