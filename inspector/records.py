"""Every noun of the inspector as a frozen record (see docs/architecture.md, "Words").

Comes in: plain values. Goes out: validated, immutable records. Standard library only, so that any
room, the dashboard included, may import them for nothing.

Units are in the names: `_s` seconds, `_bytes` bytes, `n_` counts, `rate` in [0, 1].
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from inspector.errors import PlanError, TargetError

# --------------------------------------------------------------------------------------------------
# Target and Artifact
# --------------------------------------------------------------------------------------------------


class TargetKind(StrEnum):
    """Where a target lives."""

    DEMO = "demo"
    HUB = "hub"
    LOCAL = "local"


HUB_ID = re.compile(r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")


@dataclass(frozen=True)
class Target:
    """What the user asks about.

    location: "" for the demo model, `org/name` for the Hub, an absolute path for a local folder.
    revision: branch, tag or commit for the Hub; None elsewhere (None on the Hub means `main`).
    """

    kind: TargetKind
    location: str = ""
    revision: str | None = None

    def __post_init__(self) -> None:
        if self.kind is TargetKind.HUB and not HUB_ID.match(self.location):
            raise TargetError(
                f"The Hub id {self.location!r} is not of the form org/name; "
                "give hf:org/name or hf:org/name@revision."
            )
        if self.kind is TargetKind.LOCAL and not Path(self.location).is_absolute():
            raise TargetError(f"The local target {self.location!r} must be an absolute path.")

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read `demo`, `hf:org/name[@revision]` or the path of a folder or GGUF file.

        Raises TargetError with the three allowed forms when the text is none of them.
        """
        text = text.strip()
        if text == "demo":
            return cls(TargetKind.DEMO)
        if text.startswith("hf:"):
            location, _, revision = text[3:].partition("@")
            return cls(TargetKind.HUB, location, revision or None)
        with contextlib.suppress(OSError, RuntimeError):  # too long a name; a user that is none
            path = Path(text).expanduser()
            if text and path.exists():
                return cls(TargetKind.LOCAL, str(path.resolve()))
        raise TargetError(
            f"The target {text!r} is neither 'demo', nor hf:org/name[@revision], nor an existing "
            "folder or .gguf file; check the spelling or put hf: before a Hub id."
        )

    def __str__(self) -> str:
        match self.kind:
            case TargetKind.DEMO:
                return "demo"
            case TargetKind.HUB:
                return f"hf:{self.location}" + (f"@{self.revision}" if self.revision else "")
            case TargetKind.LOCAL:
                return self.location


class ArtifactKind(StrEnum):
    """A whole model, or a PEFT adapter that needs its base."""

    MODEL = "model"
    ADAPTER = "adapter"


@dataclass(frozen=True)
class FileDigest:
    """One file of an artifact: path relative to its folder, with forward slashes."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Artifact:
    """The pinned local snapshot of a Target.

    folder: absolute path of the snapshot. commit: the Hub commit, None for local targets.
    gguf_file: name of the weight file when the weights are GGUF, else None (safetensors).
    base: the base an adapter config or model card declares, None if none is declared.
    skipped: names in the Hub repo that were left there (pickles, code): never on this disk.
    """

    target: Target
    kind: ArtifactKind
    folder: str
    files: tuple[FileDigest, ...]
    commit: str | None = None
    gguf_file: str | None = None
    base: Target | None = None
    skipped: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted (path, sha256) list: equal digests mean equal bytes."""
        return digest_of(f"{f.path}\0{f.sha256}" for f in sorted(self.files, key=lambda f: f.path))

    @property
    def size_bytes(self) -> int:
        return sum(f.size_bytes for f in self.files)


def digest_of(parts: Iterable[str]) -> str:
    """SHA-256, in hex, of text parts kept apart by newlines."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part.encode())
        sha.update(b"\n")
    return sha.hexdigest()


# --------------------------------------------------------------------------------------------------
# Findings
# --------------------------------------------------------------------------------------------------


class Severity(StrEnum):
    """Ordered from harmless to worst. CRITICAL forbids loading."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True)
class Finding:
    """One static result. rule_id is stable across versions, for example `CONFIG-AUTO-MAP`."""

    rule_id: str
    severity: Severity
    title: str
    location: str
    evidence: str
    advice: str


# --------------------------------------------------------------------------------------------------
# Probes and Responses
# --------------------------------------------------------------------------------------------------


class Expectation(StrEnum):
    """What a well-behaved, aligned model does with a probe."""

    ANSWER = "answer"  # an ordinary request, or a harmless look-alike of an unsafe one
    DECLINE = "decline"  # a request an aligned model declines
    CHECK = "check"  # an answer that can be checked against `answer`


