"""The report as JSON, and its own hash.

Comes in: ReportContents. Goes out: one JSON document whose `sha256` is SHA-256 over the canonical
JSON of all the rest: keys sorted, no white space, UTF-8, nothing escaped that need not be (the
choices of RFC 8785 as far as Python's numbers allow). Anyone can check it without the inspector:

    import hashlib, json
    report = json.load(open("report.json"))
    said = report.pop("sha256")
    text = json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert said == hashlib.sha256(text.encode()).hexdigest()
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from math import isfinite
from typing import Any

from pydantic import TypeAdapter

from inspector.report.contents import ReportContents
from inspector.report.visible import without_surrogates


def canonical(document: dict[str, Any]) -> str:
    """The text that the hash is taken over, `sha256` left out."""
    rest = {key: value for key, value in document.items() if key != "sha256"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sealed(contents: ReportContents) -> ReportContents:
    """The same contents with their hash."""
    text = canonical(_document(contents))
    return replace(contents, sha256=hashlib.sha256(text.encode()).hexdigest())


def render_json(contents: ReportContents) -> bytes:
    """The document, keys sorted, indented: the same contents give the same bytes."""
    text = json.dumps(_document(contents), sort_keys=True, indent=1, ensure_ascii=False)
    return f"{text}\n".encode()


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    found = _adapter().json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _document(contents: ReportContents) -> dict[str, Any]:
    """The contents as plain data. Half a surrogate pair, which has no UTF-8, is named."""
    plain: dict[str, Any] = _mended(_adapter().dump_python(contents, mode="json"))
    return plain


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, float) and not isfinite(value):
        return None  # JSON has no such numbers
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list) else value


@cache
def _adapter() -> TypeAdapter[ReportContents]:
    return TypeAdapter(ReportContents)
