"""The way from a number to the answers behind it: the Responses page with filters.

Words of the filters are those of the Responses page, which reads them from its URL.
"""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from inspector.labels import BEHAVIOURS
from inspector.records import UNTOUCHED, Behaviour, Subject
from inspector.run import Run
from pages import _address

PAGE = "pages/responses.py"


def where(
    run: Run,
    scenario: str = UNTOUCHED,
    behaviour: Behaviour | None = None,
    subject: Subject = Subject.TARGET,
    **more: str,
) -> dict[str, str]:
    """The query of these answers. Untouched answers stand beside those after every operation.

    more: search, family, probe. What is a filter's default is left out: Streamlit takes it out of
    the URL again, and that would cost the reader one more step back.
    """
    query = {"run": run.run_id, "answers": "All answers"} | more
    if scenario != UNTOUCHED:
        query["scenario"] = scenario
    if behaviour is not None:
        query["behaviour"] = BEHAVIOURS[behaviour].word
    if subject is Subject.CONTROL:
        query["model"] = "Control"
    return query


def go(query: dict[str, str]) -> NoReturn:
    """Leave for these answers. Streamlit would add what was chosen there before to the query."""
    _address.forget()
    st.query_params.clear()
    st.switch_page(PAGE, query_params=query)


def button(label: str, query: dict[str, str], key: str) -> None:
    """A press leads to these answers; a plain link could not let go of earlier filters."""
    if st.button(label, icon=":material/arrow_forward:", type="tertiary", key=key):
        go(query)
