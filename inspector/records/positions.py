"""Where in an answer things happen: stances, divergences by token, drift by layer."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.records.probes import Expectation, Subject


@dataclass(frozen=True)
class Stance:
    """What one answer does: head and tail are two facts, neither follows from the other.

    head_start, head_end: the refusal in the answer's head, None if the head does not refuse.
    tail_start, tail_end: from where the text turns to the end of the answer that follows the
    refusal, None if no answer follows. Characters of the full text. head_token, tail_token: the
    same starts in tokens of the subject's tokenizer, None where the tokens are not on record.
    """

    subject: Subject
    variant: str
    suite: str
    probe_id: str
    sample_index: int
    n_sentences: int
    head_start: int | None
    head_end: int | None
    tail_start: int | None
    tail_end: int | None
    head_token: int | None
    tail_token: int | None

    @property
    def turns(self) -> bool:
        """Whether the answer refuses first and answers after."""
        return self.tail_start is not None


@dataclass(frozen=True)
class Divergence:
    """One after-answer, token by token, under the weights before and after a scenario.

    before, after: natural log-probabilities of the n_tokens tokens of the text (the token that ends
    the turn is not among them). log_ratio: sum of after minus before, in nats. late_share: see
    `inspector.profiles.late_share`; None where the answer is too short or hardly diverges.
    """

    subject: Subject
    scenario: str
    suite: str
    probe_id: str
    sample_index: int
    n_tokens: int
    log_ratio: float
    late_share: float | None
    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """Per token, how much likelier the scenario made it: after minus before, in nats."""
        return tuple(a - b for a, b in zip(self.after, self.before, strict=True))


@dataclass(frozen=True)
class LayerDrift:
    """How far a scenario moved one attention layer's output on the same prompts.

    drift: mean over n_tokens prompt positions of the L2 norm of the change (Vaccine's harmful
    embedding drift, arXiv 2402.01109, per position). norm: mean L2 norm of the untouched output, to
    compare layers and models by. expectation: which probes the prompts are (decline = policy).
    """

    subject: Subject
    scenario: str
    expectation: Expectation
    layer: int
    drift: float
    norm: float
    n_prompts: int
    n_tokens: int
