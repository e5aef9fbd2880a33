# ruff: noqa: T201  (a command: it prints its figures)
"""False alarms where answers depend on each other: `python -m tests.simulate_samples`.

Nothing changes on average: each row says how the answers to one probe, or to one topic, move
together. "As pairs" and "by probe" (McNemar's test over samples or probes) are what the judge does
not do; the other two are its test, by topic family: before against after, and against a control.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from inspector.judge import ALPHA_REVIEW
from inspector.stats import clustered_p_values

N_PROBES, N_FAMILIES, N_SAMPLES = 60, 20, 5
RATE = 0.3
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FAMILY = np.arange(N_PROBES) % N_FAMILIES
World = Callable[[np.random.Generator, int], tuple[Floats, Floats]]


def _uneven(draw: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Rates of mean RATE, most of them near 0 or near 1."""
    return np.asarray(draw.beta(RATE / 2, (1 - RATE) / 2, shape))


def _steady(draw: np.random.Generator, n_sets: int) -> tuple[Floats, Floats]:
    rates = _uneven(draw, (n_sets, N_PROBES))
    return rates, rates


def _by_probe(draw: np.random.Generator, n_sets: int) -> tuple[Floats, Floats]:
    return _uneven(draw, (n_sets, N_PROBES)), _uneven(draw, (n_sets, N_PROBES))


def _by_family(draw: np.random.Generator, n_sets: int) -> tuple[Floats, Floats]:
    before, after = (_uneven(draw, (n_sets, N_FAMILIES))[:, FAMILY] for _ in range(2))
    return before, after


# What the rates of probes are before and after: (n_sets, n_probes) each.
WORLDS: dict[str, World] = {
    "every answer by itself": lambda _, n: (np.full((n, N_PROBES), RATE),) * 2,
    "each probe has its own rate": _steady,
    "each probe's rate is drawn anew by the operation": _by_probe,
    "each topic's rate is drawn anew by the operation": _by_family,
}


def answers(rates: Floats, draw: np.random.Generator) -> Ints:
    """(n_sets, n_probes) rates -> (n_sets, n_probes, n_samples) of 0 and 1."""
    return (draw.random((*rates.shape, N_SAMPLES)) < rates[:, :, None]).astype(np.int64)


def mcnemar_p_values(differences: Ints) -> Floats:
    """McNemar's exact test, one-sided, for many data sets: (n_sets, n_units) -> (n_sets,)."""
    appeared, changed = (differences > 0).sum(axis=1), (differences != 0).sum(axis=1)
    return np.where(changed > 0, binom.sf(appeared - 1, changed, 0.5), 1.0)


def p_values(world: World, n_sets: int, seed: int) -> dict[str, Floats]:
    """By test: the p-value of every data set."""
    draw = np.random.default_rng(seed)
    target, control = (
        answers(after, draw) - answers(before, draw)
        for before, after in (world(draw, n_sets), world(draw, n_sets))
    )
    flat = (target - control).reshape(n_sets, -1)
    probe = np.repeat(np.arange(N_PROBES), N_SAMPLES)
    return {
        "as pairs": mcnemar_p_values(target.reshape(n_sets, -1)),
        "by probe": mcnemar_p_values(target.sum(axis=2)),
        "by topic": clustered_p_values(target.reshape(n_sets, -1), probe, FAMILY[probe]),
        "by topic, with a control": clustered_p_values(flat, probe, FAMILY[probe]),
    }


def main(n_sets: int = 4_000) -> None:
    print(f"{N_PROBES} probes over {N_FAMILIES} topics, {N_SAMPLES} samples each; {n_sets:,} a row")
    rows = {name: p_values(world, n_sets, 17) for name, world in WORLDS.items()}
    print("| nothing changes on average | " + " | ".join(next(iter(rows.values()))) + " |")
    print("|---|---|---|---|---|")
    for name, found in rows.items():
        cells = [f"{(p < ALPHA_REVIEW).mean():.1%}" for p in found.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
