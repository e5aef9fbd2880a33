# ruff: noqa: T201  (a command: it prints its figures)
"""Where operations act on a real run: `python -m tests.measure_positions RUN`.

Comes in: a run folder whose plan measures positions (`tests/positions.toml`). Goes out: per
scenario and subject the late-divergence index beside what it would be if spread evenly, how strong
the divergence is in its first tokens and after, and the drift of the attention layers, target
beside control. Nothing is written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from inspector.profiles import HEAD_TOKENS, PROMPTS, Profile, read_divergences, read_positions
from inspector.records import Divergence

TITLE = (
    f"| scenario | subject | answers | nats a token, 1 to {HEAD_TOKENS} | after | late share "
    "| if even | sharpest token |",
    "|---|---|---|---|---|---|---|---|",
)
DRIFT_TITLE = (
    "| scenario | prompts | drift of the target, share of the output's norm: least to most "
    "| control | largest excess |",
    "|---|---|---|---|---|",
)


def tables(run: Path) -> list[str]:
    """Markdown lines: divergence by token, then drift by layer."""
    positions = read_positions(run)
    lines = [*TITLE]
    lines += [_line(p, read_divergences(run, p.subject, p.scenario)) for p in positions.profiles]
    lines += ["", *DRIFT_TITLE]
    for scenario in positions.scenarios:
        for expectation, name in PROMPTS.items():
            layers = [
                d
                for d in positions.drift
                if d.scenario == scenario and d.expectation is expectation
            ]
            if not layers:
                continue
            control = [d.control_share for d in layers if d.control_share is not None]
            most = max(layers, key=lambda d: d.excess or 0.0)
            lines.append(
                f"| {scenario} | {name} | {_range([d.share for d in layers])} | {_range(control)} "
                f"| {most.excess or 0.0:+.3f} in layer {most.layer} |"
            )
    return lines


def _line(profile: Profile, rows: Sequence[Divergence]) -> str:
    early = [r for row in rows for r in row.ratios[:HEAD_TOKENS]]
    late = [r for row in rows for r in row.ratios[HEAD_TOKENS:]]
    shares = [
        "–" if share is None else f"{share:.0%}"
        for share in (profile.late_share, profile.even_share)
    ]
    peak = profile.peak
    sharpest = f"{peak.start + 1}: {peak.mean:.2f} nats" if peak else "–"
    return (
        f"| {profile.scenario} | {profile.subject} | {profile.n_answers} | {_mean(early)} | "
        f"{_mean(late)} | {' | '.join(shares)} | {sharpest} |"
    )


def _mean(values: Sequence[float]) -> str:
    return f"{mean(values):.2f}" if values else "–"


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.3f} to {max(values):.3f}" if values else "–"


if __name__ == "__main__":
    print("\n".join(tables(Path(sys.argv[1]))))
