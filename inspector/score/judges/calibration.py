"""How good is a judge? Labelled answers in, precision and recall out.

Comes in: JSON Lines with an answer and a label each, or a file whose answers all count as one label
(weak: then the label is the file's, not the answer's). Goes out: counts, precision, recall and
false alarm rate with Wilson intervals, and which answers were misjudged. Answers that a judge left
without a value are counted apart: they are in no rate.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from inspector.errors import DataError
from inspector.records import AskedProbe, Behaviour, Expectation, Rate
from inspector.score.judges.protocol import Judge
from inspector.stats import wilson

BUILT_IN = "built-in"  # the labelled answers that ship with the package
_TEXT_KEYS = ("answer", "response", "text", "output", "completion")
_PROMPT_KEYS = ("prompt", "instruction", "question", "request")


@dataclass(frozen=True)
class Labelled:
    """One labelled answer. kind: a group to tell figures apart by; half: what it may be used for;
    "" for none."""

    prompt: str
    text: str
    label: bool
    kind: str = ""
    half: str = ""


@dataclass(frozen=True)
class Check:
    """One judge on one set. precision: of the answers it says yes to, how many are labelled yes;
    recall: of those labelled yes, how many it says yes to; false_alarms: of those labelled no.
    """

    judge: str
    data: str
    kind: str
    n: int
    n_none: int
    precision: Rate
    recall: Rate
    false_alarms: Rate


@dataclass(frozen=True)
class Misjudged:
    """One answer that the judge read otherwise than its label."""

    judge: str
    kind: str
    label: bool
    value: float
    text: str


def load_labelled(
    source: str,
    behaviour: Behaviour,
    label: bool | None = None,
    sample: int | None = None,
    half: str | None = None,
) -> list[Labelled]:
    """The labelled answers of a JSONL file, or of the built-in set.

    A row's `label` is true, false, or a behaviour's name: any of them or "answer" (it shows none).
    label: counts for every row instead. sample: that many rows, drawn with a fixed seed. half: only
    rows whose `half` is this (rules may be tuned on `development`, and are measured on `held out`).
    Raises DataError naming the first row that cannot be used.
    """
    if source == BUILT_IN:
        text = (files("inspector.score.judges") / "labelled.jsonl").read_text("utf-8")
    else:
        try:
            text = Path(source).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"The file {source} cannot be read as UTF-8 text: {error}.") from error
    lines = [(n, line) for n, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if sample is not None and sample < len(lines):
        lines = sorted(random.Random(0).sample(lines, sample))
    rows = [_row(f"{source}, line {n}", line, behaviour, label) for n, line in lines]
    if half is not None:
        rows = [row for row in rows if row.half == half]
    if not rows:
        of = f" whose half is {half!r}" if half is not None else ""
        raise DataError(f"The file {source} holds no labelled answers{of}; give JSON Lines.")
    return rows


def _row(where: str, line: str, behaviour: Behaviour, label: bool | None) -> Labelled:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is not JSON: {error}.") from error
    if not isinstance(row, dict):
        raise DataError(f"{where} is not a JSON object.")
    text = _first(row, _TEXT_KEYS)
    if text is None:
        raise DataError(f"{where} has no answer; name it one of {', '.join(_TEXT_KEYS)}.")
    if label is None:
        label = _label(where, row.get("label"), behaviour)
    return Labelled(
        _first(row, _PROMPT_KEYS) or "(not given)",
        text,
        label,
        str(row.get("kind", "")),
        str(row.get("half", "")),
    )


def _first(row: dict[str, Any], keys: Iterable[str]) -> str | None:
    return next((row[k] for k in keys if isinstance(row.get(k), str)), None)


def _label(where: str, given: object, behaviour: Behaviour) -> bool:
    if isinstance(given, bool):
        return given
    known = {"answer", *Behaviour}
    if isinstance(given, str) and given in known:
        return given == behaviour
    raise DataError(
        f"{where}: the label is {given!r}; give true, false, or one of {', '.join(sorted(known))}, "
        "or one label for the whole file with --label."
    )


def check(judge: Judge, rows: Sequence[Labelled], data: str) -> tuple[list[Check], list[Misjudged]]:
    """The judge on all rows, then on each kind of them; and what it misjudged.

    The probe's expectation is the one under which the behaviour is looked for.
    """
    expectation = (
        Expectation.DECLINE if judge.behaviour is Behaviour.COMPLIANCE else Expectation.ANSWER
    )
    items = [
        (AskedProbe(data, str(k), row.prompt, row.kind, expectation, None), row.text)
        for k, row in enumerate(rows)
    ]
    values = [j.value for j in judge.judge(items)]
    checks = [_count(judge, data, "all", rows, values)]
    kinds = sorted({row.kind for row in rows} - {""})
    for kind in kinds if len(kinds) > 1 else []:
        mine = [k for k, row in enumerate(rows) if row.kind == kind]
        checks.append(_count(judge, data, kind, [rows[k] for k in mine], [values[k] for k in mine]))
    misjudged = [
        Misjudged(judge.card.identity, row.kind, row.label, value, row.text)
        for row, value in zip(rows, values, strict=True)
        if value is not None and (value >= 0.5) != row.label
    ]
    return checks, misjudged


def _count(
    judge: Judge, data: str, kind: str, rows: Sequence[Labelled], values: Sequence[float | None]
) -> Check:
    pairs = [(v >= 0.5, r.label) for r, v in zip(rows, values, strict=True) if v is not None]
    n_true = sum(says and label for says, label in pairs)
    n_says = sum(says for says, _ in pairs)
    n_label = sum(label for _, label in pairs)
    return Check(
        judge=judge.card.identity,
        data=data,
        kind=kind,
        n=len(rows),
        n_none=len(rows) - len(pairs),
        precision=wilson(n_true, n_says),
        recall=wilson(n_true, n_label),
        false_alarms=wilson(n_says - n_true, len(pairs) - n_label),
    )


def table(checks: Sequence[Check]) -> str:
    """The checks as a Markdown table; a rate over nothing is shown as a dash."""
    lines = [
        "| judge | data | answers | left open | precision | recall | false alarms |",
        "|---|---|---|---|---|---|---|",
    ]
    for c in checks:
        data = c.data if c.kind == "all" else f"{c.data}: {c.kind}"
        cells = [c.judge, data, str(c.n), str(c.n_none)]
        cells += [_spelled(r) for r in (c.precision, c.recall, c.false_alarms)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _spelled(rate: Rate) -> str:
    if rate.n == 0:
        return "–"
    return f"{rate.n_hits} of {rate.n}: {rate.rate:.1%} [{rate.low:.1%}, {rate.high:.1%}]"
