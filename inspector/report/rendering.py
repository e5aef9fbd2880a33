"""What one format of the report is: a name, and a function from the model to bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inspector.report.contents import ReportContents


@dataclass(frozen=True)
class Rendering:
    """One entry of RENDERINGS.

    label: as it stands on a button. suffix: of the file, without a dot. is_text: UTF-8 that may go
    to a terminal. render: the same contents give the same bytes. reader: who needs it, and what
    for, in one sentence.
    """

    label: str
    suffix: str
    mime: str
    is_text: bool
    render: Callable[[ReportContents], bytes]
    reader: str
