"""The results as a page and as data: `screening.md` and `screening.json`.

Comes in: the rows that were measured. Goes out: tables with intervals, failures and rows not yet
run among them; nothing is left out that was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.files import write_atomic
from inspector.records import Rate
from inspector.run import to_json

if TYPE_CHECKING:
    from tests.measure_screening import Measured, World

TARGET_AT_K = 0.9
TARGET_POINTS = 0.02


def write_table(world: World, found: Sequence[Measured], out: Path) -> None:
    """Both files anew."""
    write_atomic(out / "screening.json", to_json(tuple(found)) + "\n")
    write_atomic(out / "screening.md", "\n".join(page(world, found)) + "\n")


def page(world: World, found: Sequence[Measured]) -> list[str]:
    """Markdown lines."""
    by_name = {m.name: m for m in found}
    waiting = [row for row in world.rows if row.name not in by_name]
    lines = [
        "# Screening: what it finds, misses and costs",
        "",
        "Written by `python -m tests.measure_screening`; do not edit. Each row is one file in "
        "`screening/`, reused while settings, data, code and library versions are the same. "
        "docs/screening.md says what the words mean.",
        "",
        f"Model: {world.target}. " + _machines(found),
        "",
    ]
    lines += _detection([m for m in found if m.name.startswith("detection")])
    lines += _removal([m for m in found if m.name.startswith("removal")])
    lines += _cost([m for m in found if m.name.startswith("cost")])
    lines += _memory([m for m in found if m.name.startswith("memory")])
    lines += _where_it_fails(found)
    lines += ["## Not yet run", ""]
    lines += [f"- `{row.name}`" for row in waiting] or ["Every row was run."]
    return lines


def _detection(found: Sequence[Measured]) -> list[str]:
    lines = [
        "## Are the planted examples found?",
        "",
        "At k: planted examples among the first k, k being how many were planted (Wilson 95 %). "
        "Average precision with a bootstrap interval. Flagged: what the ranker's rule marks; its "
        "precision, and the share of the planted that it marks. Minutes: of ranking, beside "
        "whatever else ran on the machine.",
        "",
        "| set | behaviour before, after | ranker | at k | average precision | flagged, precision "
        "| recall | minutes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for m in found:
        title = f"{_title(m.name)}, {m.n_planted} of {m.n}"
        if m.problem:
            lines.append(f"| {title} | | | not ranked: {m.problem} | | | | |")
        for r in m.ranked:
            f = r.figures
            precision = _rate(f.flagged_precision) if f.flagged_precision.n else "none"
            lines.append(
                f"| {title} | {_short(m.before)}, {_short(m.after)} | {r.way} | {_rate(f.at_k)} | "
                f"{f.average_precision:.2f} ({f.ap_low:.2f} to {f.ap_high:.2f}) | "
                f"{f.flagged_precision.n}, {precision} | {_rate(f.recall)} | "
                f"{r.elapsed_s / 60:.1f} |"
            )
    return [*lines, ""]


def _removal(found: Sequence[Measured]) -> list[str]:
    lines = [
        "## Does leaving the top-ranked out end the behaviour?",
        "",
        "Clean: trained without everything that was planted. Random: mean of the draws with its "
        "95 % interval (Student's t).",
        "",
        "| set | before | after | without the top k | clean | without k at random | p |",
        "|---|---|---|---|---|---|---|",
    ]
    for m in found:
        title = f"{_title(m.name)}, {m.n_planted} of {m.n}"
        if m.removal is None:
            lines.append(f"| {title} | | | not done: {m.problem} | | | |")
            continue
        r = m.removal
        lines.append(
            f"| {title} | {_short(r.before)} | {_short(r.after)} | {_rate(r.without.rate)} | "
            f"{_rate(m.clean)} | {r.random_mean:.2f} ({r.random_low:.2f} to {r.random_high:.2f}), "
            f"{len(r.random)} draws | {r.p_value:.2f} |"
        )
    return [*lines, ""]


def _cost(found: Sequence[Measured]) -> list[str]:
    lines = [
        "## What it costs as the set grows",
        "",
        "A whole screening (tuning, asking, EK-FAC) in a process of its own.",
        "",
        "| examples | minutes | peak memory |",
        "|---|---|---|",
    ]
    for m in sorted(found, key=lambda m: m.n):
        told = m.problem or f"{m.minutes:.1f}"
        memory = f"{m.peak_memory_bytes / 1e9:.2f} GB" if m.peak_memory_bytes else ""
        lines.append(f"| {m.n} | {told} | {memory} |")
    return [*lines, ""]


def _memory(found: Sequence[Measured]) -> list[str]:
    lines = [
        "## Memory without a model",
        "",
        "Reading the set and TF-IDF over it, in a process of its own: what grows with the rows.",
        "",
        "| rows | minutes | peak memory |",
        "|---|---|---|",
    ]
    for m in sorted(found, key=lambda m: m.n):
        lines.append(f"| {m.n} | {m.minutes:.1f} | {m.peak_memory_bytes / 1e6:.0f} MB |")
    return [*lines, ""]


def _where_it_fails(found: Sequence[Measured]) -> list[str]:
    """Every row that misses a target, or could not be measured, in a sentence."""
    told = []
    for m in found:
        if m.problem:
            told.append(f"- {_title(m.name)}: {m.problem}")
        for r in m.ranked:
            if r.way == "ekfac" and r.figures.at_k.rate < TARGET_AT_K:
                told.append(
                    f"- {_title(m.name)}: {_rate(r.figures.at_k)} at k, below {TARGET_AT_K:g}."
                )
        if m.removal is not None and m.clean is not None:
            apart = m.removal.without.rate.rate - m.clean.rate
            if apart > TARGET_POINTS:
                told.append(
                    f"- {_title(m.name)}: without the top k the behaviour stays {apart:.0%} above "
                    "clean training."
                )
    n_aimed = sum(bool(m.ranked) or m.removal is not None for m in found)
    nothing = f"Of the rows that could miss, {n_aimed} measured by now, none misses"
    return ["## Where it fails", "", *(told or [f"{nothing} its target."]), ""]


def _machines(found: Sequence[Measured]) -> str:
    machines = sorted({m.machine for m in found})
    return f"Measured on {'; '.join(machines)}." if machines else "Nothing was measured yet."


def _title(name: str) -> str:
    _, rest = name.split("-", 1)
    kind, _, share = rest.rsplit("-", 2)
    return f"{kind} {share} %"


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return ""
    return f"{rate.rate:.2f} ({rate.low:.2f} to {rate.high:.2f}), n = {rate.n}"


def _short(rate: Rate | None) -> str:
    return "" if rate is None else f"{rate.n_hits} of {rate.n}"
