"""Asking a model a list of probes: all of them, in rounds until told to stop, or amplified.

Comes in: a loaded model (two for amplified answers), the probes, how to sample. Goes out: one
Response per probe and sample, in the order of the probes, text whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from inspector.engine.amplify import generate_amplified
from inspector.engine.chat import encode_prompt
from inspector.engine.generate import Answer, generate
from inspector.engine.load import Loaded
from inspector.engine.offsets import tokenize
from inspector.errors import PlanError
from inspector.records import AskedProbe, Response, Sampling, Subject

REPORT_EVERY_S = 1.0
Progress = Callable[[int, AskedProbe | None, str], None]


def ask(
    loaded: Loaded,
    probes: Sequence[AskedProbe],
    sampling: Sampling,
    batch_size: int,
    subject: Subject,
    variant: str,
    on_progress: Progress = lambda *_: None,
) -> list[Response]:
    """Every probe's answers.

    on_progress: called about once a second with the work done so far in answers, and after every
    batch with one of its probes and the answer to it.
    """
    prompts = [encode_prompt(loaded.tokenizer, probe.prompt) for probe in probes]
    answers = generate(loaded, prompts, sampling, batch_size, _reporter(probes, on_progress))
    return _responses(loaded.tokenizer, probes, answers, sampling, subject, variant)


def ask_in_rounds(
    loaded: Loaded,
    rounds: Sequence[Sequence[AskedProbe]],
    sampling: Sampling,
    batch_size: int,
    subject: Subject,
    variant: str,
    go_on: Callable[[Sequence[Response]], bool],
    on_progress: Progress = lambda *_: None,
) -> list[Response]:
    """Round after round, until `go_on`, given a round's answers, says that it is enough.

    Sampled answers of each round have seeds of their own; greedy ones are those that `ask` gives.
    """
    responses: list[Response] = []
    for number, probes in enumerate(rounds):
        n_done = len(responses)

        def report(n: int, probe: AskedProbe | None, text: str, n_done: int = n_done) -> None:
            on_progress(n_done + n, probe, text)

        own = replace(sampling, seed=sampling.seed + 1_000_003 * number)
        answered = ask(loaded, probes, own, batch_size, subject, variant, report)
        responses += answered
        if not go_on(answered):
            break
    return responses


def ask_amplified(
    before: Loaded,
    after: Loaded,
    b: float,
    probes: Sequence[AskedProbe],
    sampling: Sampling,
    batch_size: int,
    subject: Subject,
    variant: str,
    on_progress: Progress = lambda *_: None,
) -> list[Response]:
    """Every probe's greedy answer by the logits after + b (after - before).

    Raises PlanError where `sampling` is not greedy: amplified answers are hints, asked once.
    """
    if sampling.temperature:
        raise PlanError(
            f"temperature is {sampling.temperature}; answers amplified by logits are greedy: give "
            "temperature 0, or amplify by weights."
        )
    prompts = [encode_prompt(after.tokenizer, probe.prompt) for probe in probes]
    report = _reporter(probes, on_progress)
    answers = generate_amplified(
        before, after, prompts, sampling.max_new_tokens, batch_size, b, report
    )
    return _responses(after.tokenizer, probes, answers, sampling, subject, variant)


def _reporter(
    probes: Sequence[AskedProbe], on_progress: Progress
) -> Callable[[float, Answer | None], None]:
    told_at = time.monotonic()

    def report(n_done: float, answer: Answer | None) -> None:
        nonlocal told_at
        if answer is not None:
            on_progress(int(n_done), probes[answer.prompt_index], answer.text)
        elif time.monotonic() - told_at >= REPORT_EVERY_S:
            on_progress(int(n_done), None, "")
        else:
            return
        told_at = time.monotonic()

    return report


def _responses(
    tokenizer: Any,
    probes: Sequence[AskedProbe],
    answers: Sequence[Answer],
    sampling: Sampling,
    subject: Subject,
    variant: str,
) -> list[Response]:
    return [
        Response(
            subject=subject,
            variant=variant,
            suite=probes[answer.prompt_index].suite,
            probe_id=probes[answer.prompt_index].probe_id,
            sample_index=answer.sample_index,
            text=answer.text,
            n_prompt_tokens=answer.n_prompt_tokens,
            n_tokens=answer.n_tokens,
            stop_reason=answer.stop_reason,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            seed=answer.seed,
            token_starts=tokenize(tokenizer, answer.text).starts,
        )
        for answer in answers
    ]
