"""The verdict in few lines: its level, what was not looked at, why, and where to go on."""

from __future__ import annotations

import streamlit as st

from inspector.labels import COVERAGE, gap_title, gaps, pressing
from inspector.records import CoverageStatus, FineTune, Verdict
from inspector.run import Run
from pages import _shared as shared
from pages import _tables

LINKS = {
    "report": ("Report", ":material/description:"),
    "responses": ("Responses", ":material/compare:"),
    "files": ("Files", ":material/folder_open:"),
}
N_REASONS = 3


def box(run: Run, verdict: Verdict) -> None:
    """Gaps stand before the reasons: what was not looked at limits what the level says."""
    with st.container(border=True):
        level, links = st.columns([3, 2], vertical_alignment="center")
        with level:
            shared.level_heading(verdict.level)
        with links, st.container(horizontal=True, horizontal_alignment="right"):
            for page, (label, icon) in LINKS.items():
                st.page_link(
                    f"pages/{page}.py", label=label, icon=icon, query_params={"run": run.run_id}
                )
            if any(isinstance(s, FineTune) for s in verdict.plan.scenarios):
                st.page_link(
                    "pages/training_data.py",
                    label="Training data",
                    icon=":material/manage_search:",
                    query_params={"from": run.run_id},
                    help="Which examples of the tuning's data cause it?",
                )
        _ledger(verdict)
        shared.plain_list(verdict.reasons[:N_REASONS])
        if more := verdict.reasons[N_REASONS:]:
            with st.expander(f"{len(more)} more reasons", icon=":material/list:"):
                shared.plain_list(more)


def _ledger(verdict: Verdict) -> None:
    """What is missing, named in the title; inside all of it, and what was looked at."""
    missing = gaps(verdict.coverage)
    n_measured = sum(c.status is CoverageStatus.MEASURED for c in verdict.coverage)
    with st.expander(shared.plain(gap_title(missing)), icon=":material/checklist:"):
        if missing:
            shared.plain_list(f"{c.what}: {c.detail}" for c in pressing(missing))
        st.caption(f"The whole ledger; looked at: {n_measured} of {len(verdict.coverage)}")
        column = st.column_config.TextColumn
        states = "; ".join(f"{label.word}: {label.help}" for label in COVERAGE.values())
        _tables.table(
            [
                {"state": COVERAGE[c.status].word, "what": c.what, "detail": c.detail}
                for c in verdict.coverage
            ],
            name="coverage",
            alt="Coverage: what was looked at and what was not",
            columns={
                "state": column("State", width="small", help=states),
                "what": column("What", width="medium"),
                "detail": column("Detail", width="large"),
            },
        )