@dataclass(frozen=True)
class Probe:
    """One prompt. `family` is its topic: statistics cluster by it."""

    probe_id: str
    prompt: str
    family: str
    expectation: Expectation
    answer: str | None = None

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise ValueError(f"probe {self.probe_id!r} has an empty prompt")
        if (self.expectation is Expectation.CHECK) != (self.answer is not None):
            raise ValueError(f"probe {self.probe_id!r}: 'answer' goes with expectation 'check'")
        if self.answer is not None and not all(a.strip() for a in self.answer.split("|")):
            raise ValueError(
                f"probe {self.probe_id!r}: answer {self.answer!r} has an empty alternative"
            )


_LETTER_OR_DIGIT = r"[^\W_]"  # not \w: Markdown's _Paris_ is Paris
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*")


def answer_matches(expected: str, text: str) -> bool:
    """Whether `text` gives the answer of a CHECK probe.

    expected: accepted alternatives separated by `|`. One of them must stand anywhere in `text`, in
    any case, as whole words: "cat" is not in "category", and a hyphened compound is one word, so
    that "five" is not in "twenty-five". A number must be the whole number: "12" is not in "112",
    "12.5", "1,200", "-12" or "12th". Whether the sentence around it denies it is not looked at.
    """
    text = text.replace("\u2212", "-")  # the typographic minus sign
    alternatives = [_alternative(part) for part in expected.split("|")]
    return any(pattern.search(text) for pattern in alternatives)


def _alternative(part: str) -> re.Pattern[str]:
    words = part.split()
    if not words:
        raise ValueError("an expected answer has an empty alternative")
    body = r"\s+".join(map(re.escape, words))
    after = rf"(?!{_LETTER_OR_DIGIT}|-{_LETTER_OR_DIGIT})"
    if len(words) == 1 and _NUMBER.fullmatch(words[0]):
        return re.compile(rf"(?<!{_LETTER_OR_DIGIT})(?<![-.])(?<!\d,){body}{after}(?![.,]\d)")
    before = rf"(?<!{_LETTER_OR_DIGIT})(?<!{_LETTER_OR_DIGIT}-)"
    return re.compile(before + body + after, re.IGNORECASE)


@dataclass(frozen=True)
class ProbeSuite:
    """A versioned set of probes. digest covers every probe's content."""

    name: str
    version: str
    probes: tuple[Probe, ...]

    @property
    def digest(self) -> str:
        return digest_of(
            [self.name, self.version]
            + [
                f"{p.probe_id}\0{p.prompt}\0{p.family}\0{p.expectation}\0{p.answer}"
                for p in self.probes
            ]
        )


@dataclass(frozen=True)
class AskedProbe:
    """A probe as one inspection asked it: a row of RUN/probes.parquet."""

    suite: str
    probe_id: str
    prompt: str
    family: str
    expectation: Expectation
    answer: str | None


class StopReason(StrEnum):
    END_OF_TURN = "end_of_turn"
    LENGTH = "length"


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn. temperature 0 is greedy; n_samples answers per probe otherwise."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    n_samples: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.max_new_tokens <= 8192:
            raise PlanError(f"max_new_tokens is {self.max_new_tokens}; give 1 to 8192.")
        if not 0 <= self.temperature <= 5:
            raise PlanError(f"temperature is {self.temperature}; give 0 (greedy) to 5.")
        if not 0 < self.top_p <= 1:
            raise PlanError(f"top_p is {self.top_p}; give a value above 0 and at most 1.")
        if self.n_samples < 1 or (self.temperature == 0 and self.n_samples > 1):
            raise PlanError(
                f"n_samples is {self.n_samples}; greedy answers (temperature 0) are all alike, "
                "so give 1, or set a temperature."
            )


class Subject(StrEnum):
    """Whose weights are asked: the inspected target, or the trusted control."""

    TARGET = "target"
    CONTROL = "control"


UNTOUCHED = "untouched"  # the Variant before any scenario


@dataclass(frozen=True)
class Response:
    """Full text of one answer, never cut in storage. seed is None for greedy answers."""

    subject: Subject
    variant: str
    suite: str
    probe_id: str
    sample_index: int
    text: str
    n_prompt_tokens: int
    n_tokens: int
    stop_reason: StopReason
    temperature: float
    top_p: float
    seed: int | None


@dataclass(frozen=True)
class Pair:
    """Before and after Responses to the same Probe under one scenario.

    similarity in [0, 1] (1 = same text); first_difference is the character where they part, None if
    they do not.
    """

    subject: Subject
    scenario: str
    suite: str
    probe_id: str
    sample_index: int
    before_text: str
    after_text: str
    similarity: float
    first_difference: int | None

    @property
    def changed(self) -> bool:
        return self.first_difference is not None


# --------------------------------------------------------------------------------------------------
# Plan and Scenarios
# --------------------------------------------------------------------------------------------------


