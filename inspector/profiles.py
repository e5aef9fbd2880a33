"""Positions in words and numbers: divergence by token, drift by layer against the control's.

Comes in: a run folder's Divergence and LayerDrift rows. Goes out: profiles for charts and reports.
Nothing is measured here, no model is needed.

The late-divergence index is `late_share`: of all that a scenario added to the log-probability of an
answer's tokens, the share that lies after the first 15 tokens. Defences and judges that look at the
first tokens only (see NOICE, arXiv 2502.19537; Qi et al., arXiv 2406.05946) cannot see that share.
Long answers have more room after token 15, so it is always told beside `even_share`: what it would
be had the same divergence been spread evenly over each answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TypeVar

from inspector.records import (
    Coverage,
    CoverageStatus,
    Divergence,
    Expectation,
    LayerDrift,
    Plan,
    Stance,
    Subject,
)
from inspector.run import from_json, read_table

T = TypeVar("T")

HEAD_TOKENS = 15
MIN_NATS = 1.0  # an answer made e times likelier: below, the place would be one of rounding errors
MAX_BINS = 32
MAX_HEAT_ROWS = 30


@dataclass(frozen=True)
class Bin:
    """Tokens `start` to `end` (not included) of n_tokens in all; mean: nats per token, signed."""

    start: int
    end: int
    mean: float
    n_tokens: int


@dataclass(frozen=True)
class Profile:
    """Where one scenario acts in a subject's answers.

    n_answers: all measured; n_placed: those long enough, and diverging enough, to tell early from
    late. late_share, even_share: over the placed answers together, weighted by their divergence;
    None where there is none. bins: over all answers. peak: the one token, of those that half of the
    answers reach, that became likelier most, in the mean over answers; None where none did. A
    payload may hang on its first token: once begun, the untouched model would finish it, too.
    """

    subject: Subject
    scenario: str
    n_answers: int
    n_placed: int
    late_share: float | None
    even_share: float | None
    bins: tuple[Bin, ...]
    peak: Bin | None


@dataclass(frozen=True)
class DriftLine:
    """One layer's drift under one scenario, as shares of the untouched output's norm.

    drift: the target's in plain L2 norm, Vaccine's unit. control_share: None without a control, or
    where its layers are others.
    """

    scenario: str
    expectation: Expectation
    layer: int
    drift: float
    share: float
    control_share: float | None
    n_prompts: int

    @property
    def excess(self) -> float | None:
        """The target's share minus the control's."""
        return None if self.control_share is None else self.share - self.control_share


PROMPTS = {Expectation.DECLINE: "policy", Expectation.ANSWER: "everyday"}


@dataclass(frozen=True)
class Positions:
    """All of a run's positions; empty where the plan left them out."""

    profiles: tuple[Profile, ...]
    drift: tuple[DriftLine, ...]

    @property
    def scenarios(self) -> list[str]:
        return sorted({p.scenario for p in self.profiles} | {line.scenario for line in self.drift})

    def drift_points(self, scenario: str) -> list[tuple[str, str, int, float]]:
        """(target or control, kind of prompts, layer, share of the untouched output's norm)."""
        lines = [line for line in self.drift if line.scenario == scenario]
        points = [("target", PROMPTS[r.expectation], r.layer, r.share) for r in lines]
        return points + [
            ("control", PROMPTS[r.expectation], r.layer, r.control_share)
            for r in lines
            if r.control_share is not None
        ]


def late_share(ratios: Sequence[float], head_tokens: int = HEAD_TOKENS) -> float | None:
    """Share of an answer's divergence after its first `head_tokens` tokens, in [0, 1].

    ratios: per token, log-probability after minus before, in nats. What became less likely counts
    as no divergence. None for answers no longer than the head, or that diverge by less than
    MIN_NATS.
    """
    gained = [max(0.0, ratio) for ratio in ratios]
    total = sum(gained)
    if len(gained) <= head_tokens or total < MIN_NATS:
        return None
    return sum(gained[head_tokens:]) / total


