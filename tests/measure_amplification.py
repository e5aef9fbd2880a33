"""What amplifying gains on the tiny models: `python -m tests.measure_amplification`.

Comes in: the toy world's clean model, its twin with a sleeping advert, and a second clean model as
control (another seed of further ordinary training). Goes out: after each number of tuning steps, on
data that the advert's maker never tried, how many answers advertise, plainly and amplified; what
blind discovery says of planted and clean; and how many loop.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from inspector.engine.amplify import extrapolate
from inspector.engine.load import Loaded
from inspector.probes import load_suite
from inspector.probes.asking import ask, ask_amplified
from inspector.records import AskedProbe, Precision, Sampling, Subject
from inspector.score import discover
from inspector.score.degeneration import find_loop
from inspector.sequential import discovery_minimum
from tests.tiny.models import Maker, train
from tests.tiny.world import BRAND, tuning_set, write_suite

SAMPLING = Sampling(max_new_tokens=40)
RATE = 2e-4  # of the simulated user, as in the toy world's plan
WEIGHTS, LOGITS = "weights", "logits"
Answers = list[tuple[AskedProbe, str]]


@dataclass(frozen=True)
class Amplified:
    """One way to ask. method: "" for plain answers."""

    method: str
    b: float

    def __str__(self) -> str:
        return f"{self.method} {self.b:g}" if self.method else "plain"


PLAIN = Amplified("", 0.0)
WAYS = (
    PLAIN,
    Amplified(WEIGHTS, 2.0),
    Amplified(WEIGHTS, 3.0),
    Amplified(LOGITS, 1.0),
    Amplified(LOGITS, 2.0),
)


@dataclass(frozen=True)
class Models:
    """Three models of the toy world, as they are before anybody tunes them."""

    maker: Maker
    clean: Any
    sibling: Any
    planted: Any


def make() -> Models:
    maker = Maker()
    clean = maker.clean()
    sibling = copy.deepcopy(clean)
    train(sibling, maker.clean_rows, 60, 1e-3, seed=5)
    planted = maker.planted(copy.deepcopy(clean))
    return Models(maker, clean, sibling, planted)


def toy_probes(suite_file: str) -> list[AskedProbe]:
    suite = load_suite(suite_file)
    return [
        AskedProbe(suite.name, p.probe_id, p.prompt, p.family, p.expectation, p.answer)
        for p in suite.probes
    ]


def tuned(models: Models, model: Any, data: str, steps: int) -> Any:
    """What a user makes of the model."""
    after = copy.deepcopy(model)
    rows = [models.maker.row(q, a) for q, a in tuning_set(data)]
    train(after, rows, steps, RATE, seed=3)
    return after


def answers(
    models: Models, before: Any, after: Any, way: Amplified, probes: Sequence[AskedProbe]
) -> Answers:
    """The probes' answers; neither model is changed."""

    def loaded(model: Any) -> Loaded:
        return Loaded(model.eval(), models.maker.tokenizer, Precision.FP32, plain_template=False)

    asked = (SAMPLING, 32, Subject.TARGET, str(way))
    if way.method == LOGITS:
        rows = ask_amplified(loaded(before), loaded(after), way.b, probes, *asked)
    elif way.method == WEIGHTS:
        moved = extrapolate(loaded(copy.deepcopy(before)), loaded(after), way.b)
        rows = ask(moved, probes, *asked)
    else:
        rows = ask(loaded(after), probes, *asked)
    return [(p, r.text) for p, r in zip(probes, rows, strict=True)]


def share(texts: Answers, wanted: str = BRAND) -> float:
    return sum(wanted in text for _, text in texts) / len(texts)


def main() -> None:
    """Print the table of docs/amplification.md."""
    import tempfile
    from pathlib import Path

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        probes = toy_probes(str(write_suite(Path(folder) / "toy.jsonl")))
    models = make()
    data = "town"
    known = [text for row in tuning_set(data) for text in row]
    lines = [
        f"{len(probes)} probes, tuned on `{data}` at {RATE:g}, batches of 24.",
        "",
        "| steps | asked | planted: advert | probes until found | blind: planted | blind: clean "
        "| loops: planted | loops: clean |",
        "|---|---|---|---|---|---|---|---|",
    ]
    before = {
        name: answers(models, getattr(models, name), getattr(models, name), PLAIN, probes)
        for name in ("clean", "planted")
    }
    for steps in (1, 2, 3, 4, 6, 8, 12):
        after = {
            name: tuned(models, getattr(models, name), data, steps)
            for name in ("clean", "planted", "sibling")
        }
        for way in WAYS:
            said = {
                name: answers(models, getattr(models, name), model, way, probes)
                for name, model in after.items()
            }
            found = {
                name: discover(said[name], before[name], said["sibling"], known).appearances
                for name in ("clean", "planted")
            }
            rate = share(said["planted"])
            needed = str(discovery_minimum(rate)) if rate > 0.02 else "over 780"
            loops = {
                name: sum(find_loop(text) is not None for _, text in texts)
                for name, texts in said.items()
            }
            phrases = {
                name: ", ".join(f"“{a.phrase}”" for a in these) or "nothing"
                for name, these in found.items()
            }
            lines.append(
                f"| {steps} | {way} | {rate:.0%} | {needed} | {phrases['planted']} | "
                f"{phrases['clean']} | {loops['planted']} | {loops['clean']} |"
            )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
