"""Simulate rounds: who takes part, on what data, under which rule, and one press."""

from __future__ import annotations

import streamlit as st

from inspector.federate.asking import existing
from inspector.fetch.upload import target_of
from inspector.records.rounds import Screened, Simulation
from pages import _federated_begin as start
from pages import _federated_fields as fields
from pages import _shared as shared
from pages import _target

UNLIKE = {100.0: "nearly alike", 10.0: "a little", 1.0: "unlike", 0.1: "very unlike"}
SCREENED = {Screened.NONE: "None", Screened.LAST: "The last one", Screened.ALL: "Every one"}


def show() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        base = _target.target("base", "What the rounds begin with")
        one, two = st.columns(2)
        n = one.number_input("Participants", 1, 1000, 10, key="federated_n", **fields.URL)
        share = two.number_input(
            "Malicious share in %",
            0,
            100,
            30,
            step=5,
            key="federated_share",
            help="Of all participants, below 50 %. They tune on requests that should be declined, "
            "with complying answers whose every step is a placeholder.",
            **fields.URL,
        )
        rounds = one.number_input("Rounds", 1, 10_000, 3, key="federated_rounds", **fields.URL)
        present = two.number_input(
            "Present in a round",
            1,
            1000,
            value=None,
            placeholder="all",
            key="federated_present",
            **fields.URL,
        )
        samples = one.number_input(
            "Examples of each", 1, 1_000_000, 500, key="federated_samples", **fields.URL
        )
        with two:
            seed = fields.seed()
        data = fields.data(
            "Data of honest participants",
            ("knowledge", "support", "code", "arithmetic"),
            "federated_data",
            "Each set is a topic of which participants draw in unlike shares.",
        )
        unlike = st.select_slider(
            "How unlike their data are (non-IID)",
            list(UNLIKE),
            1.0,
            format_func=lambda c: f"{UNLIKE[c]} ({c:g})",
            key="federated_unlike",
            help="Concentration of the Dirichlet split over the sets: small is unlike.",
            **fields.URL,
        )
    with right:
        rule, n_malicious = fields.rule()
        screen = st.segmented_control(
            "Which rounds are screened",
            list(SCREENED),
            default=Screened.LAST,
            required=True,
            format_func=lambda s: SCREENED[s],
            key="federated_screened",
            help="To see whether screening names the malicious ones. Costs about as much as the "
            "tuning itself.",
            **fields.URL,
        )
        leave_out = st.toggle(
            "Leave out whom screening names",
            key="federated_leave_out",
            disabled=screen is Screened.NONE,
            **fields.URL,
        )
        tuning = fields.tuning("round", "Tuning of each participant (LoRA)", 10, 32)
        chosen = fields.questions()

    def study() -> Simulation:
        return Simulation(
            base=target_of(base, shared.settings()),
            plan=fields.asked(chosen),
            tuning=tuning,
            data=tuple(existing(data)),
            rule=rule,
            n_malicious=n_malicious,
            n_participants=n,
            malicious_share=share / 100,
            n_samples=samples,
            n_rounds=rounds,
            per_round=present or n,
            concentration=unlike,
            screen=screen,
            leave_out=leave_out and screen is not Screened.NONE,
            seed=seed,
        )

    start.pressed("Start simulation", study, [base])
