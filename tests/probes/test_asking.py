"""Asking a real tiny model: all at once, in rounds until told to stop, and amplified."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from inspector.engine.load import Loaded
from inspector.errors import PlanError
from inspector.probes.asking import ask, ask_amplified, ask_in_rounds
from inspector.records import AskedProbe, Expectation, Response, Sampling, Subject
from tests.engine.tiny_model import loaded_model

GREEDY = Sampling(max_new_tokens=8)
DRAWN = Sampling(max_new_tokens=8, temperature=1.0, n_samples=2, seed=5)
PROBES = [
    AskedProbe("toy", str(k), f"What is {k}?", "numbers", Expectation.ANSWER, None)
    for k in range(7)
]
ROUNDS = [PROBES[:3], PROBES[3:6], PROBES[6:]]
WHO = (Subject.TARGET, "tuned")


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return loaded_model(seed=3)


def test_rounds_to_the_end_are_the_same_greedy_answers(loaded: Loaded) -> None:
    whole = ask(loaded, PROBES, GREEDY, 4, *WHO)
    assert ask_in_rounds(loaded, ROUNDS, GREEDY, 4, *WHO, lambda _: True) == whole
    assert [r.probe_id for r in whole] == [p.probe_id for p in PROBES]
    assert {(r.subject, r.variant, r.seed) for r in whole} == {(*WHO, None)}


def test_no_round_is_asked_after_the_one_that_was_enough(loaded: Loaded) -> None:
    seen: list[int] = []

    def go_on(answered: Sequence[Response]) -> bool:
        seen.append(len(answered))
        return len(seen) < 2

    told: list[int] = []
    short = ask_in_rounds(
        loaded, ROUNDS, GREEDY, 4, *WHO, go_on, lambda done, *_: told.append(done)
    )
    assert [r.probe_id for r in short] == [p.probe_id for p in PROBES[:6]]
    assert seen == [3, 3]
    assert told == sorted(told)
    assert told[-1] == 6


def test_drawn_answers_have_their_own_seeds_in_every_round(loaded: Loaded) -> None:
    drawn = ask_in_rounds(loaded, ROUNDS, DRAWN, 4, *WHO, lambda _: True)
    assert len({r.seed for r in drawn}) == len(drawn) == 14
    assert drawn == ask_in_rounds(loaded, ROUNDS, DRAWN, 4, *WHO, lambda _: True)


def test_amplified_answers_are_labelled_and_greedy(loaded: Loaded) -> None:
    after = copy.deepcopy(loaded)
    torch.manual_seed(1)
    with torch.no_grad():
        for p in after.model.parameters():
            p.add_(0.05 * torch.randn_like(p))
    plain = ask(after, PROBES, GREEDY, 4, Subject.TARGET, "tuned")
    unmoved = ask_amplified(loaded, after, 0.0, PROBES, GREEDY, 4, Subject.TARGET, "tuned+logits0")
    assert [replace(r, variant="tuned") for r in unmoved] == plain
    moved = ask_amplified(loaded, after, 3.0, PROBES, GREEDY, 4, Subject.TARGET, "tuned+logits3")
    assert {r.variant for r in moved} == {"tuned+logits3"}
    assert [r.text for r in moved] != [r.text for r in plain]
    with pytest.raises(PlanError, match="temperature is 1"):
        ask_amplified(loaded, after, 1.0, PROBES, DRAWN, 4, Subject.TARGET, "tuned+logits1")
