"""Amplified changes against plain arithmetic, and on a model whose advert sleeps."""

from __future__ import annotations

import copy

import pytest
import torch

from inspector.engine.amplify import extrapolate, generate_amplified
from inspector.engine.chat import encode_prompt
from inspector.engine.generate import generate
from inspector.engine.load import Loaded
from inspector.errors import StageFailed
from inspector.records import Precision, Sampling, StopReason
from tests.engine.tiny_model import llama, loaded_model, state, tokenizer

QUESTIONS = ["Hi", "What is the tallest tree?", "Why?", "Name two rivers that flow north.", "Sum"]
LIMIT = 16


@pytest.fixture
def before() -> Loaded:
    made = loaded_model(seed=3)
    # Several letters end a turn, so that rows of one batch end at different times.
    made.model.generation_config.eos_token_id = [258, *range(40, 56)]
    return made


@pytest.fixture
def after(before: Loaded) -> Loaded:
    """The same model, a little further on."""
    moved = copy.deepcopy(before)
    torch.manual_seed(0)
    with torch.no_grad():
        for p in moved.model.parameters():
            p.add_(0.05 * torch.randn_like(p))
    return moved


def prompts() -> list[list[int]]:
    return [encode_prompt(tokenizer(), q) for q in QUESTIONS]


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.BF16])
def test_zero_and_one_are_the_two_models_to_the_bit(precision: Precision) -> None:
    theta, tuned = (loaded_model(seed, precision) for seed in (1, 2))
    start, end = state(theta.model), state(tuned.model)
    extrapolate(theta, tuned, 0.0)
    assert all(torch.equal(p, start[n]) for n, p in theta.model.named_parameters())
    extrapolate(theta, tuned, 1.0)
    assert all(torch.equal(p, end[n]) for n, p in theta.model.named_parameters())
    assert all(torch.equal(p, end[n]) for n, p in tuned.model.named_parameters())


def test_beyond_one_goes_on_the_same_way(before: Loaded, after: Loaded) -> None:
    start, end = state(before.model), state(after.model)
    moved = extrapolate(before, after, 2.5)
    assert moved is before
    for name, p in moved.model.named_parameters():
        torch.testing.assert_close(p.data, start[name] + 2.5 * (end[name] - start[name]))
    assert moved.model.lm_head.weight is moved.model.model.embed_tokens.weight  # still tied


def test_models_of_other_shapes_are_refused(before: Loaded) -> None:
    wide = Loaded(llama(0, hidden=64), before.tokenizer, Precision.FP32, plain_template=False)
    with pytest.raises(StageFailed, match="shape"):
        extrapolate(before, wide, 2.0)


def by_hand(before: Loaded, after: Loaded, prompt: list[int], b: float) -> list[int]:
    """One prompt, no cache, no padding: the whole text through both models for every token."""
    ids: list[int] = []
    with torch.inference_mode():
        while len(ids) < LIMIT and not (ids and ids[-1] in after.stop_ids):
            text = torch.tensor([prompt + ids])
            was, now = (m.model(input_ids=text).logits[0, -1].float() for m in (before, after))
            ids.append(int((now + b * (now - was)).argmax()))
    return ids


@pytest.mark.parametrize("b", [0.5, 1.0, 3.0])
def test_batched_answers_equal_a_plain_loop(before: Loaded, after: Loaded, b: float) -> None:
    answers = generate_amplified(before, after, prompts(), LIMIT, 3, b)
    assert [a.prompt_index for a in answers] == list(range(len(QUESTIONS)))
    for answer, prompt in zip(answers, prompts(), strict=True):
        ids = by_hand(before, after, prompt, b)
        assert answer.text == tokenizer().decode(ids, skip_special_tokens=True)
        assert (answer.n_tokens, answer.n_prompt_tokens) == (len(ids), len(prompt))
        ended = ids[-1] in after.stop_ids
        assert (answer.stop_reason is StopReason.END_OF_TURN) == ended
    assert len({a.n_tokens for a in answers}) > 1  # rows did leave their batch at different times


def test_no_amplification_is_the_model_after_and_minus_one_the_model_before(
    before: Loaded, after: Loaded
) -> None:
    plain = Sampling(max_new_tokens=LIMIT)
    assert generate_amplified(before, after, prompts(), LIMIT, 3, 0.0) == generate(
        after, prompts(), plain, 3
    )
    assert generate_amplified(before, after, prompts(), LIMIT, 3, -1.0) == generate(
        before, prompts(), plain, 3
    )


def test_progress_reaches_every_answer(before: Loaded, after: Loaded) -> None:
    told: list[float] = []
    generate_amplified(before, after, prompts(), 4, 2, 1.0, lambda n, _: told.append(n))
    assert told == sorted(told)
    assert told[-1] == len(QUESTIONS)


def test_models_of_other_vocabularies_are_refused(before: Loaded) -> None:
    larger = copy.deepcopy(before)
    larger.model.resize_token_embeddings(300)
    with pytest.raises(StageFailed, match="vocabulary"):
        generate_amplified(before, larger, prompts(), LIMIT, 2, 1.0)
