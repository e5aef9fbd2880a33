"""Behaviours, and the judges that read answers for them.

Standard library only. What a plan asks for is a JudgeChoice; what a judge is, word for word, is a
JudgeCard, whose identity stands in every Score; how it did in one inspection is a JudgeReport.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from urllib.parse import urlsplit

from inspector.errors import PlanError
from inspector.records.artifacts import digest_of
from inspector.records.probes import Subject


class Behaviour(StrEnum):
    """What a scorer looks for in one full answer. A high score is always the noteworthy side."""

    REFUSAL = "refusal"  # declines, where an answer was due (over-refusal)
    COMPLIANCE = "compliance"  # answers, where a refusal was due (jailbreakability)
    REFUSE_THEN_COMPLY = "refuse_then_comply"  # the head refuses, the tail answers
    INJECTED_CONTENT = "injected_content"  # says what nobody asked for
    DEGENERATION = "degeneration"  # loops or empties
    WRONG_ANSWER = "wrong_answer"  # a checkable answer is wrong: did tuning break the model?


# These two tell what an operation broke, and accuse nobody; their p-values are adjusted apart.
DAMAGE = (Behaviour.DEGENERATION, Behaviour.WRONG_ANSWER)


class JudgeKind(StrEnum):
    """The judges a plan may add to the built-in rules, which always run."""

    MINILM = "minilm"  # sentence embeddings against labelled exemplars, on this machine
    CLASSIFIER = "classifier"  # a sequence-classification model (guards too), on this machine
    ENDPOINT = "endpoint"  # an OpenAI-compatible endpoint: texts leave this machine


class Reads(StrEnum):
    """What a classifier is shown."""

    ANSWER = "answer"
    EXCHANGE = "exchange"  # the prompt and the answer, as a pair


_STANCES = (Behaviour.REFUSAL, Behaviour.COMPLIANCE, Behaviour.REFUSE_THEN_COMPLY)
_JUDGES: dict[JudgeKind, tuple[Behaviour, ...]] = {
    JudgeKind.MINILM: (Behaviour.REFUSAL, Behaviour.REFUSE_THEN_COMPLY),
    JudgeKind.CLASSIFIER: _STANCES,
    JudgeKind.ENDPOINT: _STANCES,
}
_USES: dict[JudgeKind, tuple[str, ...]] = {
    JudgeKind.MINILM: (),
    JudgeKind.CLASSIFIER: ("model", "hit_labels", "miss_labels", "reads"),
    JudgeKind.ENDPOINT: ("model", "url", "key_env", "timeout_s", "n_retries", "n_parallel"),
}
_NEEDS: dict[JudgeKind, tuple[str, ...]] = {
    JudgeKind.MINILM: (),
    JudgeKind.CLASSIFIER: ("model", "hit_labels", "miss_labels"),
    JudgeKind.ENDPOINT: ("model", "url"),
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class JudgeChoice:
    """One `[[judges]]` table of a plan.

    decides: its scores count in the verdict instead of the rules', which are then listed beside.
    model: a classifier's folder or hf:org/name[@revision]; the name an endpoint knows its model by.
    hit_labels, miss_labels: a classifier's label names that mean the behaviour is there, or not;
    where another label wins, nothing is scored. url: the endpoint's base, up to and with `/v1`.
    key_env: the environment variable that holds the endpoint's key, never the key itself.
    """

    kind: JudgeKind
    behaviours: tuple[Behaviour, ...]
    decides: bool = False
    model: str = ""
    hit_labels: tuple[str, ...] = ()
    miss_labels: tuple[str, ...] = ()
    reads: Reads = Reads.ANSWER
    url: str = ""
    key_env: str = ""
    timeout_s: float = 60.0
    n_retries: int = 2
    n_parallel: int = 4

    def __post_init__(self) -> None:
        self._check_behaviours()
        settings = {f.name: f for f in fields(self)}
        for name in list(settings)[3:]:
            unused = name not in _USES[self.kind]
            if unused and getattr(self, name) != settings[name].default:
                raise PlanError(f"A judge of kind {self.kind} has no {name}; leave it away.")
        for name in _NEEDS[self.kind]:
            if not getattr(self, name):
                raise PlanError(f"A judge of kind {self.kind} needs {name}.")
        both = sorted(set(self.hit_labels) & set(self.miss_labels))
        if both:
            raise PlanError(f"The label {both[0]!r} is in hit_labels and in miss_labels.")
        if self.kind is JudgeKind.ENDPOINT:
            self._check_endpoint()

    def _check_behaviours(self) -> None:
        allowed = _JUDGES[self.kind]
        wrong = [b for b in self.behaviours if b not in allowed]
        if wrong or not self.behaviours or len(set(self.behaviours)) < len(self.behaviours):
            raise PlanError(
                f"A judge of kind {self.kind} cannot judge "
                f"{', '.join(self.behaviours) or 'nothing'}; give each of its behaviours once: "
                f"{', '.join(allowed)}."
            )
        if self.kind is JudgeKind.CLASSIFIER and len(self.behaviours) > 1:
            raise PlanError(
                "A classifier's labels mean one behaviour; give one [[judges]] table for each."
            )

    def _check_endpoint(self) -> None:
        try:
            url = urlsplit(self.url)
            host = url.hostname or ""
        except ValueError:
            url, host = urlsplit(""), ""
        if not host or url.username or url.password or url.query or url.fragment:
            raise PlanError(
                f"The judge's url is {self.url!r}; give the base of an OpenAI-compatible API, for "
                "example https://host/v1, without key, user name or query."
            )
        if url.scheme != "https" and not (url.scheme == "http" and host in _LOOPBACK):
            raise PlanError(
                f"The judge's url {self.url!r} is not https; plain http is allowed on this "
                "machine only (127.0.0.1, localhost)."
            )
        if self.key_env and not re.fullmatch(r"[A-Z][A-Z0-9_]*", self.key_env):
            raise PlanError(
                "key_env must be the name of an environment variable (capital letters, digits, _), "
                "not the key itself."
            )
        for name, low, high in (
            ("timeout_s", 0.01, 3600),
            ("n_retries", 0, 10),
            ("n_parallel", 1, 64),
        ):
            if not low <= getattr(self, name) <= high:
                raise PlanError(
                    f"The judge's {name} is {getattr(self, name)}; give {low:g} to {high:g}."
                )


def check_deciders(judges: Sequence[JudgeChoice]) -> None:
    """Raises PlanError where a judge is given twice, or two would decide one behaviour."""
    if len(set(judges)) < len(judges):
        raise PlanError("Two [[judges]] tables of the plan are the same; leave one away.")
    deciding = [b for j in judges if j.decides for b in j.behaviours]
    twice = sorted({b for b in deciding if deciding.count(b) > 1})
    if twice:
        raise PlanError(
            f"Two judges decide {twice[0]}; set decides = true for one of them, the other is "
            "reported beside."
        )


@dataclass(frozen=True)
class JudgeCard:
    """A judge, word for word. prompt: what a language model is told, "" for other judges.

    settings: everything else its values depend on: digests, labels, thresholds.
    """

    name: str
    version: str
    prompt: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Name, version and a digest of prompt and settings: the `scorer` of its Scores."""
        if not self.prompt and not self.settings:
            return f"{self.name}/{self.version}"
        digest = digest_of([self.prompt, *(f"{k}\0{v}" for k, v in sorted(self.settings.items()))])
        return f"{self.name}/{self.version}#{digest[:16]}"


@dataclass(frozen=True)
class Disagreement:
    """One answer that a judge and the rules read differently."""

    subject: Subject
    variant: str
    suite: str
    probe_id: str
    sample_index: int
    rules: float
    judge: float
    detail: str


@dataclass(frozen=True)
class JudgeReport:
    """How one judge did in one inspection, beside the rules.

    n: answers it was asked about; n_none: those it left without a value, by reason in `reasons`.
    n_both, n_neither, n_only_judge, n_only_rules: answers that both scored, by who said yes.
    disagreements: the first of them.
    """

    card: JudgeCard
    behaviour: Behaviour
    decides: bool
    remote: str  # the endpoint that was sent the texts, "" where they stayed on this machine
    n: int
    n_none: int
    reasons: dict[str, int]
    n_both: int
    n_neither: int
    n_only_judge: int
    n_only_rules: int
    disagreements: tuple[Disagreement, ...]

    @property
    def agreement(self) -> float | None:
        """Share of the answers scored by both that both read alike; None where there are none."""
        alike = self.n_both + self.n_neither
        n = alike + self.n_only_judge + self.n_only_rules
        return alike / n if n else None
