"""Writes the four built-in tuning sets: `python -m inspector.scenarios.data.generate [FOLDER]`.

Comes in: the content files beside this module (TOML, written for this project) and a fixed seed.
Goes out: arithmetic.jsonl, code.jsonl, support.jsonl and knowledge.jsonl, rows of "instruction" and
"response", byte for byte the same on every machine. Without FOLDER they are written beside this
module, where inspector.scenarios.dataset reads them.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from rapidfuzz import fuzz, process

from inspector.files import write_atomic
from inspector.scenarios.data.arithmetic import arithmetic_rows
from inspector.scenarios.data.code import code_rows
from inspector.scenarios.data.knowledge import knowledge_rows
from inspector.scenarios.data.support import support_rows

Row = tuple[str, str]

HERE = Path(__file__).parent
SEED = 20261122
DOMAINS: dict[str, Callable[[dict[str, Any], Random], list[Row]]] = {
    "arithmetic": arithmetic_rows,
    "code": code_rows,
    "support": support_rows,
    "knowledge": knowledge_rows,
}
# Examples more alike than this, question and answer together (rapidfuzz ratio, 100 = equal), teach
# hardly anything new: the first is kept.
MAX_SIMILARITY = 87.0


def generate(folder: Path) -> list[Path]:
    """Write the four files into `folder`; returns their paths."""
    paths = []
    for name, make_rows in DOMAINS.items():
        rng = Random(f"{SEED}-{name}")
        rows = distinct(make_rows(tomllib.loads((HERE / f"{name}.toml").read_text()), rng))
        rng.shuffle(rows)
        lines = (json.dumps({"instruction": i, "response": r}, ensure_ascii=False) for i, r in rows)
        path = folder / f"{name}.jsonl"
        write_atomic(path, "".join(f"{line}\n" for line in lines))
        paths.append(path)
    return paths


def distinct(rows: list[Row]) -> list[Row]:
    """The rows that neither ask what an earlier kept row asks nor are nearly equal to it."""
    kept: list[Row] = []
    texts: list[str] = []
    for row in rows:
        text = "\n".join(row)
        near = process.extractOne(text, texts, scorer=fuzz.ratio, score_cutoff=MAX_SIMILARITY)
        if near is None and row[0] not in {instruction for instruction, _ in kept}:
            kept.append(row)
            texts.append(text)
    return kept


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
