"""A list of records of one kind: suites, judges, ways to amplify; each changed or removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

from inspector.plans.words import SETTINGS
from inspector.records import Plan
from pages import _plan_fields as fields

T = TypeVar("T")
WORDS = SETTINGS[Plan]


def records(
    name: str,
    current: tuple[T, ...],
    new: T | None,
    key: str,
    wrong: list[str],
    suggestions: fields.Suggestions | None = None,
) -> tuple[T, ...]:
    """The list as its fields have it now, or with one more or one less.

    name: of the plan's setting. new: what is added, None where nothing more can be. wrong: as in
    `fields.record`.
    """
    words = WORDS[name]
    st.markdown(f"**{words.word}**", help=words.help)
    edited = []
    for index, one in enumerate(current):
        own = f"{key}_{name}{index}"
        with st.container(border=True):
            edited.append(fields.record(one, own, wrong, suggestions))
            if button("Remove", ":material/delete:", f"{own}_away"):
                return without(current, index)
    if new is not None and button(
        f"Add to {words.word.lower()}", ":material/add:", f"{key}_{name}"
    ):
        return (*current, new)
    return tuple(edited)


def without(current: Sequence[T], index: int) -> tuple[T, ...]:
    """The list without one of its records."""
    return (*current[:index], *current[index + 1 :])


def button(label: str, icon: str, key: str) -> bool:
    """A quiet button: there are many on the page."""
    return st.button(label, icon=icon, key=key, type="tertiary")
