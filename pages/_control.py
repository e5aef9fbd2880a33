"""The control: what the target declares unless another is chosen; shown before the start."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from inspector.labels import control_words, expects_control
from inspector.records import AUTO_CONTROL, NO_CONTROL, ArtifactKind, Target
from pages import _known, _target
from pages import _shared as shared

AUTO, NONE, OTHER = "Declared base", "None", "Another model"
WORDS = {AUTO: AUTO_CONTROL, NONE: NO_CONTROL}
KINDS = (_target.HUB, _target.FOLDER, _target.DEMO)


def choose(targets: Sequence[str]) -> str:
    """`auto`, `none` or a target, as an Inspection takes it; "" while none is chosen."""
    if (asked := _target.newly_asked("control", "control_choice")) is not None:
        named = {"": AUTO, AUTO_CONTROL: AUTO, NO_CONTROL: NONE}
        st.session_state["control_choice"] = named.get(asked, OTHER)
        _target.fill("control", "" if asked in named else asked, empty=_target.HUB)
    choice = st.segmented_control(
        "Compare with a control",
        (AUTO, NONE, OTHER),
        key="control_choice",
        required=True,
        wrap=True,
        help="A control is a trusted model put through the same operations. What changes in both "
        "comes from the operation, not from the inspected model.",
    )
    control = (
        _target.choose("control", "Which control", KINDS)
        if choice == OTHER
        else WORDS[choice or AUTO]
    )
    _target.show("control", control, default=AUTO_CONTROL)
    _say(control, targets)
    return control


def _say(control: str, targets: Sequence[str]) -> None:
    """What it will be for each target, why it matters, what it costs."""
    if not control:
        return
    declared = [_known.declared(target) for target in targets]
    if control == AUTO_CONTROL and len(targets) > 1:
        for target, (kind, base) in zip(targets, declared, strict=True):
            st.caption(shared.plain(f"{target}: {control_words(control, kind, base)}"))
        if len({base for _, base in declared}) > 1:
            st.caption("Choose another model to have one control for both.")
    else:
        st.caption(shared.plain(control_words(control, *declared[0])))
    if control in targets:
        st.warning(
            "The control is the inspected model itself, so no difference could show.",
            icon=":material/warning:",
        )
    if any(expects_control(control, _has_base(kind, base)) for kind, base in declared):
        st.caption(
            "It takes about twice the time. With it, only what changes in the inspected model and "
            "not in the control counts against the inspected model."
        )
    else:
        st.caption(
            "Without one, a rise in refusals or in answers that should be declined can end in "
            "Review at most: ordinary tuning does that too."
        )


def _has_base(kind: ArtifactKind | None, base: Target | None) -> bool | None:
    """An adapter always has one; of a target that nothing is known of it is not known."""
    return None if kind is None else kind is ArtifactKind.ADAPTER or base is not None
