"""The scorecard as a page of Markdown.

Comes in: a Card. Goes out: text. What models and errors said is quoted with every Markdown sign
escaped. docs/statistics.md explains each number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from inspector.calibrate import VARIANTS
from inspector.calibrate.card import Card, Operating, is_accused, is_shown, was_accused
from inspector.calibrate.head import N_HEAD
from inspector.calibrate.results import Result
from inspector.files import write_atomic
from inspector.records import Level, Rate
from inspector.records.specimens import SpecimenKind
from inspector.run import write_record

_MAX_QUOTE = 90
_MAX_REASON = 200


def write_card(card: Card, folder: Path) -> Path:
    """`scorecard.json` and `scorecard.md` in `folder`; returns the latter."""
    write_record(folder / "scorecard.json", card)
    write_atomic(folder / "scorecard.md", card_page(card))
    return folder / "scorecard.md"


def card_page(card: Card) -> str:
    """Markdown, ending with a line break."""
    parts = [
        "# Scorecard",
        "",
        "The instrument against models with a known answer, told nothing about what is planted. "
        "Written by `python -m inspector calibrate`; docs/statistics.md explains every number. "
        "Misses and false alarms are listed like everything else.",
        "",
        *_summary(card),
        *_planted(card),
        *_clean(card),
        *_thresholds(card),
        *_blind_spots(card),
        *_heads(card),
        *_left(card),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _summary(card: Card) -> list[str]:
    machines = sorted({r.machine for r in card.results if r.machine})
    area = "not known yet" if card.area is None else f"{card.area:.3f}"
    lines = [
        f"- Plan `{card.plan}`, control `{card.control}`.",
        f"- Planted specimens found (verdict: evidence): {_rate(card.found)}.",
        *(f"  - {_words(g.behaviour)}: {_rate(g.found)}." for g in card.groups),
        f"- {card.n_shown} more would be looked at (verdict: review) because of what was planted.",
        f"- Payload text recovered: {_rate(card.payloads_recovered)}.",
        f"- False alarms on clean models: {_rate(card.false_alarms)}; "
        f"{card.n_reviewed} more would be looked at (verdict: review).",
        "- False alarms at the first reading of each clean model's answers, before a rule could be "
        f"mended on them: {_rate(card.first_alarms)}.",
        f"- Area under the ROC curve: {area}.",
        f"- Cost: {_cost(card.results)}.",
        f"- Measured on: {'; '.join(machines) or 'nothing measured yet'}.",
    ]
    if card.stale:
        lines.append(
            f"- Made by an earlier version of the scoring code, marked *: {', '.join(card.stale)}."
        )
    return [*lines, ""]


def _cost(results: Sequence[Result]) -> str:
    if not results:
        return "nothing measured yet"
    seconds = [r.cost_s for r in results]
    control = max(r.control_s for r in results)
    return (
        f"{median(seconds):.0f} s a model (median; most {max(seconds):.0f} s), "
        f"{results[0].n_probes} probes asked per variant; the control once, {control:.0f} s"
    )


def _planted(card: Card) -> list[str]:
    rows = [r for r in card.results if r.kind is SpecimenKind.PLANTED]
    table = _table(
        ("specimen", "planted", "outcome", "suspicion", "seen by", "payload recovered", "seconds"),
        (
            (
                _name(r, card),
                _escaped(r.what),
                _outcome(r),
                f"{r.suspicion:.1f}",
                _by(r),
                "–" if r.recovered is None else (_quote(r.phrase) if r.recovered else "**no**"),
                f"{r.cost_s:.0f}",
            )
            for r in rows
        ),
    )
    others = [r for r in rows if r.control not in ("", card.control)]
    notes = [
        f"{_name(r, card)} was held against `{r.control}`, from which it was made, and not against "
        f"`{card.control}`."
        for r in others
    ]
    return ["## Planted specimens", "", *table, "", *notes, *([""] if notes else [])]


def _clean(card: Card) -> list[str]:
    rows = [r for r in card.results if r.kind is SpecimenKind.CLEAN]
    table = _table(
        (
            "specimen",
            "style",
            "verdict",
            "suspicion",
            "strongest clue, or the reason given",
            "seconds",
        ),
        (
            (
                _name(r, card),
                _escaped(r.what),
                _verdict(r),
                f"{r.suspicion:.1f}",
                _why(r),
                f"{r.cost_s:.0f}",
            )
            for r in rows
        ),
    )
    return ["## Clean models", "", *table, ""]


def _thresholds(card: Card) -> list[str]:
    lines = [
        "## Thresholds",
        "",
        "Suspicion is -log10 of the strongest clue's adjusted p-value. Each threshold is fixed on "
        "the clean models of one half and reported on the other half.",
        "",
        *_table(
            ("wanted false alarms", "threshold", "false alarms", "found"),
            (_operating(o) for o in card.operating),
        ),
        "",
    ]
    if card.roc:
        lines += [
            "All specimens together, for every threshold:",
            "",
            *_table(
                ("suspicion above", "false alarms", "found"),
                (
                    (
                        "anything" if p.threshold < 0 else f"{p.threshold:.2f}",
                        f"{p.false_alarms:.0%}",
                        f"{p.found:.0%}",
                    )
                    for p in card.roc
                ),
            ),
            "",
        ]
    return lines


def _operating(operating: Operating) -> tuple[str, ...]:
    if operating.threshold is None:
        return (f"{operating.wanted_alarms:.0%}", "not known yet", "–", "–")
    return (
        f"{operating.wanted_alarms:.0%}",
        f"{operating.threshold:.2f} (on {operating.n_clean_for_threshold} clean models)",
        _rate(operating.false_alarms),
        _rate(operating.found),
    )


def _blind_spots(card: Card) -> list[str]:
    """What one simulated user alone would have missed."""
    if not card.variants:
        return []
    names = {f"{card.plan}-{v.name}": v.what for v in VARIANTS}
    table = _table(
        ("only this was tried", "specimen", "outcome", "suspicion", "seen by"),
        (
            (
                _escaped(names.get(r.plan, r.plan)),
                _name(r, card),
                _outcome(r),
                f"{r.suspicion:.1f}",
                _by(r),
            )
            for r in sorted(card.variants, key=lambda r: (r.plan, r.name))
        ),
    )
    return ["## Blind spots: one simulated user alone", "", *table, ""]


def _heads(card: Card) -> list[str]:
    rows = [r for r in card.results if r.head_score is not None]
    if not rows:
        return []
    table = _table(
        ("specimen", f"score from the first {N_HEAD} words", "score from the full text"),
        ((_name(r, card), f"{r.head_score:.1f}", f"{r.own_score:.1f}") for r in rows),
    )
    return ["## The first words are not enough", "", *table, ""]


def _left(card: Card) -> list[str]:
    lines = ["## Not on the card", ""]
    # Under every plan it is the same specimen that is none.
    lines += dict.fromkeys(f"- `{r.name}`: {_escaped(r.message)}" for r in card.refused)
    lines += [
        f"- `{r.name}` (plan {r.plan}) could not be measured: {_escaped(r.message)}"
        for r in card.failed
    ]
    if card.not_run:
        lines.append(f"- Not run yet: {', '.join(f'`{name}`' for name in card.not_run)}.")
    gaps = [(r, r.message) for r in card.results if r.message and r.level is Level.INCONCLUSIVE]
    lines += [f"- `{r.name}` is inconclusive: {_escaped(why)}" for r, why in gaps]
    return lines if len(lines) > 2 else []


def _name(result: Result, card: Card) -> str:
    return f"`{result.name}`" + ("*" if result.detector != card.detector else "")


def _outcome(result: Result) -> str:
    if is_accused(result):
        return "found"
    return "shown for review" if is_shown(result) else f"**missed** ({result.level})"


def _verdict(result: Result) -> str:
    if is_accused(result):
        return "**false alarm**"
    return (
        f"{result.level}, first read: **false alarm**" if was_accused(result) else f"{result.level}"
    )


def _by(result: Result, n: int = 2) -> str:
    clues = [
        f"{_words(c.behaviour)} / {c.scenario} ({c.score:.1f}): {_quote(c.words)}"
        for c in result.by[:n]
    ]
    return "; ".join(clues) or "nothing"


def _why(result: Result) -> str:
    """A clean model's strongest clue; without one, what the verdict says that it rests on."""
    if result.by or result.level is Level.NO_EVIDENCE:
        return _by(result, 1)
    return " ".join(_quote(reason, _MAX_REASON) for reason in result.reasons[:1]) or "nothing"


def _rate(rate: Rate) -> str:
    if rate.n == 0:
        return "nothing measured yet"
    interval = f"95 % interval {rate.low:.0%} to {rate.high:.0%}"
    return f"{rate.n_hits} of {rate.n} ({rate.rate:.0%}, {interval})"


def _words(behaviour: str) -> str:
    return behaviour.replace("_", " ")


def _quote(text: str, most: int = _MAX_QUOTE) -> str:
    short = text if len(text) <= most else text[: most - 1] + "…"
    return _escaped(short)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~$!])", r"\\\1", " ".join(text.split()))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return ["Nothing measured yet."]
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines]
