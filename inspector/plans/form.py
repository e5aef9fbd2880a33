"""The fields of a form for any record of a plan, made from the record itself.

Comes in: a record's type. Goes out: one Setting per field that a form can hold, with its words and
the shape of its value; and the record made from a form's values. What is allowed is for the record
to say: `made` raises its PlanError, and `setting_named` tells at which field to show it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from inspector.errors import PlanError
from inspector.plans.words import SETTINGS, Words

T = TypeVar("T")


class Shape(StrEnum):
    """What kind of value a setting has, and so which widget it gets."""

    WHOLE = "whole number"
    NUMBER = "number"
    FLAG = "yes or no"
    CHOICE = "one of a list"
    CHOICES = "several of a list"
    TEXT = "text"
    TEXTS = "texts"
    WHOLES = "whole numbers"


@dataclass(frozen=True)
class Setting:
    """One field. options: of a choice. optional: whether it may be left empty (None)."""

    name: str
    shape: Shape
    words: Words
    options: tuple[StrEnum, ...] = ()
    optional: bool = False


def settings_of(kind: type) -> tuple[Setting, ...]:
    """The settings of a record that hold one value each, those for experts last.

    Fields that are records themselves, or lists of them, are edited each for itself; a field with
    one possible value (`operation`) is no setting. Raises TypeError for a type no form knows.
    """
    hints = get_type_hints(kind)
    found = [
        setting
        for f in fields(kind)
        if (setting := _setting(kind, f.name, hints[f.name])) is not None
    ]
    return tuple(sorted(found, key=lambda setting: setting.words.expert))


def _setting(kind: type, name: str, hint: Any) -> Setting | None:
    options = [a for a in get_args(hint) if a is not NoneType]
    optional = get_origin(hint) in (Union, UnionType) and len(options) < len(get_args(hint))
    if optional and len(options) == 1:
        hint = options[0]
    if get_origin(hint) is Literal or _is_nested(hint):
        return None
    words = SETTINGS[kind][name]
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if item is str:
            return Setting(name, Shape.TEXTS, words)
        if item is int:
            return Setting(name, Shape.WHOLES, words)
        return Setting(name, Shape.CHOICES, words, tuple(item))
    if issubclass(hint, StrEnum):
        return Setting(name, Shape.CHOICE, words, tuple(hint))
    shapes = {bool: Shape.FLAG, int: Shape.WHOLE, float: Shape.NUMBER, str: Shape.TEXT}
    if hint not in shapes:
        raise TypeError(f"No form knows how to show {kind.__name__}.{name}, which is {hint}.")
    return Setting(name, shapes[hint], words, optional=optional)


def _is_nested(hint: Any) -> bool:
    """A record, a list of records, or one of several kinds of them."""
    inner = get_args(hint) or (hint,)
    return any(_is_nested(a) if get_args(a) else hasattr(a, "__dataclass_fields__") for a in inner)


def made(kind: type[T], values: Mapping[str, Any]) -> T:
    """The record with these values; raises its own PlanError where one is out of range.

    Texts lose the blanks around them; a list of texts may be given as one, with commas between.
    """
    given = dict(values)
    for setting in settings_of(kind):
        value = given.get(setting.name)
        if setting.shape is Shape.TEXTS and isinstance(value, str):
            given[setting.name] = tuple(p for part in value.split(",") if (p := part.strip()))
        elif setting.shape is Shape.WHOLES and isinstance(value, str):
            given[setting.name] = _wholes(setting.name, value)
        elif isinstance(value, str) and setting.shape is Shape.TEXT:
            given[setting.name] = value.strip()
        elif setting.shape is Shape.CHOICES and value is not None:
            given[setting.name] = tuple(value)
        elif value is None and setting.name in given and not setting.optional:
            raise PlanError(f"{setting.name} is empty; give a value.")
    return kind(**given)


def _wholes(name: str, text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tuple(int(part) for part in parts)
    except ValueError:
        raise PlanError(
            f"{name} is {text!r}; give whole numbers with commas between, or nothing."
        ) from None


def setting_named(error: PlanError, kind: type) -> str | None:
    """The setting that a record's message is about, None where it names none.

    Messages name a setting as the record does; the first one named is the one that is wrong.
    """
    said = re.sub(r"^Scenario [a-z0-9._-]+: ", "", str(error))
    if said.startswith("The scenario name"):
        return "name"
    names = [setting.name for setting in settings_of(kind)]
    places = {name: found.start() for name in names if (found := re.search(rf"\b{name}\b", said))}
    return min(places, key=lambda name: places[name]) if places else None
