"""Which plan is on the page.

It is in the URL: `?plan=` a preset or a kept plan, `?off=` the operations that are switched off. So
a reload or a second tab shows the same one.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NoReturn

import streamlit as st

from inspector.errors import BadInput
from inspector.plans import PRESETS
from inspector.plans.kept import keep_plan, named_plan
from inspector.records import Plan
from pages import _shared as shared

EDITION = "plan_edition"


def asked() -> tuple[str, Plan]:
    """The plan that the address names, else that of this session, else the first preset."""
    name = st.query_params.get("plan") or st.session_state.get("plan_name") or PRESETS[0]
    try:
        plan = named_plan(name, shared.settings())
    except BadInput as error:
        st.warning(shared.plain(f"{error} Shown is {PRESETS[0]}."), icon=":material/warning:")
        name, plan = PRESETS[0], named_plan(PRESETS[0], shared.settings())
    _remember(name)
    return name, plan


def _remember(name: str) -> None:
    st.session_state["plan_name"] = name
    if name not in PRESETS:
        st.session_state["own_plan"] = name
    if st.query_params.get("plan", PRESETS[0]) != name:
        st.query_params["plan"] = name


def switched_off(plan: Plan) -> set[str]:
    """The operations of the plan that the address leaves out."""
    return set(st.query_params.get("off", "").split(",")) & {s.name for s in plan.scenarios}


def edition() -> int:
    """Is in the keys of every field: another plan has fields of its own."""
    number: int = st.session_state.setdefault(EDITION, 0)
    return number


def offered() -> dict[str, str]:
    """The plans to choose from, by name, and what each is called: presets, and the last own one."""
    plans = {name: name.capitalize() for name in PRESETS}
    own = st.session_state.get("own_plan")
    if own is not None:
        with suppress(BadInput):  # its file is gone
            plans[own] = named_plan(own, shared.settings()).name
    return plans


def picked() -> None:
    """Another plan was chosen."""
    st.query_params["plan"] = st.session_state["pick_plan"]
    st.query_params.pop("off", None)
    st.session_state[EDITION] = edition() + 1


def take(plan: Plan, off: set[str], anew: bool) -> NoReturn:
    """Make this the plan on the page. anew: its fields are others than those on the page now."""
    st.session_state[EDITION] = edition() + anew
    name = keep_plan(plan, shared.settings())
    st.query_params["plan"] = name
    st.query_params.pop("off", None)
    if off:
        st.query_params["off"] = ",".join(sorted(off))
    _remember(name)
    st.rerun()
