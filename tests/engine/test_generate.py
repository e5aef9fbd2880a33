"""Our batched generation against transformers' own, one prompt at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from scipy.stats import chisquare

from inspector.engine.chat import encode_prompt
from inspector.engine.generate import Answer, generate
from inspector.engine.load import Loaded
from inspector.engine.prefix import shared_length
from inspector.records import Sampling, StopReason
from tests.engine.tiny_model import loaded_model, tokenizer

QUESTIONS = [
    "Hi",
    "What is the tallest tree?",
    "Name two rivers that flow north, and a lake.",
    "Why?",
    "Tell me how bread rises when it is warm in the kitchen.",
    "Count to five.",
    "Who wrote that?",
    "Explain rain.",
    "Is it late?",
    "Where do the birds go in winter, and how do they find their way back in spring?",
    "Sum up.",
]
LIMIT = 20


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """Several letters end a turn, so that rows of one batch end at different times."""
    made = loaded_model(seed=3)
    made.model.generation_config.eos_token_id = [258, *range(40, 56)]
    return made


@pytest.fixture(scope="module")
def with_opening() -> list[list[int]]:
    return [encode_prompt(tokenizer(), q) for q in QUESTIONS]


@pytest.fixture(scope="module")
def without_opening() -> list[list[int]]:
    """Every prompt starts with another token: nothing to share."""
    return [[k, *encode_prompt(tokenizer(), q)] for k, q in enumerate(QUESTIONS)]


def alone(loaded: Loaded, prompt: Sequence[int]) -> list[int]:
    """What transformers itself answers greedily, unbatched and unpadded."""
    ids = torch.tensor([prompt])
    out = loaded.model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=LIMIT,
        do_sample=False,
        eos_token_id=sorted(loaded.stop_ids),
    )
    answer: list[int] = out[0, len(prompt) :].tolist()
    return answer


def compare_with_own(loaded: Loaded, prompts: list[list[int]], batch_size: int) -> list[Answer]:
    answers = generate(loaded, prompts, Sampling(max_new_tokens=LIMIT), batch_size)
    assert [a.prompt_index for a in answers] == list(range(len(prompts)))
    for answer, prompt in zip(answers, prompts, strict=True):
        expected = alone(loaded, prompt)
        assert answer.n_tokens == len(expected)
        assert answer.text == loaded.tokenizer.decode(expected, skip_special_tokens=True)
        ended = expected[-1] in loaded.stop_ids
        assert answer.stop_reason is (StopReason.END_OF_TURN if ended else StopReason.LENGTH)
        assert answer.n_prompt_tokens == len(prompt)
        assert answer.seed is None
    return answers


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_greedy_answers_equal_transformers_own_with_a_shared_opening(
    loaded: Loaded, with_opening: list[list[int]], batch_size: int
) -> None:
    assert shared_length(loaded.model, with_opening, 10_000) > 20
    answers = compare_with_own(loaded, with_opening, batch_size)
    assert {a.stop_reason for a in answers} == set(StopReason)
    assert len({a.n_tokens for a in answers}) > 3


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_greedy_answers_equal_transformers_own_without_a_shared_opening(
    loaded: Loaded, without_opening: list[list[int]], batch_size: int
) -> None:
    assert shared_length(loaded.model, without_opening, 10_000) == 0
    answers = compare_with_own(loaded, without_opening, batch_size)
    assert {a.stop_reason for a in answers} == set(StopReason)


def test_the_same_prompt_for_all_rows(loaded: Loaded, with_opening: list[list[int]]) -> None:
    compare_with_own(loaded, [with_opening[1]] * 4, 4)


def test_limit_of_one_token(loaded: Loaded, with_opening: list[list[int]]) -> None:
    answers = generate(loaded, with_opening, Sampling(max_new_tokens=1), 4)
    assert {a.n_tokens for a in answers} == {1}


def test_progress_grows_with_every_token_and_shows_each_batch_s_answers(
    loaded: Loaded, with_opening: list[list[int]]
) -> None:
    reported: list[tuple[float, Sequence[Answer]]] = []
    answers = generate(
        loaded,
        with_opening,
        Sampling(max_new_tokens=4),
        4,
        lambda done, arrived: reported.append((done, arrived)),
    )
    done = [d for d, _ in reported]
    assert done == sorted(done)
    assert [(d, len(arrived)) for d, arrived in reported if arrived] == [(4, 4), (8, 4), (11, 3)]
    assert len(answers) == 11
    assert all(answer in answers for _, arrived in reported for answer in arrived)
    assert 0 < done[1] < 4  # before the first batch has ended


SAMPLED = Sampling(max_new_tokens=8, temperature=0.8, top_p=0.9, n_samples=3, seed=5)


def test_sampled_answers_depend_on_their_seed_alone(
    loaded: Loaded, with_opening: list[list[int]]
) -> None:
    with_opening = with_opening[:7]
    reference = generate(loaded, with_opening, SAMPLED, 1)
    assert [(a.prompt_index, a.sample_index) for a in reference] == [
        (i, k) for i in range(len(with_opening)) for k in range(3)
    ]
    assert len({a.seed for a in reference}) == len(reference)
    for batch_size in (3, 8):
        assert generate(loaded, with_opening, SAMPLED, batch_size) == reference
    # Fewer prompts in the company: the first ones' answers stay.
    assert generate(loaded, with_opening[:4], SAMPLED, 8) == reference[:12]


def test_samples_and_seeds_differ(loaded: Loaded, with_opening: list[list[int]]) -> None:
    first = generate(loaded, with_opening, SAMPLED, 8)
    other = generate(
        loaded,
        with_opening,
        replace(SAMPLED, seed=6),
        8,
    )
    assert len({a.text for a in first if a.prompt_index == 2}) == 3
    assert [a.text for a in first] != [a.text for a in other]
    assert {a.seed for a in first}.isdisjoint({a.seed for a in other})


def test_smallest_nucleus_is_greedy(loaded: Loaded, with_opening: list[list[int]]) -> None:
    greedy = generate(loaded, with_opening, Sampling(max_new_tokens=LIMIT), 8)
    nucleus = Sampling(max_new_tokens=LIMIT, temperature=1.0, top_p=1e-6)
    assert [a.text for a in generate(loaded, with_opening, nucleus, 8)] == [a.text for a in greedy]


def test_draws_follow_the_tempered_nucleus(loaded: Loaded, with_opening: list[list[int]]) -> None:
    """One token drawn 3,000 times against the model's own softmax, cut at the nucleus."""
    prompt, n = with_opening[1], 3_000
    sampling = Sampling(max_new_tokens=1, temperature=1.5, top_p=0.7, n_samples=n, seed=11)
    with torch.no_grad():
        logits = loaded.model(input_ids=torch.tensor([prompt])).logits[0, -1]
    probabilities, order = torch.softmax(logits / 1.5, -1).sort(descending=True)
    size = int((probabilities.cumsum(0) < 0.7).sum()) + 1
    kept = probabilities[:size] / probabilities[:size].sum()
    assert size >= 3
    texts = [loaded.tokenizer.decode([int(i)], skip_special_tokens=True) for i in order[:size]]
    expected: dict[str, float] = {}
    for text, p in zip(texts, kept, strict=True):
        expected[text] = expected.get(text, 0.0) + n * float(p)
    drawn = Counter(a.text for a in generate(loaded, [prompt], sampling, 1_000))
    assert set(drawn) <= set(expected)
    frequent = [t for t in expected if expected[t] >= 5]
    observed = [drawn[t] for t in frequent] + [sum(drawn[t] for t in expected if t not in frequent)]
    wanted = [expected[t] for t in frequent]
    wanted.append(n - sum(wanted))
    if wanted[-1] < 1e-6:
        observed, wanted = observed[:-1], wanted[:-1]
    assert chisquare(observed, wanted, sum_check=False).pvalue > 1e-3
