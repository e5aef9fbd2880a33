"""The way from a number to the answers behind it: Responses with filters, as a link or a click.

Words of the filters are those of the Responses page, which reads them from its URL.
"""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from inspector.labels import BEHAVIOURS
from inspector.records import UNTOUCHED, Behaviour, Subject
from inspector.run import Run

PAGE = "pages/responses.py"
MODELS = {Subject.TARGET: "Inspected model", Subject.CONTROL: "Control"}


def where(
    run: Run,
    scenario: str = UNTOUCHED,
    behaviour: Behaviour | None = None,
    subject: Subject = Subject.TARGET,
    **more: str,
) -> dict[str, str]:
    """The query of these answers. Untouched answers stand beside those after every operation.

    more: search, family, probe.
    """
    query = {"run": run.run_id, "model": MODELS[subject], "answers": "All answers"} | more
    if scenario != UNTOUCHED:
        query["scenario"] = scenario
    if behaviour is not None:
        query["behaviour"] = BEHAVIOURS[behaviour].word
    return query


def link(label: str, query: dict[str, str]) -> None:
    st.page_link(PAGE, label=label, icon=":material/arrow_forward:", query_params=query)


def go(query: dict[str, str]) -> NoReturn:
    """Leave for these answers: a mark of a chart was clicked."""
    st.switch_page(PAGE, query_params=query)
