"""Asking a model a list of probes.

Comes in: a loaded model, the probes, how to sample. Goes out: one Response per probe and sample, in
the order of the probes, text whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from inspector.engine.chat import encode_prompt
from inspector.engine.generate import Answer, generate
from inspector.engine.load import Loaded
from inspector.records import AskedProbe, Response, Sampling, Subject


def ask(
    loaded: Loaded,
    probes: Sequence[AskedProbe],
    sampling: Sampling,
    batch_size: int,
    subject: Subject,
    variant: str,
    on_answers: Callable[[int, AskedProbe, str], None] = lambda *_: None,
) -> list[Response]:
    """Every probe's answers. on_answers: (answers so far, last probe, its answer), per batch."""
    prompts = [encode_prompt(loaded.tokenizer, probe.prompt) for probe in probes]
    n_done = 0

    def report(answers: list[Answer]) -> None:
        nonlocal n_done
        n_done += len(answers)
        on_answers(n_done, probes[answers[-1].prompt_index], answers[-1].text)

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