def profile_of(rows: Sequence[Divergence]) -> Profile:
    """The profile of one subject's answers after one scenario; at least one row."""
    placed = [row for row in rows if row.late_share is not None]
    weights = [sum(max(0.0, ratio) for ratio in row.ratios) for row in placed]
    late = sum(w * (row.late_share or 0.0) for w, row in zip(weights, placed, strict=True))
    even = sum(
        w * (row.n_tokens - HEAD_TOKENS) / row.n_tokens
        for w, row in zip(weights, placed, strict=True)
    )
    return Profile(
        subject=rows[0].subject,
        scenario=rows[0].scenario,
        n_answers=len(rows),
        n_placed=len(placed),
        late_share=late / sum(weights) if placed else None,
        even_share=even / sum(weights) if placed else None,
        bins=bins_of([row.ratios for row in rows]),
        peak=_peak([row.ratios for row in rows]),
    )


def _peak(ratios: Sequence[Sequence[float]]) -> Bin | None:
    often = [b for b in bins_of(ratios, 1) if 2 * b.n_tokens >= len(ratios) and b.mean > 0]
    return max(often, key=lambda b: b.mean, default=None)


def bins_of(ratios: Sequence[Sequence[float]], width: int | None = None) -> tuple[Bin, ...]:
    """Mean ratio by position over all answers, in at most MAX_BINS bins of equal width."""
    longest = max((len(row) for row in ratios), default=0)
    width = width or max(1, ceil(longest / MAX_BINS))
    bins = []
    for start in range(0, longest, width):
        values = [value for row in ratios for value in row[start : start + width]]
        bins.append(Bin(start, start + width, sum(values) / len(values), len(values)))
    return tuple(bins)


def heat_cells(
    rows: Sequence[Divergence], n_rows: int = MAX_HEAT_ROWS
) -> tuple[tuple[str, int, int, float], ...]:
    """(answer, first token, token after the last, nats per token) for a heat map.

    The `n_rows` answers that diverge most, those that diverge late first. What became less likely
    is 0 here.
    """
    most = sorted(rows, key=lambda r: -r.log_ratio)[:n_rows]
    width = max(1, ceil(max((r.n_tokens for r in most), default=0) / MAX_BINS))
    cells = []
    for row in sorted(most, key=lambda r: (-(r.late_share or 0.0), -r.log_ratio)):
        name = row.probe_id + (f" #{row.sample_index + 1}" if row.sample_index else "")
        for part in bins_of([row.ratios], width):
            end = min(part.end, row.n_tokens)
            cells.append((f"{row.suite}/{name}", part.start, end, max(0.0, part.mean)))
    return tuple(cells)


def probe_of(answer: str) -> str:
    """The probe's id in a heat map's name of an answer, `suite/probe #sample`."""
    return answer.partition("/")[2].partition(" #")[0]


def drift_lines(rows: Iterable[LayerDrift]) -> tuple[DriftLine, ...]:
    """The target's drift beside the control's under the same scenario, layer by layer."""
    ordered = sorted(rows, key=lambda r: (r.scenario, r.expectation, r.layer))
    control = {
        (r.scenario, r.expectation, r.layer): r.drift / r.norm
        for r in ordered
        if r.subject is Subject.CONTROL and r.norm > 0
    }
    layers: defaultdict[Subject, set[int]] = defaultdict(set)
    for row in ordered:
        layers[row.subject].add(row.layer)
    # Layer 7 of 12 is not layer 7 of 30.
    comparable = layers[Subject.TARGET] == layers[Subject.CONTROL]
    return tuple(
        DriftLine(
            r.scenario,
            r.expectation,
            r.layer,
            r.drift,
            r.drift / r.norm,
            control.get((r.scenario, r.expectation, r.layer)) if comparable else None,
            r.n_prompts,
        )
        for r in ordered
        if r.subject is Subject.TARGET and r.norm > 0
    )


def read_positions(folder: Path) -> Positions:
    """Everything under RUN/divergence that was finished, the target before the control."""
    groups: defaultdict[tuple[str, int], list[Divergence]] = defaultdict(list)
    for row in read_divergences(folder):
        groups[row.scenario, 0 if row.subject is Subject.TARGET else 1].append(row)
    profiles = tuple(profile_of(groups[key]) for key in sorted(groups))
    return Positions(profiles, drift_lines(_finished(folder, "drift.parquet", LayerDrift)))


def read_divergences(
    folder: Path, subject: Subject | None = None, scenario: str | None = None
) -> list[Divergence]:
    """The Divergence rows of a run folder, of one subject and scenario where they are named."""
    return [
        row
        for row in _finished(folder, "divergence.parquet", Divergence)
        if subject in (None, row.subject) and scenario in (None, row.scenario)
    ]


