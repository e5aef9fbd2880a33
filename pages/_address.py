"""What stands in a page's address, and nothing else, says what the page shows."""

from __future__ import annotations

import streamlit as st

# Every widget's key that stands in the URL (tests/test_architecture.py holds it against the pages).
BOUND = (
    *("activation_curve", "activation_model", "activation_page", "activation_scenario"),
    *("activation_step", "age", "answers", "behaviour", "by", "change_plan", "compare_plans"),
    *(
        "family",
        "find",
        "format",
        "kind",
        "language",
        "late",
        "level",
        "model",
        "name",
        "operation",
    ),
    *(
        "part",
        "phrase",
        "plan",
        "policy",
        "positions_of",
        "q",
        "regex",
        "room",
        "scenario",
        "search",
    ),
    *("align_steps", "layers", "max_harmful", "min_task", "poison", "rho", "tune_method"),
    *("tune_steps",),
    *("begin_with", "examples", "sought", "sought_phrase"),
    *("federated_base", "federated_do", "federated_folder", "federated_from"),
    *("federated_leave_one_out", "federated_leave_out", "federated_level", "federated_malicious"),
    *("federated_n", "federated_own", "federated_own_base", "federated_plan", "federated_present"),
    *("federated_questions", "federated_refusals", "federated_rounds", "federated_rule"),
    *("federated_samples", "federated_screened", "federated_seed", "federated_share"),
    *("federated_unlike",),
    *("seen", "severity", "show", "sort", "standing", "state", "target", "topics_of", "verdict"),
    *("view", "whose"),
)


def entered(page: str) -> None:
    """Let the address alone say what a page shows when it is come to from another one.

    Streamlit keeps the values of widgets that are bound to the URL and sets them again where the
    new address does not name them: an earlier search would narrow what a link leads to.
    """
    if st.session_state.get("entered") != page:
        forget()
        st.session_state["entered"] = page


def forget() -> None:
    """Let go of what was chosen, before a link that names all that it wants."""
    for name in BOUND:
        st.session_state.pop(name, None)
