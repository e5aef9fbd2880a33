"""A new screening: of a model and a set, or of what an inspection saw. One press starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import streamlit as st

from pages import _screen_fields as fields
from pages import _screen_from, _screen_set, _screen_takes, _target
from pages import _screen_settings as settings
from pages import _shared as shared
from pages._places import SCREENING

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from inspector.records import Screening

MODEL, INSPECTION = "A model and a set", "A finished inspection"


def show() -> None:
    """The form; `?from=RUN` asks for an inspection."""
    begin = st.segmented_control(
        "Start from",
        (MODEL, INSPECTION),
        default=INSPECTION if "from" in st.query_params else MODEL,
        required=True,
        wrap=True,
        key="begin_with",
        bind="query-params",
        help="An inspection brings its model, its data and its answers: nothing is asked again.",
    )
    form, about = st.columns([3, 2], gap="large")
    with form:
        if begin == INSPECTION:
            _of_inspection(about)
        else:
            _of_model(about)


def _of_model(about: DeltaGenerator) -> None:
    target = _target.target("target", "Which model")
    data = _screen_set.choose()
    what = fields.behaviour()
    plan, questions = fields.questions()
    tuning = settings.tuning()
    ranking = settings.ranking()
    with about.container(border=True):
        _screen_takes.show(target, plan, tuning)
    if _pressed():
        with shared.sentences(), st.spinner("Starting"):
            from inspector.fetch.upload import target_of
            from inspector.records import Screening, Sought
            from inspector.screen.asking import asked_with, tuning_on

            asked = asked_with(plan, tuning_on(data, tuning), questions)
            model = target_of(target, shared.settings())
            _begin(Screening(model, asked, Sought(*what), ranking))


def _of_inspection(about: DeltaGenerator) -> None:
    chosen = _screen_from.choose()
    if chosen is None:
        return
    what = fields.behaviour(of_inspection=True)
    ranking = settings.ranking()
    with about.container(border=True):
        _screen_from.what_is_taken(*chosen)
    if _pressed():
        with shared.sentences(), st.spinner("Starting"):
            from inspector.screen.inspections import screening_of

            run, operation = chosen
            behaviour, phrase, kind = what
            _begin(screening_of(run, operation, behaviour, phrase, ranking, kind))


def _pressed() -> bool:
    st.space("small")
    return st.button("Start screening", type="primary", icon=":material/play_arrow:")


def _begin(screening: Screening) -> NoReturn:
    from inspector.screen import start

    run = start(screening, shared.settings())
    shared.runner(SCREENING).submit(run)
    st.switch_page(SCREENING.page, query_params={SCREENING.key: run.run_id})
