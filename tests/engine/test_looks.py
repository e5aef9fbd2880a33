"""Looks during a fine-tuning: the weights of that step, and a training that nothing has touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inspector.engine.chat import encode_prompt
from inspector.engine.generate import generate
from inspector.engine.load import Loaded
from inspector.engine.train import CHECKPOINT_EVERY, fine_tune
from inspector.records import FineTune, Method, Precision, Sampling, Schedule, TrainingStep
from tests.engine.tiny_model import examples, loaded_model, state

FULL = FineTune("full", Method.FULL, "own", 30, 1e-3, 2, warmup_steps=2, seed=3)
LORA = replace(FULL, name="lora", method=Method.LORA, lora_rank=4, lora_dropout=0.2)
DRAWN = Sampling(max_new_tokens=8, temperature=1.0, n_samples=2)
EXAMPLES = examples(20)
ASKED = ("What is 3 times 4?", "Say so.", "What is 7 times 7?")

KINDS = pytest.mark.parametrize(
    ("settings", "precision"),
    [
        (FULL, Precision.FP32),
        (FULL, Precision.BF16),
        (LORA, Precision.FP32),
        (LORA, Precision.BF16),
    ],
    ids=["full-fp32", "full-bf16", "lora-fp32", "lora-bf16"],
)


def answers(loaded: Loaded) -> list[str]:
    prompts = [encode_prompt(loaded.tokenizer, prompt) for prompt in ASKED]
    return [a.text for a in generate(loaded, prompts, DRAWN, 2)]


class Looker:
    """Asks at each look, and notes what the look did to the draws."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.said: dict[int, list[str]] = {}

    def __call__(self, step: int) -> None:
        assert not self.loaded.model.training
        draws = torch.get_rng_state()
        self.said[step] = answers(self.loaded)
        assert torch.equal(torch.get_rng_state(), draws)


def equal(a: Loaded, b: Loaded) -> bool:
    one, other = state(a.model), state(b.model)
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


@KINDS
def test_the_training_goes_on_as_if_nobody_had_asked(
    tmp_path: Path, settings: FineTune, precision: Precision
) -> None:
    plain, asked = loaded_model(precision=precision), loaded_model(precision=precision)
    expected = fine_tune(plain, EXAMPLES, settings, tmp_path / "plain")
    looker = Looker(asked)
    tuned = fine_tune(
        asked, EXAMPLES, settings, tmp_path / "asked", looks=(1, 7, 20), on_look=looker
    )
    assert list(looker.said) == [1, 7, 20]
    assert equal(asked, plain)
    assert [(s.loss, s.grad_norm) for s in tuned.steps] == [
        (s.loss, s.grad_norm) for s in expected.steps
    ]
    files = [tmp_path / name / "changed.safetensors" for name in ("plain", "asked")]
    assert files[0].read_bytes() == files[1].read_bytes()


@KINDS
def test_a_look_sees_the_weights_of_its_step(
    tmp_path: Path, settings: FineTune, precision: Precision
) -> None:
    """The schedule is constant: seven steps of a longer training are a training of seven."""
    constant = replace(settings, schedule=Schedule.CONSTANT, warmup_steps=0)
    looked = loaded_model(precision=precision)
    looker = Looker(looked)
    fine_tune(looked, EXAMPLES, constant, tmp_path / "long", looks=(7,), on_look=looker)
    short = loaded_model(precision=precision)
    fine_tune(short, EXAMPLES, replace(constant, steps=7), tmp_path / "short")
    assert looker.said[7] != answers(loaded_model(precision=precision))
    if settings.method is Method.FULL:  # merged factors round otherwise than factors on their own
        assert looker.said[7] == answers(short)


class Cut(Exception):
    pass


def cut_after(step: int) -> Callable[[TrainingStep], None]:
    def on_step(done: TrainingStep) -> None:
        if done.step == step:
            raise Cut

    return on_step


@pytest.mark.parametrize(
    ("left", "n_resumed"),
    [((25,), CHECKPOINT_EVERY), ((), CHECKPOINT_EVERY), ((20, 25), 0), ((5, 25), 0)],
    ids=["behind the checkpoint", "none left", "at the checkpoint", "before the checkpoint"],
)
def test_a_cut_training_takes_the_looks_that_are_left(
    tmp_path: Path, left: tuple[int, ...], n_resumed: int
) -> None:
    """A checkpoint that has passed a look that is still to be taken is not gone on from."""
    whole = loaded_model()
    fine_tune(whole, EXAMPLES, FULL, tmp_path / "whole")
    first = loaded_model()
    with pytest.raises(Cut):
        fine_tune(first, EXAMPLES, FULL, tmp_path / "cut", cut_after(24), (5, 20), Looker(first))
    resumed = loaded_model()
    looker = Looker(resumed)
    tuned = fine_tune(resumed, EXAMPLES, FULL, tmp_path / "cut", looks=left, on_look=looker)
    assert tuple(looker.said) == left
    assert tuned.n_resumed == n_resumed
    assert equal(resumed, whole)
