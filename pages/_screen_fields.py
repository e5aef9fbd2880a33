"""What a screening looks for, and whose questions it asks."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from inspector import own_files as own
from inspector.labels import BEHAVIOURS
from inspector.plans import PRESETS, load_plan
from inspector.records import Behaviour, PhraseKind, Plan
from pages import _plan_files

OWN, ROSE = "A phrase of my own", "What rose most in it"
WORDS = {label.word: behaviour for behaviour, label in BEHAVIOURS.items()}


def behaviour(of_inspection: bool = False) -> tuple[Behaviour | None, str, PhraseKind]:
    """What is looked for; the first two empty where the inspection is to say."""
    picked = st.selectbox(
        "Which behaviour",
        [ROSE, *WORDS, OWN] if of_inspection else [*WORDS, OWN],
        key="sought",
        bind="query-params",
        help="The behaviour whose causes are looked for. Without any answer that shows it after "
        "tuning there is nothing to explain, and the screening says so.",
    )
    if picked != OWN:
        if picked in WORDS:
            st.caption(BEHAVIOURS[WORDS[picked]].help)
        return WORDS.get(picked or ""), "", PhraseKind.PHRASE
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    phrase = left.text_input(
        "The phrase",
        key="sought_phrase",
        bind="query-params",
        placeholder="Velmora Sparkling Tea",
        help="Looked for in the answers as whole words, whatever the case.",
    )
    pattern = right.checkbox("A pattern", key="sought_pattern", help="A regular expression.")
    return None, phrase or "", PhraseKind.REGEX if pattern else PhraseKind.PHRASE


def questions() -> tuple[Plan, list[Path]]:
    """Whose questions are asked before and after tuning; own ones take their place."""
    name = st.segmented_control(
        "Questions to ask",
        PRESETS,
        default=PRESETS[0],
        required=True,
        wrap=True,
        key="questions_of",
        format_func=str.capitalize,
        help="The questions of an inspection plan. Quick asks the fewest.",
    )
    with st.expander("Your own questions instead", icon=":material/upload_file:"):
        st.caption('JSON Lines: {"prompt": "…"} a line is enough.')
        uploaded = _plan_files.uploads(
            "Questions", ["jsonl", "json"], own.keep_probes, "screen_questions"
        )
    return load_plan(name or PRESETS[0]), uploaded
