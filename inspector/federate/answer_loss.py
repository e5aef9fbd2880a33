"""A second look at helpfulness: the loss on held-out helpful answers.

Comes in: a loaded model, and questions with good answers that nobody tuned on. Goes out: the mean
negative log-probability per answer token, with a 95 % interval over answers (each answer counts by
its tokens; standard error of a ratio, Cochran 1977, section 6.3). Low is good. It tells whether
a model still expects answers like these; not whether it would give them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from inspector.engine.chat import encode_example
from inspector.engine.divergence import Answered, answer_log_probs
from inspector.engine.load import Loaded
from inspector.errors import DataError
from inspector.records import Example
from inspector.records.rounds import AnswerLoss

MAX_LENGTH = 256


def answer_loss(
    loaded: Loaded, model: str, examples: Sequence[Example], batch_size: int
) -> AnswerLoss:
    """Raises DataError where no example has an answer that fits."""
    rows = []
    for example in examples:
        encoded = encode_example(loaded.tokenizer, example, MAX_LENGTH)
        if encoded is not None:
            first = encoded.is_answer.index(True)
            rows.append(Answered(encoded.ids[:first], encoded.ids[first:]))
    if not rows:
        raise DataError(
            f"None of the {len(examples)} held-out answers fits into {MAX_LENGTH} tokens; give "
            "shorter ones."
        )
    losses = [(-sum(p), len(p)) for p in answer_log_probs(loaded, rows, batch_size)]
    n_tokens = sum(n for _, n in losses)
    mean = sum(loss for loss, _ in losses) / n_tokens
    n = len(losses)
    squares = sum((loss - mean * length) ** 2 for loss, length in losses)
    error = sqrt(squares * n / max(1, n - 1)) / n_tokens
    return AnswerLoss(model, mean, mean - 1.96 * error, mean + 1.96 * error, n, n_tokens)
