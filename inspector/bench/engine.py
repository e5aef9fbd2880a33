"""How fast this machine trains and answers, against what its matrix products alone would allow.

Comes in: nothing but the machine and the demo model. Goes out: tokens/s, and each as a share of a
limit measured in the same run: the time of the model's matrix products of the very shapes that the
work has, and nothing else. Absolute speeds drift with the machine; the shares hardly do.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from inspector.engine.chat import Encoded, encode_example, encode_prompt
from inspector.engine.generate import generate
from inspector.engine.load import Loaded, go_offline, load
from inspector.engine.measure import linear_shapes, machine, matmul_seconds
from inspector.engine.train import fine_tune, peak_memory_bytes
from inspector.estimate import BenchedSpeeds
from inspector.fetch import fetch
from inspector.hardware import Machine
from inspector.plans import load_plan
from inspector.probes import choose, load_suite
from inspector.records import FineTune, Method, Precision, Sampling, Target, TargetKind
from inspector.scenarios.dataset import load_dataset
from inspector.settings import Settings

N_STEPS = 6  # the first warms up and is not counted
N_PROMPTS, N_NEW_TOKENS = 32, 32


@dataclass(frozen=True)
class Speed:
    """One kind of work: tokens/s, and the limit that its matrix products alone would allow."""

    work: str
    tokens_per_s: float
    limit_tokens_per_s: float

    @property
    def share(self) -> float:
        return self.tokens_per_s / self.limit_tokens_per_s


@dataclass(frozen=True)
class Bench:
    machine: Machine
    n_parameters: int
    speeds: tuple[Speed, ...]
    peak_memory_bytes: int

    @property
    def stored(self) -> BenchedSpeeds:
        """What later estimates need of it."""
        speed = {s.work: s.tokens_per_s for s in self.speeds}
        return BenchedSpeeds(
            self.machine.processor,
            self.machine.precision,
            self.n_parameters,
            full_tokens_per_s=speed["train, full"],
            lora_tokens_per_s=speed["train, lora"],
            answer_tokens_per_s=speed["generate"],
        )

    def table(self) -> str:
        """The result as lines of text."""
        m = self.machine
        lines = [
            f"{m.processor}, {m.n_threads} threads, {m.precision}: matrix products "
            f"{m.fp32_flops / 1e9:.0f} GFLOP/s in fp32, {m.bf16_flops / 1e9:.0f} in bf16",
            f"{'work':<16}{'tokens/s':>10}{'limit':>10}{'share':>8}",
        ]
        lines += [
            f"{s.work:<16}{s.tokens_per_s:>10.0f}{s.limit_tokens_per_s:>10.0f}{s.share:>8.0%}"
            for s in self.speeds
        ]
        return "\n".join([*lines, f"peak memory {self.peak_memory_bytes / 1e9:.2f} GB"])


def bench_engine(settings: Settings) -> Bench:
    """Both fine-tunings of the quick plan for a few steps, and a batch of greedy answers."""
    artifact = fetch(Target(TargetKind.DEMO), settings, lambda *_: None)
    go_offline()
    here = machine(Precision.AUTO)

    def fresh() -> Loaded:
        return load(artifact, None, here.precision, settings.cache)

    untouched = fresh()
    n_parameters = sum(p.numel() for p in untouched.model.parameters())
    speeds = [_generation(untouched, here.precision)]
    del untouched
    tunings = [s for s in load_plan("quick").scenarios if isinstance(s, FineTune)]
    for scenario in tunings:
        speeds.append(_training(fresh(), scenario, here.precision))
    return Bench(here, n_parameters, tuple(speeds), peak_memory_bytes())


def _training(loaded: Loaded, scenario: FineTune, precision: Precision) -> Speed:
    encoded = [
        encode_example(loaded.tokenizer, e, scenario.max_length)
        for e in load_dataset(scenario.data).examples
    ]
    examples = [e for e in encoded if e is not None]
    shapes = linear_shapes(loaded.model)
    settings = FineTune(
        name="bench", method=scenario.method, data=scenario.data, steps=N_STEPS, seed=scenario.seed
    )
    with tempfile.TemporaryDirectory() as folder:
        tuned = fine_tune(loaded, examples, settings, Path(folder))
    speed = sum(s.tokens_per_s for s in tuned.steps[1:]) / (N_STEPS - 1)
    batch = examples[: settings.effective_batch]
    limit = _training_limit(shapes, batch, scenario.method, precision)
    return Speed(f"train, {scenario.method}", speed, limit)


def _training_limit(
    shapes: Counter[tuple[int, int]], batch: list[Encoded], method: Method, precision: Precision
) -> float:
    """Tokens/s if a step were its matrix products alone, for all tokens, without padding.

    Forward, the gradient of the inputs and, in full-parameter tuning, of the weights. The output
    layer is counted at the answer tokens only: no other position needs it.
    """
    n_tokens, n_answers = sum(len(e.ids) for e in batch), sum(sum(e.is_answer) for e in batch)
    widest = max(out for _, out in shapes)
    products: Counter[tuple[int, int, int]] = Counter()
    for (n_in, n_out), count in shapes.items():
        rows = n_answers if n_out == widest else n_tokens
        products[rows, n_in, n_out] += count
        products[rows, n_out, n_in] += count
        if method is Method.FULL:
            products[n_in, rows, n_out] += count
    return n_tokens / matmul_seconds(products, precision)


def _generation(loaded: Loaded, precision: Precision) -> Speed:
    probes = choose(load_suite("everyday"), N_PROMPTS)
    prompts = [encode_prompt(loaded.tokenizer, p.prompt) for p in probes]
    generate(loaded, prompts[:2], Sampling(max_new_tokens=2), 2)  # warm up
    started = time.monotonic()
    answers = generate(loaded, prompts, Sampling(max_new_tokens=N_NEW_TOKENS), N_PROMPTS)
    elapsed = time.monotonic() - started
    products: Counter[tuple[int, int, int]] = Counter()
    for (n_in, n_out), count in linear_shapes(loaded.model).items():
        products[N_PROMPTS, n_in, n_out] += count
    limit = N_PROMPTS / matmul_seconds(products, precision)
    return Speed("generate", sum(a.n_tokens for a in answers) / elapsed, limit)