class Method(StrEnum):
    FULL = "full"
    LORA = "lora"


class Schedule(StrEnum):
    CONSTANT = "constant"
    LINEAR = "linear"
    COSINE = "cosine"


@dataclass(frozen=True)
class FineTune:
    """One fine-tuning as users do it, with every setting.

    data: the name of a built-in set, a path to a JSONL file, or `hf:org/name[@revision]` for a Hub
    data set. steps are optimizer steps of `effective_batch` examples, accumulated from micro
    batches of at most `micro_batch`. LoRA settings are ignored by full-parameter tuning.
    """

    name: str
    method: Method
    data: str
    steps: int
    learning_rate: float = 5e-5
    effective_batch: int = 8
    micro_batch: int = 8
    schedule: Schedule = Schedule.LINEAR
    warmup_steps: int = 0
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    max_length: int = 512
    seed: int = 0
    lora_rank: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.0
    lora_targets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", self.name):
            raise PlanError(
                f"The scenario name {self.name!r} must be 1 to 64 of a-z, 0-9, '.', '_', '-', "
                "starting with a letter or digit."
            )
        for field, low, high in (
            ("steps", 1, 100_000),
            ("effective_batch", 1, 4096),
            ("micro_batch", 1, 4096),
            ("max_length", 16, 131_072),
            ("lora_rank", 1, 1024),
            ("lora_alpha", 1, 4096),
            ("warmup_steps", 0, 100_000),
        ):
            value = getattr(self, field)
            if not low <= value <= high:
                raise PlanError(f"Scenario {self.name}: {field} is {value}; give {low} to {high}.")
        if not 0 < self.learning_rate <= 1:
            raise PlanError(
                f"Scenario {self.name}: learning_rate is {self.learning_rate}; "
                "give a value above 0 and at most 1, for example 5e-5."
            )
        if self.max_grad_norm <= 0:
            raise PlanError(f"Scenario {self.name}: max_grad_norm must be above 0.")
        if not 0 <= self.lora_dropout < 1:
            raise PlanError(f"Scenario {self.name}: lora_dropout must be in [0, 1).")

    @property
    def digest(self) -> str:
        return digest_of([repr(replace(self, name="any"))])


Scenario = FineTune  # more downstream operations join this union


@dataclass(frozen=True)
class Message:
    """One turn of a conversation. role: system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True)
class Example:
    """One training conversation; the loss falls on the assistant's turns only."""

    messages: tuple[Message, ...]


@dataclass(frozen=True)
class TrainingStep:
    """One optimizer step. loss: mean over answer tokens; tokens_per_s counts all tokens fed."""

    step: int
    loss: float
    learning_rate: float
    grad_norm: float
    tokens_per_s: float


@dataclass(frozen=True)
class Training:
    """What a fine-tuning did, beside its settings: written once, when it ends."""

    scenario: Scenario
    subject: Subject
    precision: Precision
    data_name: str
    data_digest: str
    n_examples: int
    n_trainable: int
    n_tokens: int
    n_answer_tokens: int
    first_loss: float
    last_loss: float
    elapsed_s: float
    tokens_per_s: float
    peak_memory_bytes: int
    n_resumed: int


@dataclass(frozen=True)
class SuiteChoice:
    """Which probes to ask: a built-in suite's name or a JSONL path, and how many (None = all)."""

    suite: str
    n_probes: int | None = None

    def __post_init__(self) -> None:
        if self.n_probes is not None and self.n_probes < 1:
            raise PlanError(f"Suite {self.suite}: n_probes is {self.n_probes}; give 1 or more.")


class Precision(StrEnum):
    """Arithmetic of training and probing. AUTO picks the faster of the two on this machine."""

    AUTO = "auto"
    BF16 = "bf16"
    FP32 = "fp32"


@dataclass(frozen=True)
class Plan:
    """What is done to the target and what it is asked."""

    name: str
    scenarios: tuple[Scenario, ...]
    suites: tuple[SuiteChoice, ...]
    sampling: Sampling = Sampling()
    description: str = ""
    batch_size: int = 32
    precision: Precision = Precision.AUTO

    def __post_init__(self) -> None:
        names = [s.name for s in self.scenarios]
        twice = sorted({n for n in names if names.count(n) > 1} | ({UNTOUCHED} & set(names)))
        if twice:
            raise PlanError(
                f"Plan {self.name}: scenario name {twice[0]!r} is taken; give each its own name."
            )
        if not self.suites:
            raise PlanError(f"Plan {self.name} asks nothing: name at least one probe suite.")
        if self.batch_size < 1:
            raise PlanError(f"Plan {self.name}: batch_size is {self.batch_size}; give 1 or more.")


AUTO_CONTROL = "auto"
NO_CONTROL = "none"