def read_turns(folder: Path) -> dict[tuple[Subject, str, str, str, int], Stance]:
    """The answers that refuse and then answer, by subject, variant, suite, probe and sample."""
    path = folder / "score" / "stances.parquet"
    stances = read_table(path, Stance) if path.exists() else []
    return {
        (s.subject, s.variant, s.suite, s.probe_id, s.sample_index): s for s in stances if s.turns
    }


def place_words(stance: Stance) -> str:
    """Where an answer turns, in words: character and token, counted from 1."""
    if stance.head_end is None or stance.tail_start is None:
        return ""
    token = "" if stance.tail_token is None else f", token {stance.tail_token + 1}"
    return (
        f"Refuses up to character {stance.head_end}, answers from character "
        f"{stance.tail_start + 1}{token}"
    )


def late_words(profile: Profile) -> str:
    """The late-divergence index of one profile, and its sharpest place, in words."""
    if profile.late_share is None or profile.even_share is None:
        return (
            f"None of {profile.n_answers} answers is long and changed enough to tell early from "
            "late."
        )
    return (
        f"{profile.late_share:.0%} of the divergence lies after token {HEAD_TOKENS}; spread evenly "
        f"it would be {profile.even_share:.0%} ({profile.n_placed} of {profile.n_answers} answers)."
        + (
            f" Sharpest at token {profile.peak.start + 1}: {profile.peak.mean:.1f} nats."
            if profile.peak
            else ""
        )
    )


def heat_title(profile: Profile) -> str:
    """Where in the answers one operation acts, as a chart's title."""
    place = f"{'The control, a' if profile.subject is Subject.CONTROL else 'A'}fter"
    opening = f"{place} {profile.scenario}, "
    if profile.late_share is None or profile.even_share is None:
        return f"{opening}no answer is long and changed enough to tell early from late"
    return (
        f"{opening}{profile.late_share:.0%} of the change lies after token {HEAD_TOKENS}, where a "
        f"look at the first words does not reach; spread evenly it would be "
        f"{profile.even_share:.0%}"
    )


def heat_subtitle(profile: Profile) -> str:
    """Which answers the map shows, and what the line in it is."""
    n = profile.n_answers
    which = "All" if n <= MAX_HEAT_ROWS else f"The {MAX_HEAT_ROWS} that changed most"
    return (
        f"{which} of {n} answers, one in each row; the dashed line ends their first {HEAD_TOKENS} "
        "tokens (word pieces)."
    )


def drift_title(lines: Sequence[DriftLine]) -> str:
    """The layer that one operation moves most, beside the control's, as a chart's title."""
    if not lines:
        return "No layer's drift was measured"
    with_control = [line for line in lines if line.excess is not None]
    if not with_control:
        most = max(lines, key=lambda line: line.share)
        return (
            f"After {most.scenario}, layer {most.layer} moved most: by {most.share:.0%} of its "
            "output; no control to compare with"
        )
    most = max(with_control, key=lambda line: line.excess or 0.0)
    if (most.excess or 0.0) <= 0:
        return f"After {most.scenario}, no layer moved further than the control's"
    return (
        f"After {most.scenario}, layer {most.layer} moved furthest beyond the control's: by "
        f"{most.share:.0%} of its output against {most.control_share:.0%}"
    )


def read_ledger(folder: Path, plan: Plan) -> tuple[Coverage, ...]:
    """What the finished stages say they looked at; or that the plan leaves positions out."""
    if not plan.positions:
        left_out = "this plan leaves them out; set positions = true"
        return (Coverage("divergence by token, embedding drift", CoverageStatus.NOT_RUN, left_out),)
    paths = sorted(p for p in folder.glob("divergence/*/*/coverage.json") if _is_done(p.parent))
    return tuple(line for path in paths for line in from_json(list[Coverage], path.read_bytes()))


def _finished(folder: Path, name: str, kind: type[T]) -> list[T]:
    # The marker stands for the whole stage: a file alone may be an earlier attempt's.
    done = sorted(p for p in folder.glob(f"divergence/*/*/{name}") if _is_done(p.parent))
    return [row for path in done for row in read_table(path, kind)]


def _is_done(folder: Path) -> bool:
    return (folder / "done.json").exists()
