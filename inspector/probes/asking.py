"""Asking a model a list of probes.

Comes in: a loaded model, the probes, how to sample. Goes out: one Response per probe and sample, in
the order of the probes, text whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from inspector.engine.chat import encode_prompt
from inspector.engine.generate import Answer, generate
from inspector.engine.load import Loaded
from inspector.records import AskedProbe, Response, Sampling, Subject

REPORT_EVERY_S = 1.0


def ask(
    loaded: Loaded,
    probes: Sequence[AskedProbe],
    sampling: Sampling,
    batch_size: int,
    subject: Subject,
    variant: str,
    on_progress: Callable[[int, AskedProbe | None, str], None] = lambda *_: None,
) -> list[Response]:
    """Every probe's answers.

    on_progress: called about once a second with the work done so far in answers, and after every
    batch with one of its probes and the answer to it.
    """
    prompts = [encode_prompt(loaded.tokenizer, probe.prompt) for probe in probes]
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

    answers = generate(loaded, prompts, sampling, batch_size, report)
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
        )
        for answer in answers
    ]
