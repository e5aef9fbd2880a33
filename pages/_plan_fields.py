"""Fields for any record of a plan, from `inspector/plans/form.py`: one widget per setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from inspector.errors import PlanError
from inspector.labels import file_name
from inspector.plans.form import Setting, Shape, made, setting_named, settings_of
from inspector.plans.words import VALUES
from pages import _shared as shared

T = TypeVar("T")
Suggestions = Mapping[str, Sequence[str]]


def record(current: T, key: str, wrong: list[str], suggestions: Suggestions | None = None) -> T:
    """Draw every setting of a record; the record with the values entered.

    key: of the widgets. suggestions: by setting, texts to choose from beside typing another. Where
    a value is wrong, that is said below its field in the record's own words and added to `wrong`,
    and the record stays as it was.
    """
    kind = type(current)
    settings = settings_of(kind)
    usual = [s for s in settings if not s.words.expert]
    expert = [s for s in settings if s.words.expert]
    values = {name: getattr(current, name) for name in _fixed(current, settings)}
    places = _fields(usual, current, key, values, suggestions or {})
    if expert:
        with st.expander("Further settings", icon=":material/tune:"):
            places |= _fields(expert, current, key, values, suggestions or {})
    try:
        return made(kind, values)
    except PlanError as error:
        place = places.get(setting_named(error, kind) or "")
        (place or st).error(shared.plain(str(error)), icon=":material/error:")
        wrong.append(str(error))
        return current


def _fixed(current: Any, settings: Sequence[Setting]) -> list[str]:
    """Settings that no form holds, and that stay as they are."""
    shown = {s.name for s in settings}
    return [name for name in current.__dataclass_fields__ if name not in shown]


def _fields(
    settings: Sequence[Setting],
    current: Any,
    key: str,
    values: dict[str, Any],
    suggestions: Suggestions,
) -> dict[str, Any]:
    """Two to a row; fills in `values` and returns the places where something can be said."""
    places = {}
    columns = st.columns(2, gap="medium")
    for number, setting in enumerate(settings):
        place = columns[number % 2].container()
        with place:
            value = getattr(current, setting.name)
            known = suggestions.get(setting.name, ())
            values[setting.name] = _widget(setting, value, f"{key}_{setting.name}", known)
        places[setting.name] = place
    return places


def _widget(setting: Setting, value: Any, key: str, known: Sequence[str]) -> Any:
    words = setting.words
    common: dict[str, Any] = {"key": key, "help": words.help}
    match setting.shape:
        case Shape.FLAG:
            return st.checkbox(words.word, value, **common)
        case Shape.WHOLE:
            hint = "All" if setting.optional else None
            return st.number_input(words.word, value=value, step=1, placeholder=hint, **common)
        case Shape.NUMBER:
            return st.number_input(words.word, value=float(value), format="%g", step=0.1, **common)
        case Shape.CHOICE:
            index = setting.options.index(value)
            return st.selectbox(
                words.word, setting.options, index, format_func=_value_word, **common
            )
        case Shape.CHOICES:
            return st.multiselect(
                words.word, setting.options, value, format_func=_value_word, **common
            )
        case Shape.TEXTS | Shape.WHOLES:
            return st.text_input(words.word, ", ".join(map(str, value)), **common)
        case Shape.TEXT if known:
            options = list(dict.fromkeys([*known, value]))
            return st.selectbox(
                words.word,
                options,
                options.index(value),
                format_func=_file_word,
                accept_new_options=True,
                **common,
            )
        case Shape.TEXT:
            return st.text_input(words.word, value, **common)


def _value_word(option: Any) -> str:
    return VALUES[type(option)][option]


def _file_word(name: str) -> str:
    """A file by its own name; other names as they are."""
    return f"{file_name(name)} (your file)" if Path(name).is_absolute() else name
