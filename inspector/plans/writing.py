"""A plan as the text of a plan file: the inverse of `load_plan`.

Comes in: a Plan. Goes out: TOML that `load_plan` reads back as the same Plan. Settings that have
their default value are left out, as in the presets. TOML 1.0: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import json
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from typing import Any

from inspector.records import Plan


def to_toml(plan: Plan) -> str:
    """The whole plan; nothing that it holds can become a key or a table of its own."""
    lines = [f"{f.name} = {_value(v)}" for f, v in _given(plan) if not _is_table(v)]
    tables = [(f.name, v) for f, v in _given(plan) if _is_table(v)]
    for name, value in tables:
        for record in value if isinstance(value, tuple) else (value,):
            lines += ["", f"[[{name}]]" if isinstance(value, tuple) else f"[{name}]"]
            lines += [f"{f.name} = {_value(v)}" for f, v in _given(record)]
    return "\n".join(lines) + "\n"


def _given(record: Any) -> list[tuple[Field[Any], Any]]:
    """The fields whose value is not the default; an operation always says which one it is."""
    pairs = [(f, getattr(record, f.name)) for f in fields(record)]
    return [
        (f, v) for f, v in pairs if f.name == "operation" or (v is not None and v != _default(f))
    ]


def _default(f: Field[Any]) -> Any:
    return f.default_factory() if f.default_factory is not MISSING else f.default


def _is_table(value: Any) -> bool:
    return is_dataclass(value) or (isinstance(value, tuple) and any(map(is_dataclass, value)))


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case StrEnum():
            return _text(value.value)
        case str():
            return _text(value)
        case tuple():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            return repr(value)


def _text(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which JSON allows as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
