"""Fields that several forms of federated studies share: rule, questions, tuning, data."""

from __future__ import annotations

from typing import Any

import streamlit as st

from inspector.federate.asking import BUILT_IN, questions_of, tuning_of
from inspector.federate.rules import RULES, rule_named
from inspector.records import FineTune, Plan
from pages import _shared as shared

KEEP: dict[str, Any] = {"persist_state": "page"}
URL: dict[str, Any] = {"bind": "query-params"}  # a reload, or a link, opens the form filled in


def rule() -> tuple[str, int | None]:
    """The aggregation rule, and how many malicious ones it is to expect (None: 30 %)."""
    chosen = st.selectbox(
        "Aggregation rule",
        [rule.name for rule in RULES],
        key="federated_rule",
        bind="query-params",
        help="How one adapter is made of all. Changes of the weights are averaged, never the "
        "factors of the adapters apart.",
    )
    told = rule_named(chosen)
    st.caption(shared.plain(f"{told.what[0].upper()}{told.what[1:]}. Source: {told.source}."))
    n_malicious = st.number_input(
        "Malicious participants to expect",
        min_value=0,
        value=None,
        step=1,
        placeholder="30 % of them",
        key="federated_malicious",
        help="Krum, multi-Krum, the trimmed mean and DnC are told this number.",
        **URL,
    )
    return chosen, n_malicious


def questions() -> tuple[str | None, list[str]]:
    """A plan whose questions are asked (None: the usual ones), and own questions beside them."""
    with st.expander("What every model is asked", icon=":material/quiz:"):
        st.caption(
            "All 160 policy probes, which an aligned model declines, 40 everyday questions and 24 "
            "whose answer can be checked; answers of up to 64 tokens."
        )
        plan = st.text_input(
            "A plan's questions instead",
            key="federated_plan",
            placeholder="quick, or /plans/mine.toml",
            help="A preset's name or a plan file on the machine that runs this dashboard.",
            **URL,
        )
        own = st.text_input(
            "Your own questions too",
            key="federated_own",
            placeholder="/questions/mine.jsonl",
            help="A JSONL file on the machine that runs this dashboard.",
            **URL,
        )
    return (plan or "").strip() or None, [text] if (text := (own or "").strip()) else []


def asked(chosen: tuple[str | None, list[str]]) -> Plan:
    """Raises BadInput or PlanError where a file of `questions` cannot be read."""
    return questions_of(*chosen)


def data(label: str, default: tuple[str, ...], key: str, help_text: str) -> list[str]:
    """Sets by name, or paths of the machine."""
    return st.multiselect(
        label,
        BUILT_IN,
        default=default,
        key=key,
        accept_new_options=True,
        placeholder="A built-in set, or the path of a JSONL file",
        help=help_text,
        **KEEP,
    )


def tuning(name: str, title: str, steps: int, rank: int) -> FineTune:
    """LoRA settings; the usual ones stand there already."""
    with st.expander(title, icon=":material/tune:"):
        one, two, three = st.columns(3)
        n = one.number_input("Steps", 1, 100_000, steps, key=f"{name}_steps", **KEEP)
        rate = two.number_input(
            "Learning rate", 1e-7, 1.0, 3e-4, format="%.0e", key=f"{name}_rate", **KEEP
        )
        size = three.number_input(
            "LoRA rank", 1, 1024, rank, key=f"{name}_rank", help="Alpha is twice that.", **KEEP
        )
        four, five, _ = st.columns(3)
        batch = four.number_input("Examples per step", 1, 1024, 8, key=f"{name}_batch", **KEEP)
        length = five.number_input("Tokens per example", 16, 8192, 256, key=f"{name}_len", **KEEP)
    return tuning_of(name, n, rate, size, batch, None, length)


def seed() -> int:
    chosen: int = st.number_input(
        "Seed", 0, 2**31 - 1, 0, key="federated_seed", help="Of everything that is drawn.", **URL
    )
    return chosen
