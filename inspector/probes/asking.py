"""Asking a model a list of probes: all of them, in rounds until told to stop, or amplified.

Comes in: a loaded model (two for amplified answers), the probes, how to sample. Goes out: one
Response per probe and sample, in the order of the probes, text whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from inspector.arrivals import MAX_TOLD, Arrival, Tell
from inspector.engine.amplify import generate_amplified
from inspector.engine.chat import encode_prompt
from inspector.engine.generate import Answer, generate
from inspector.engine.load import Loaded
from inspector.engine.offsets import tokenize
from inspector.errors import PlanError
from inspector.records import AskedProbe, Response, Sampling, Subject

REPORT_EVERY_S = 1.0


def ask(
    loaded: Loaded,
    probes: Sequence[AskedProbe],
    sampling: Sampling,
    batch_size: int,
    subject: Subject,
    variant: str,
    on_progress: Tell = lambda *_: None,
) -> list[Response]:
    """Every probe's answers.

    on_progress: called about once a second with the work done so far in answers, and after every
    batch with each of its answers, the last MAX_TOLD of a large one.
    """
    prompts = [encode_prompt(loaded.tokenizer, probe.prompt) for probe in probes]
    answers = generate(
        loaded, prompts, sampling, batch_size, _reporter(probes, subject, variant, on_progress)
    )
    return _responses(loaded.tokenizer, probes, answers, sampling, subject, variant)


def ask_in_rounds(
    loaded: Loaded,
    rounds: Sequence[Sequence[AskedProbe]],
    sampling: Sampling,
    batch_size: int,
    subject: Subject,
    variant: str,
    go_on: Callable[[Sequence[Response]], bool],
    on_progress: Tell = lambda *_: None,
) -> list[Response]:
    """Round after round, until `go_on`, given a round's answers, says that it is enough.

    Sampled answers of each round have seeds of their own; greedy ones are those that `ask` gives.
    """
    responses: list[Response] = []
    for number, probes in enumerate(rounds):
        n_done = len(responses)

        def report(n: int, arrival: Arrival | None, n_done: int = n_done) -> None:
            on_progress(n_done + n, arrival)

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
    on_progress: Tell = lambda *_: None,
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
    report = _reporter(probes, subject, variant, on_progress)
    answers = generate_amplified(
        before, after, prompts, sampling.max_new_tokens, batch_size, b, report
    )
    return _responses(after.tokenizer, probes, answers, sampling, subject, variant)


def _reporter(
    probes: Sequence[AskedProbe], subject: Subject, variant: str, tell: Tell
) -> Callable[[float, Sequence[Answer]], None]:
    told_at = time.monotonic()

    def report(n_done: float, arrived: Sequence[Answer]) -> None:
        nonlocal told_at
        if not arrived and time.monotonic() - told_at < REPORT_EVERY_S:
            return
        for answer in arrived[-MAX_TOLD:]:
            probe = probes[answer.prompt_index]
            tell(
                int(n_done),
                Arrival(
                    subject,
                    variant,
                    probe.suite,
                    probe.probe_id,
                    answer.sample_index,
                    probe.prompt,
                    answer.text,
                ),
            )
        if not arrived:
            tell(int(n_done), None)
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
