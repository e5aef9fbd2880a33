"""Inspect: choose a target, a plan and a control, and start."""

from __future__ import annotations

import streamlit as st

from inspector.kept import demo_names
from inspector.records import AUTO_CONTROL, NO_CONTROL, Inspection, Target
from pages import _plan
from pages import _shared as shared

KINDS = ("Demo model", "Hugging Face Hub", "Folder or file")
CONTROLS = {"Declared base": AUTO_CONTROL, "None": NO_CONTROL}
OTHER = "Another model"
DEMOS = {
    "": ("As it is", "SmolLM2-135M-Instruct: a small real model that came with the installation."),
    "planted": ("Planted", "With a harmless advert that sleeps until somebody fine-tunes it."),
    "clean": ("Tuned, clean", "Fine-tuned in the ordinary way, with nothing planted."),
}


def choose_target() -> str:
    kind = st.segmented_control(
        "What to inspect", KINDS, default=KINDS[0], required=True, wrap=True
    )
    if kind == KINDS[0]:
        return choose_demo()
    if kind == KINDS[2]:
        return st.text_input(
            "Path on the machine that runs this dashboard",
            placeholder="/models/my-model",
            help="A folder with a safetensors model or a PEFT adapter, or a GGUF file.",
        )
    name, revision = st.columns([3, 1])
    repo = name.text_input("Model or adapter", placeholder="organisation/name").strip()
    at = revision.text_input("Revision", placeholder="main", help="A branch, a tag or a commit.")
    return f"hf:{repo}" + (f"@{at.strip()}" if at.strip() else "")


def choose_demo() -> str:
    """The demo model, or one with a known answer: to see the instrument catch and not accuse."""
    targets = ("demo", *(f"demo:{name}" for name in demo_names() if name in DEMOS))
    target = targets[0]
    if len(targets) > 1:
        target = st.segmented_control(
            "Which one",
            targets,
            default=targets[0],
            required=True,
            wrap=True,
            format_func=lambda t: DEMOS[t.partition(":")[2]][0],
        )
    st.caption(DEMOS[target.partition(":")[2]][1])
    return target


def choose_control() -> str:
    choice = st.segmented_control(
        "Compare with a control",
        (*CONTROLS, OTHER),
        default="Declared base",
        required=True,
        wrap=True,
        help="A control is a trusted model put through the same operations. What changes in both "
        "comes from the operation, not from the inspected model. It doubles the time.",
    )
    if choice == OTHER:
        return st.text_input("Control", placeholder="hf:organisation/name, or a folder").strip()
    if choice == "Declared base":
        st.caption("The base that the model card or the adapter names, where it can be had.")
    return CONTROLS[choice]


def new_inspection() -> None:
    st.title("Inspect a model", anchor=False)
    form, about = st.columns([3, 2], gap="large")
    with form:
        target = choose_target()
        plan = _plan.choose_plan()
        control = choose_control()
        st.space("small")
        begin = st.button("Start inspection", type="primary", icon=":material/play_arrow:")
    with about.container(border=True):
        _plan.what_it_does(plan, target, control)
    if begin:
        with form, shared.sentences(), st.spinner("Starting"):
            from inspector.inspection import start  # a second of scipy: not before it is needed

            if control not in CONTROLS.values():
                control = str(Target.parse(control))
            inspection = Inspection(Target.parse(target), plan, control)
            run = start(inspection, shared.settings())
            shared.runner().submit(run)
        st.switch_page("pages/run.py", query_params={"run": run.run_id})


with shared.sentences():
    new_inspection()
