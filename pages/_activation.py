"""At which step of a fine-tuning a behaviour wakes: its curve, and the answers at each step."""

from __future__ import annotations

import streamlit as st

from inspector import charts
from inspector.activation import read_answers, read_curves
from inspector.labels import MEASURES, curve_name, waking_words
from inspector.records import ActivationCurve, Subject
from inspector.run import Run
from pages import _charts

PAGE_SIZE = 6
MODELS = {Subject.TARGET: "Inspected model", Subject.CONTROL: "Control"}


def activation(run: Run) -> None:
    """The curve that is chosen, its finding in words, and answers at one of its steps."""
    st.markdown("**At which step it wakes**", help=MEASURES["activation"])
    curves = read_curves(run.folder)
    if not curves:
        st.caption(
            "Not measured: this inspection's plan asks nothing while it tunes. The presets do; in "
            "a plan file, give a fine-tuning the steps to ask at, for example `looks = [10, 20]`."
        )
        return
    curve = _choose(curves)
    st.text(waking_words(curve))
    picked = _charts.chart(
        charts.activation(curve),
        charts.activation_rows(curve),
        name="activation",
        alt=f"Share of answers by training step. {waking_words(curve)}",
    )
    _answers(run, curve, picked)


def _choose(curves: list[ActivationCurve]) -> ActivationCurve:
    """Both choices are in the URL; what wakes is offered first."""
    one, two = st.columns(2)
    curves = sorted(curves, key=lambda c: c.waking is None)
    scenario = one.selectbox(
        "Fine-tuning",
        list(dict.fromkeys(c.scenario for c in curves)),
        key="activation_scenario",
        bind="query-params",
    )
    offered = [c for c in curves if c.scenario == scenario]
    name = two.selectbox(
        "What is followed",
        [curve_name(c) for c in offered],
        key="activation_curve",
        bind="query-params",
        help="A behaviour, or a phrase that was found in the answers after the tuning.",
    )
    return next((c for c in offered if curve_name(c) == name), offered[0])


def _answers(run: Run, curve: ActivationCurve, picked: dict[str, object] | None) -> None:
    """The answers at the step that was clicked in the chart or chosen here, page by page."""
    steps = [look.step for look in curve.looks]
    models = [s for s in MODELS if s is Subject.TARGET or curve.looks[0].control]
    # A mark stays clicked while the reader goes on to choose below it.
    clicked = picked is not None and picked != st.session_state.get("activation_picked")
    st.session_state["activation_picked"] = picked
    if picked and clicked:
        st.session_state["activation_step"] = picked["step"]
        st.session_state["activation_model"] = picked["model"]
    here = curve.waking[1].step if curve.waking else steps[-1]
    with st.container(horizontal=True, gap="large"):
        step = st.segmented_control(
            "Answers at step",
            steps,
            default=None if clicked else here,
            required=True,
            key="activation_step",
            help="Or click a mark of the chart.",
            bind="query-params",
        )
        model = st.segmented_control(
            "Answers of",
            models,
            default=None if clicked else Subject.TARGET,
            required=True,
            format_func=MODELS.__getitem__,
            key="activation_model",
            bind="query-params",
        )
    step = here if step is None else step
    answers = read_answers(run.folder, Subject(model or Subject.TARGET), curve.scenario, step)
    shown = st.container()
    n_pages = max(1, -(-len(answers) // PAGE_SIZE))
    page = st.pagination(n_pages, key="activation_page", bind="query-params")
    with shown:
        if not answers:
            st.caption("No answers at this step are on record.")
        for answer in answers[(page - 1) * PAGE_SIZE :][:PAGE_SIZE]:
            with st.container(border=True):
                st.text(answer.prompt)
                st.code(answer.text, language=None, wrap_lines=True)
