"""A new hardening: model, data and settings. One press starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from inspector.errors import InspectorError
from inspector.records import REVIEWS, Target
from pages import _harden_data, _known, _target
from pages import _harden_fields as fields
from pages import _shared as shared
from pages import _study_takes as takes
from pages._places import HARDENING

if TYPE_CHECKING:
    from inspector.estimate import Estimate
    from inspector.records import Hardening

ANY_DATA = "hf:your/data"  # what will be done is the same for all data


def show() -> None:
    from inspector.harden.data import alignment_words

    form, about = st.columns([3, 2], gap="large")
    with form:
        target = _target.target("target", "Which model")
        align = _harden_data.choose(
            "align",
            "Alignment data",
            "Questions with answers that decline them: what the model shall learn to refuse. JSON "
            "Lines, JSON, CSV or Parquet.",
            told=alignment_words,
        )
        given = fields.alignment()
        with st.expander("The later tuning it is tried against", icon=":material/model_training:"):
            tune = _harden_data.choose(
                "tune",
                "What the later user tunes on",
                "Short answers are scored word for word on held-out rows. Built in: reviews, and "
                "whether each is positive.",
                built_in=REVIEWS,
            )
            given |= fields.later_tuning()
        with st.expander("Limits of the alerts", icon=":material/notifications:"):
            given |= fields.limits()
        with st.expander("Every other setting", icon=":material/tune:"):
            given |= fields.others()
        st.space("small")
        if st.button("Start hardening", type="primary", icon=":material/play_arrow:"):
            _start(target, align, tune, given)
    with about.container(border=True):
        _what_it_does(target, align, tune, given)


def _start(target: str, align: str, tune: str, given: dict[str, Any]) -> None:
    with shared.sentences(), st.spinner("Starting"):
        from inspector.fetch.upload import target_of
        from inspector.harden.inputs import check_kind
        from inspector.harden.path import start

        model = target_of(target, shared.settings())
        if (kind := _known.declared(target)[0]) is not None:
            check_kind(model, kind)
        run = start(_hardening(model, align, tune, given), shared.settings())
        shared.runner(HARDENING).submit(run)
    st.switch_page(HARDENING.page, query_params={HARDENING.key: run.run_id})


def _hardening(target: Target, align: str, tune: str, given: dict[str, Any]) -> Hardening:
    from inspector.harden.inputs import filled_in

    return filled_in(target, align, tune, given)


def _what_it_does(target: str, align: str, tune: str, given: dict[str, Any]) -> None:
    from inspector.harden.telling import what_it_does

    st.subheader("What it does", anchor=False)
    try:
        hardening = _hardening(Target.parse("demo"), ANY_DATA, tune or ANY_DATA, given)
    except InspectorError as error:
        st.warning(shared.plain(str(error)), icon=":material/edit:")
        return
    shared.plain_list(what_it_does(hardening))
    takes.show(lambda: _foresee(target, align, tune, given))
    st.caption(
        "You get the hardened adapter with its evidence, and a plain one to compare it with. Where "
        "it does no better than chance, the result says so."
    )


def _foresee(target: str, align: str, tune: str, given: dict[str, Any]) -> Estimate | None:
    from inspector.harden.foreseeing import foresee

    hardening = _hardening(Target.parse(target), align or ANY_DATA, tune or ANY_DATA, given)
    return foresee(hardening, shared.settings(), _known.size(target))
