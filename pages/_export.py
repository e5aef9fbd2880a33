"""The report in every format and language, made when its button is pressed: nothing runs again."""

from __future__ import annotations

from functools import partial

import streamlit as st

from inspector.report import LANGUAGES, RENDERINGS, render, report_name
from inspector.report.wording import load_words
from inspector.run import Run


def downloads(run: Run) -> None:
    """One menu with a button for each format, in the language chosen there."""
    with st.popover("Export the report", icon=":material/download:"):
        language = st.segmented_control(
            "Language",
            LANGUAGES,
            default=LANGUAGES[0],
            required=True,
            format_func=lambda code: load_words(code)("language.name"),
            key=f"report_language_{run.run_id}",
        )
        for name, rendering in RENDERINGS.items():
            st.download_button(
                rendering.label,
                data=partial(render, run, name, language),
                file_name=report_name(run, rendering, language),
                mime=rendering.mime,
                icon=":material/description:",
                on_click="ignore",
                width="stretch",
                key=f"report_{name}_{language}_{run.run_id}",
            )
