"""Nothing was inspected yet: what the demo does, and a button that starts it."""

from __future__ import annotations

import streamlit as st

from inspector.overview import demo_in_words
from inspector.plans import PRESETS, load_plan
from inspector.records import Inspection, Target, TargetKind
from pages import _shared as shared


def show() -> None:
    """One press starts the demo and leads to where it can be watched."""
    plan = load_plan(PRESETS[0])
    with st.container(border=True, horizontal_alignment="center", gap="medium"):
        st.space("small")
        st.header(
            "Nothing has been inspected yet",
            icon=":material/biotech:",
            anchor=False,
            width="content",
        )
        st.text(demo_in_words(plan), width=640, text_alignment="center")
        if st.button("Start the demo", type="primary", icon=":material/play_arrow:"):
            with shared.sentences(), st.spinner("Starting"):
                from inspector.inspection import start  # a second of scipy: not before it is needed

                run = start(Inspection(Target(TargetKind.DEMO), plan), shared.settings())
                shared.runner().submit(run)
            st.switch_page("pages/run.py", query_params={"run": run.run_id})
        st.page_link(
            "pages/inspect.py",
            label="Or inspect a model of your own",
            icon=":material/arrow_forward:",
        )
        st.space("small")
