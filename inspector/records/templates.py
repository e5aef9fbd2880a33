"""Chat templates as they stood in the files: kept with the run, for two to be compared later."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Owner(StrEnum):
    """Whose template it is."""

    TARGET = "target"
    OTHER = "other"  # the declared base, or else the control


@dataclass(frozen=True)
class ChatTemplate:
    """One row of RUN/scan/templates.json.

    location: its file. name: `default`, or what the repo calls it. source: the Jinja text, None
    where it cannot be read, for the reason in problem.
    """

    owner: Owner
    location: str
    name: str
    source: str | None
    problem: str = ""
