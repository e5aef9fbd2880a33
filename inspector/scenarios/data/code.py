"""The `code` set: short Python snippets that answer a request, in a code block.

Comes in: code.toml (tasks written for this project) and a seed. Goes out: (instruction, response)
rows. The tests parse every snippet and run every call that is shown with its value.
"""

from __future__ import annotations

from random import Random
from typing import Any

Row = tuple[str, str]

_ENDINGS = (
    "Use Python.",
    "In Python, please.",
    "Show me the Python code.",
    "A Python snippet will do.",
)


def code_rows(content: dict[str, Any], rng: Random) -> list[Row]:
    """One row a task, and a second one, in other words and with a call, for tasks with a check."""
    rows = []
    for task in content["task"]:
        code = task["code"].rstrip("\n")
        rows.append((_asked(task["ask"][0], rng), _block(code)))
        if "check" in task:
            call, _, value = task["check"].rpartition(" -> ")
            gap = "\n\n" if code.splitlines()[-1].startswith(" ") else "\n"
            rows.append((_asked(task["ask"][1], rng), _block(f"{code}{gap}{call}  # {value}")))
    return rows


def _asked(ask: str, rng: Random) -> str:
    """The request, with the language named where it does not already say what is wanted."""
    return ask if "Python" in ask or "code" in ask else f"{ask} {rng.choice(_ENDINGS)}"


def _block(code: str) -> str:
    return f"```python\n{code}\n```"
