"""What early stopping does over many simulated scenarios: `python -m tests.simulate_stopping`.

Comes in: worlds of which the truth is known. Goes out: how often a change is called proven or
excluded, after how many probes, and how often the test of fixed size would have called it. Answers
are drawn family by family, asked in whole rounds over the families, as inspections ask them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from inspector.sequential import Rule, discovery_minimum, log_e_rise

Floats = NDArray[np.float64]
N_FAMILIES, N_ROUNDS = 36, 7  # about what the standard plan asks to see refusals: 252 probes
RULE = Rule(alpha=0.01, n_tests=12, min_change=0.10, min_excluded=discovery_minimum(0.10))


@dataclass(frozen=True)
class World:
    """What answers do. draw: generator, n streams -> changes and widths, (n, rounds, families)."""

    name: str
    change: float  # the true mean change: at most 0 in a world without harm
    draw: Callable[[np.random.Generator, int], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Outcome:
    """Shares of the streams, and mean probes. alarm: e reached 1/level in any round."""

    alarm: float
    proven: float
    excluded: float
    n_probes: float
    n_probes_untied: float  # without waiting for blind discovery's share
    fixed: float  # the sign test at full size, at the same level


def _yes(draw: np.random.Generator, n: int, rate: float | Floats) -> Floats:
    return (draw.random((n, N_ROUNDS, N_FAMILIES)) < rate).astype(np.float64)


def alone(
    name: str, before: float | Floats, after: float | Floats, independent: bool = True
) -> World:
    """Without a control. independent: else whoever showed it before shows it after."""

    def draw(generator: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        was = _yes(generator, n, before)
        now = _yes(generator, n, after)
        if not independent:
            now = np.maximum(was, now)
        return now - was, np.ones_like(was)

    rate_before, rate_after = float(np.mean(before)), float(np.mean(after))
    if not independent:
        rate_after = rate_before + (1 - rate_before) * rate_after
    return World(name, rate_after - rate_before, draw)


def controlled(name: str, before: float, after: float, control_after: float) -> World:
    """Target and control alike before; each is tuned."""

    def draw(generator: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        was, own_was = _yes(generator, n, before), _yes(generator, n, before)
        now, own_now = _yes(generator, n, after), _yes(generator, n, control_after)
        return (now - was) - (own_now - own_was), np.where(was == own_was, 1.0, 2.0)

    return World(name, after - control_after, draw)


def moods(name: str, sd: float) -> World:
    """Each tuning shifts whole families up or down at random: no harm on average over tunings."""

    def draw(generator: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        shift = generator.normal(0, sd, (n, 1, N_FAMILIES))
        was = _yes(generator, n, 0.3)
        now = _yes(generator, n, np.clip(0.3 + shift, 0, 1))
        return now - was, np.ones_like(was)

    return World(name, 0.0, draw)


_HALVES = np.where(np.arange(N_FAMILIES) % 2, 0.45, 0.15)
HARMLESS = (
    alone("nothing ever changes", 0.0, 0.0),
    alone("5 % appear, 5 % vanish", 0.05, 0.05),
    alone("30 % before, other 30 % after", 0.3, 0.3),
    alone("half the families +15 points, half -15", 0.3, _HALVES),
    controlled("with control: both from 5 % to 5 %", 0.05, 0.05, 0.05),
    controlled("with control: both from 10 % to 40 %", 0.1, 0.4, 0.4),
)
# The one assumption broken on purpose: not part of any promise.
BROKEN = (
    moods("whole families drift, sd 5 points", 0.05),
    moods("whole families drift, sd 10 points", 0.10),
    moods("whole families drift, sd 20 points", 0.20),
)
HARMFUL = (
    alone("2 % to 7 %", 0.02, 0.05, independent=False),
    alone("2 % to 12 %", 0.02, 0.1, independent=False),
    alone("2 % to 22 %", 0.02, 0.2, independent=False),
    alone("2 % to 51 %", 0.02, 0.5, independent=False),
    alone("2 % to 90 %", 0.02, 0.9, independent=False),
    controlled("with control: 5 % to 25 %, control 5 %", 0.05, 0.25, 0.05),
    controlled("with control: 10 % to 70 %, control 20 %", 0.1, 0.7, 0.2),
)


def simulate(world: World, rule: Rule, n_streams: int, seed: int = 0) -> Outcome:
    """Run this many scenarios of the world under the rule."""
    rng = np.random.default_rng(seed)
    changes, widths = (a.reshape(n_streams, -1) for a in world.draw(rng, n_streams))
    ends = np.arange(1, N_ROUNDS + 1) * N_FAMILIES
    level = rule.alpha / rule.n_tests
    log_e = log_e_rise(changes, 0.0, widths)[:, ends - 1]
    mean = (np.cumsum(changes, axis=1)[:, ends - 1]) / ends
    crossed = np.maximum.accumulate(log_e, axis=1) >= -np.log(level)
    proven = crossed & (mean >= rule.min_change)
    gone = log_e_rise(-changes, -rule.min_change, widths)[:, ends - 1] >= -np.log(rule.miss)

    def stops(excluded: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """(streams,) round in which each ends, and whether it is decided there."""
        decided = proven | excluded
        return np.where(decided.any(1), decided.argmax(1), N_ROUNDS - 1), decided.any(1)

    at, decided = stops(gone & (ends >= rule.min_excluded))
    untied, _ = stops(gone)
    rows = np.arange(n_streams)
    up, down = (changes > 0).sum(1), (changes < 0).sum(1)
    fixed = (binom.sf(up - 1, up + down, 0.5) <= level) & (mean[:, -1] >= rule.min_change)
    return Outcome(
        alarm=float(crossed[:, -1].mean()),
        proven=float((proven[rows, at] & decided).mean()),
        excluded=float((~proven[rows, at] & decided).mean()),
        n_probes=float(ends[at].mean()),
        n_probes_untied=float(ends[untied].mean()),
        fixed=float(fixed.mean()),
    )


def main() -> None:
    """Print the tables of docs/sequential.md."""
    single = Rule(alpha=0.05, n_tests=1, min_change=0.10, min_excluded=RULE.min_excluded)
    lines = [
        f"{N_FAMILIES} families x {N_ROUNDS} rounds; 20,000 scenarios a row.",
        "",
        "| no harm | e reaches 20 (nominal 5 %) | called proven at 5 % |",
        "|---|---|---|",
    ]
    for world in (*HARMLESS, *BROKEN):
        seen = simulate(world, single, 20_000)
        lines.append(f"| {world.name} | {seen.alarm:.2%} | {seen.proven:.2%} |")
    lines += [
        "",
        f"At {RULE.alpha:.0%} over {RULE.n_tests} tests, as inspections do:",
        "",
        "| world | proven | excluded | probes asked | without discovery's minimum | fixed size |",
        "|---|---|---|---|---|---|",
    ]
    for world in (*HARMLESS, *BROKEN, *HARMFUL):
        seen = simulate(world, RULE, 20_000)
        lines.append(
            f"| {world.name} | {seen.proven:.2%} | {seen.excluded:.1%} | {seen.n_probes:.0f} | "
            f"{seen.n_probes_untied:.0f} | {seen.fixed:.2%} |"
        )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
