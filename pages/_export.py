"""The report to read here, and to take along: every format in every language. Nothing runs again.

The HTML page is shown in a frame of its own (`inspector/report/framed.py`): no script, no network.
"""

from __future__ import annotations

from functools import partial

import streamlit as st

from inspector.report import (
    LANGUAGES,
    RENDERINGS,
    compose,
    framed,
    render,
    rendering_of,
    report_name,
)
from inspector.report.wording import load_words
from inspector.run import Run

HEIGHT_PX = 1000
MAX_CHARS = 30_000  # of a text format: enough to see what it is like
CODE = {"json": "json", "sarif": "json", "cyclonedx": "json", "md": "markdown"}


def show(run: Run) -> None:
    """Downloads beside the preview; language and format are in the URL."""
    left, right = st.columns([1, 2], gap="large")
    with left:
        language = st.segmented_control(
            "Language",
            LANGUAGES,
            default=LANGUAGES[0],
            required=True,
            format_func=lambda code: load_words(code)("language.name"),
            key="language",
            bind="query-params",
        )
        st.subheader("Take it along", anchor=False)
        _downloads(run, language)
    with right:
        name = st.segmented_control(
            "Preview",
            list(RENDERINGS),
            default="html",
            required=True,
            wrap=True,
            format_func=lambda name: RENDERINGS[name].label,
            key="format",
            bind="query-params",
        )
        _preview(run, name, language)


def _downloads(run: Run, language: str) -> None:
    for name, rendering in RENDERINGS.items():
        st.download_button(
            rendering.label,
            data=partial(render, run, name, language),
            file_name=report_name(run, rendering, language),
            mime=rendering.mime,
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
            key=f"report_{name}_{language}_{run.run_id}",
        )
        st.caption(rendering.reader)


def _preview(run: Run, name: str, language: str) -> None:
    rendering = rendering_of(name)
    contents = compose(run, language)
    if name == "pdf":
        st.caption("The PDF sets these same sections on A4 pages.")
    if name in ("html", "pdf"):
        page = RENDERINGS["html"].render(contents)
        about = f"The report of {run.run_id}"
        st.iframe(framed(page, about), height=HEIGHT_PX, alt=about)
        return
    text = rendering.render(contents).decode("utf-8-sig")
    if len(text) > MAX_CHARS:
        st.caption(f"Its first {MAX_CHARS:,} of {len(text):,} characters; the download is whole.")
    st.code(text[:MAX_CHARS], language=CODE.get(name), height=HEIGHT_PX, wrap_lines=True)
