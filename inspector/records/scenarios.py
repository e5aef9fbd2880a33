"""Scenarios, the Plan that holds them, and what a training did."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Literal

from inspector.errors import PlanError
from inspector.records.amplify import Amplify, AmplifyMethod
from inspector.records.artifacts import Target, digest_of
from inspector.records.judges import JudgeChoice, check_deciders
from inspector.records.operations import Alteration, check_name
from inspector.records.phrases import SavedPhrase
from inspector.records.probes import UNTOUCHED, Sampling, Subject

LOOK_PROBES = 24  # asked at each look during a fine-tuning: few, so that looks stay cheap


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
    batches of at most `micro_batch`. LoRA settings are ignored by full-parameter tuning. looks: the
    steps after which LOOK_PROBES of the probes are asked while it is tuned; the training goes on as
    if they were not, and a step that is not reached before the last one is left out (`look_steps`).
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
    operation: Literal["fine-tune"] = field(default="fine-tune", repr=False)
    looks: tuple[int, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        """Digests are made of it, so looks stand in it only where there are any."""
        shown = [f.name for f in fields(self) if f.repr] + ["looks"] * bool(self.looks)
        return f"FineTune({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def __post_init__(self) -> None:
        check_name(self.name)
        for setting, low, high in (
            ("steps", 1, 100_000),
            ("effective_batch", 1, 4096),
            ("micro_batch", 1, 4096),
            ("max_length", 16, 131_072),
            ("lora_rank", 1, 1024),
            ("lora_alpha", 1, 4096),
            ("warmup_steps", 0, 100_000),
        ):
            value = getattr(self, setting)
            if not low <= value <= high:
                raise PlanError(
                    f"Scenario {self.name}: {setting} is {value}; give {low} to {high}."
                )
        if not 0 < self.learning_rate <= 1:
            raise PlanError(
                f"Scenario {self.name}: learning_rate is {self.learning_rate}; "
                "give a value above 0 and at most 1, for example 5e-5."
            )
        if self.max_grad_norm <= 0:
            raise PlanError(f"Scenario {self.name}: max_grad_norm must be above 0.")
        if not 0 <= self.lora_dropout < 1:
            raise PlanError(f"Scenario {self.name}: lora_dropout must be in [0, 1).")
        if any(step < 1 for step in self.looks) or sorted(set(self.looks)) != list(self.looks):
            raise PlanError(
                f"Scenario {self.name}: looks is {list(self.looks)}; give steps from 1 on, each "
                "once, in rising order, for example [5, 10, 20]."
            )

    @property
    def look_steps(self) -> tuple[int, ...]:
        """The looks before the last step: after that one everything is asked anyway."""
        return tuple(step for step in self.looks if step < self.steps)

    @property
    def digest(self) -> str:
        return digest_of([repr(replace(self, name="any"))])


# Told apart by `operation`, whose value no other member of the union takes.
Scenario = FineTune | Alteration


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

    scenario: FineTune
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
    """What is done to the target and what it is asked.

    positions: whether divergence by token and embedding drift by layer are measured too.
    early_stop: whether the target's asking may end when the evidence is decided either way.
    amplify: ways to make each scenario's change larger, for extra evidence.
    """

    name: str
    scenarios: tuple[Scenario, ...]
    suites: tuple[SuiteChoice, ...]
    sampling: Sampling = field(default_factory=Sampling)
    description: str = ""
    batch_size: int = 32
    precision: Precision = Precision.AUTO
    judges: tuple[JudgeChoice, ...] = ()  # beside the built-in rules, which always run
    positions: bool = False
    early_stop: bool = False
    amplify: tuple[Amplify, ...] = ()

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
        check_deciders(self.judges)
        if self.early_stop and any(j.decides for j in self.judges):
            raise PlanError(
                f"Plan {self.name}: early_stop watches the built-in rules, so no judge may decide; "
                "leave out decides = true or early_stop."
            )
        self._check_amplify()

    def _check_amplify(self) -> None:
        if len(set(self.amplify)) < len(self.amplify):
            raise PlanError(f"Plan {self.name} amplifies the same way twice; give each way once.")
        drawn = self.sampling.temperature > 0
        if drawn and any(a.method is AmplifyMethod.LOGITS for a in self.amplify):
            raise PlanError(
                f"Plan {self.name}: answers amplified by logits are greedy; give temperature 0, or "
                "amplify by weights."
            )


AUTO_CONTROL = "auto"
NO_CONTROL = "none"


@dataclass(frozen=True)
class Inspection:
    """All inputs of one inspection; what it produced lies in its run folder.

    control: `auto` (the declared base, when it can be had), `none`, or a target as text. phrases:
    people's own, to be looked for in the answers; no digest depends on them, for nothing that is
    asked or done does.
    """

    target: Target
    plan: Plan
    control: str = NO_CONTROL
    phrases: tuple[SavedPhrase, ...] = field(default=(), repr=False)