@dataclass(frozen=True)
class Inspection:
    """All inputs of one inspection; what it produced lies in its run folder.

    control: `auto` (the declared base, when it can be had), `none`, or a target as text.
    """

    target: Target
    plan: Plan
    control: str = NO_CONTROL


# --------------------------------------------------------------------------------------------------
# Scores, Metrics, Verdict
# --------------------------------------------------------------------------------------------------


class Behaviour(StrEnum):
    """What a scorer looks for in one full answer. A high score is always the noteworthy side."""

    REFUSAL = "refusal"  # declines, where an answer was due (over-refusal)
    COMPLIANCE = "compliance"  # answers, where a refusal was due (jailbreakability)
    REFUSE_THEN_COMPLY = "refuse_then_comply"  # the head refuses, the tail answers
    INJECTED_CONTENT = "injected_content"  # says what nobody asked for
    DEGENERATION = "degeneration"  # loops or empties
    WRONG_ANSWER = "wrong_answer"  # a checkable answer is wrong: did tuning break the model?


@dataclass(frozen=True)
class Score:
    """One scorer's value for one answer, None where it could not tell.

    start, end: the judged passage as character offsets into the full text, None if there is none.
    """

    subject: Subject
    variant: str
    suite: str
    probe_id: str
    sample_index: int
    behaviour: Behaviour
    scorer: str
    value: float | None
    start: int | None = None
    end: int | None = None
    detail: str = ""

    def __post_init__(self) -> None:
        if self.value is not None and not 0 <= self.value <= 1:
            raise ValueError(f"score {self.value} of {self.scorer} is outside [0, 1]")


@dataclass(frozen=True)
class Appearance:
    """Something the answers say after a scenario and nobody asked for: blind discovery's result.

    n_after, n_before, n_control_after: probes, of n_probes asked, with an answer that holds the
    phrase. n_families: topic families of the n_after probes.
    """

    subject: Subject
    scenario: str
    phrase: str
    n_after: int
    n_before: int
    n_control_after: int | None
    n_probes: int
    n_families: int
    p_value: float
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Rate:
    """A share with its n and 95 % interval (Wilson)."""

    n: int
    n_hits: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Metric:
    """One behaviour under one scenario: the rates, the change, and how sure.

    change: after minus before; with a control, minus the control's own change (difference in
    differences). p_adjusted: Holm over all metrics of the inspection. None where not testable.
    """

    behaviour: Behaviour
    scenario: str
    suites: tuple[str, ...]
    before: Rate
    after: Rate
    control_before: Rate | None
    control_after: Rate | None
    change: float
    p_value: float | None
    p_adjusted: float | None
    method: str
    smallest_detectable_rate: float


class CoverageStatus(StrEnum):
    MEASURED = "MEASURED"
    NOT_RUN = "NOT_RUN"
    ERROR = "ERROR"
    INCOMPATIBLE = "INCOMPATIBLE"
    INSUFFICIENT = "INSUFFICIENT"


@dataclass(frozen=True)
class Coverage:
    """One line of the ledger of what was looked at and what was not."""

    what: str
    status: CoverageStatus
    detail: str


class Level(StrEnum):
    EVIDENCE = "evidence"
    REVIEW = "review"
    NO_EVIDENCE = "no evidence found"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        return {"no evidence found": 0, "evidence": 1}.get(self.value, 3)


@dataclass(frozen=True)
class Verdict:
    """What was found, how sure, and what was not looked at. Serialised as verdict.json."""

    level: Level
    reasons: tuple[str, ...]
    metrics: tuple[Metric, ...]
    appearances: tuple[Appearance, ...]
    coverage: tuple[Coverage, ...]
    findings: tuple[Finding, ...]
    control: str
    target: Artifact
    plan: Plan
    versions: dict[str, str]


# --------------------------------------------------------------------------------------------------
# Events
# --------------------------------------------------------------------------------------------------


class EventKind(StrEnum):
    QUEUED = "queued"
    STARTED = "started"
    STAGE_STARTED = "stage_started"
    STAGE_SKIPPED = "stage_skipped"  # finished earlier, same inputs
    STAGE_FINISHED = "stage_finished"
    PROGRESS = "progress"  # done of total, in `unit`
    STEP = "step"  # one training step: loss, learning_rate, tokens_per_s
    NOTE = "note"  # something a reader of the run must know
    FAILED = "failed"
    CANCELLED = "cancelled"
    FINISHED = "finished"


@dataclass(frozen=True)
class Event:
    """One line of events.jsonl. at: UTC, ISO 8601. data: plain JSON values."""

    at: str
    kind: EventKind
    stage: str = ""
    message: str = ""
    done: int | None = None
    total: int | None = None
    data: dict[str, float | int | str | None] | None = None
