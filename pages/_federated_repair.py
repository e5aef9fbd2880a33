"""Repair an adapter: which one, where refusals come from, and one press."""

from __future__ import annotations

import streamlit as st

from inspector.federate.asking import existing
from inspector.fetch.upload import target_of
from inspector.own_files import keep_data
from inspector.records import Target
from inspector.records.rounds import DefenceLevel, Repair
from pages import _federated_begin as start
from pages import _federated_fields as fields
from pages import _shared as shared
from pages import _target

LEVELS = {
    DefenceLevel.PUBLIC: ("1: a public file", "Questions and refusals that you have, as JSONL."),
    DefenceLevel.OTHER_MODEL: (
        "2: another model",
        "An aligned model that you trust is asked and writes the refusals.",
    ),
    DefenceLevel.SELF: (
        "3: the model itself",
        "The attacked model is asked plainly, and asked to write a refusal. No data and no other "
        "model are needed. Only what the refusal judge reads as a refusal is kept.",
    ),
}
KINDS = (_target.FOLDER, _target.UPLOAD, _target.HUB)


def show() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        adapter = _target_of("adapter", "Which adapter", _target.FOLDER)
        given = st.toggle(
            "Name its base myself",
            value="base" in st.query_params,
            key="federated_own_base",
            help="Otherwise the one that the adapter declares.",
            **fields.URL,
        )
        base = _target.target("base", "Which base") if given else ""
    with right:
        level = st.segmented_control(
            "Where refusals come from",
            list(LEVELS),
            default=DefenceLevel.SELF,
            required=True,
            wrap=True,
            format_func=lambda level: LEVELS[level][0],
            key="federated_level",
            help="The three levels of arXiv 2406.10630, section 4.",
            **fields.URL,
        )
        st.caption(LEVELS[level][1])
        refusals = _refusals() if level is DefenceLevel.PUBLIC else ""
        writer = ""
        if level is DefenceLevel.OTHER_MODEL:
            writer = _target_of("writer", "Which model writes them", _target.DEMO)
        helpful = fields.data(
            "Ordinary conversations mixed in",
            ("knowledge", "support"),
            "federated_helpful",
            "As many as there are refusals, so that helpfulness is kept. A fifth is held out.",
        )
        n = st.number_input(
            "Refusals to gather at most", 1, 100_000, 144, key="federated_questions", **fields.URL
        )
        tuning = fields.tuning("repair", "Tuning (LoRA)", 60, 16)
        chosen = fields.questions()

    def study() -> Repair:
        return Repair(
            adapter=target_of(adapter, shared.settings()),
            plan=fields.asked(chosen),
            level=level,
            tuning=tuning,
            base=_or_none(base),
            refusals=existing([refusals])[0] if refusals else None,
            writer=_or_none(writer),
            helpful=tuple(existing(helpful)),
            n_questions=n,
        )

    start.pressed("Start repair", study, [adapter, base, writer])


def _refusals() -> str:
    file = st.file_uploader("Questions and refusals", type=["jsonl", "json", "parquet"])
    if file is not None:
        return str(keep_data(file.getvalue(), file.name, shared.settings()))
    text = st.text_input(
        "Or the path of such a file",
        key="federated_refusals",
        placeholder="/data/refusals.jsonl",
        help="JSONL on the machine that runs this dashboard, one question with its refusal a line, "
        "in any form that a fine-tuning set may have.",
        **fields.URL,
    )
    return (text or "").strip()


def _target_of(name: str, label: str, empty: str) -> str:
    """A target under this name in the URL; the demo model is no adapter."""
    if (asked := _target.newly_asked(name, f"{name}_kind")) is not None:
        _target.fill(name, asked, empty=empty)
    chosen = _target.choose(name, label, KINDS if empty == _target.FOLDER else _target.KINDS)
    _target.show(name, chosen, "")
    return chosen


def _or_none(text: str) -> Target | None:
    return target_of(text, shared.settings()) if text else None
