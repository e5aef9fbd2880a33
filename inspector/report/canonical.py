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
from typing import Any

from inspector.report.contents import ReportContents
from inspector.run import to_json


def canonical(document: dict[str, Any]) -> str:
    """The text that the hash is taken over, `sha256` left out."""
    rest = {key: value for key, value in document.items() if key != "sha256"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sealed(contents: ReportContents) -> ReportContents:
    """The same contents with their hash."""
    text = canonical(json.loads(to_json(contents)))
    return replace(contents, sha256=hashlib.sha256(text.encode()).hexdigest())


def render_json(contents: ReportContents) -> bytes:
    """The document, keys sorted, indented: the same contents give the same bytes."""
    document = json.loads(to_json(contents))
    text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False)
    return f"{text}\n".encode()
