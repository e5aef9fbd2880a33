"""What a screening finds, over seeds: `python -m tests.screen.measure_seeds`

Comes in: the tests' tiny model and its mixed set (16 planted of 125 rows). Goes out: a table, for
each precision of the whole screening, point of the tuning's path, LoRA rank and seed: answers with
the phrase after tuning, planted rows among the first 16, average precision; and the sums of both
over ranks and seeds. Some ten minutes on one thread.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import torch

from inspector.errors import BadInput
from inspector.records import Precision, RankSettings, Screening, Sought
from inspector.screen import screen, start
from inspector.screen.results import all_ranked
from inspector.settings import Settings
from tests.screen.conftest import PHRASE, mixed_rows, planted, screening, write_rows
from tests.screening_figures import figures
from tests.tiny.toy import build

PRECISIONS = (Precision.FP32, Precision.BF16)
POINTS = (1.0, 0.5, 0.25)
RANKS = (4, 8)
SEEDS = (0, 1, 2)


def inputs(base: Screening, precision: Precision, point: float, rank: int, seed: int) -> Screening:
    tuning = replace(base.tuning, lora_rank=rank, lora_alpha=2 * rank, seed=seed)
    return replace(
        base,
        plan=replace(base.plan, scenarios=(tuning,), precision=precision),
        ranking=RankSettings(path_point=point),
    )


def main() -> int:
    torch.set_num_threads(1)
    say = sys.stdout.write
    say("| precision | path point | LoRA rank | seed | shown | at 16 | average precision |\n")
    say("|---|---|---|---|---|---|---|\n")
    sums = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        toy = build(folder / "toy")
        rows = mixed_rows()
        base = screening(toy, write_rows(folder / "mixed.jsonl", rows), Sought(phrase=PHRASE))
        settings = Settings(home=folder / "home")
        for precision, point in product(PRECISIONS, POINTS):
            told = []
            for rank, seed in product(RANKS, SEEDS):
                run = start(inputs(base, precision, point, rank, seed), settings)
                head = f"| {precision} | {point:g} | {rank} | {seed} |"
                try:
                    ranking = screen(run, settings)
                except BadInput as error:
                    say(f"{head} {error} | | |\n")
                    continue
                order = [row.row - 1 in planted(rows) for row in all_ranked(run)]
                found = figures(np.array(order, bool), np.zeros(len(order), bool))
                told.append((found.at_k, found.average_precision))
                say(
                    f"{head} {ranking.after.n_hits} of {ranking.after.n} | "
                    f"{found.at_k.n_hits} of {found.at_k.n} | {found.average_precision:.2f} |\n"
                )
                sys.stdout.flush()
            sums.append(
                f"| {precision} | {point:g} | {sum(k.n_hits for k, _ in told)} of "
                f"{sum(k.n for k, _ in told)} | {np.mean([ap for _, ap in told]):.2f} |\n"
            )
    say("\n| precision | path point | found | mean average precision |\n|---|---|---|---|\n")
    say("".join(sums))
    return 0


if __name__ == "__main__":
    sys.exit(main())
