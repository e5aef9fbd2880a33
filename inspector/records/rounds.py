"""Federated rounds: what is asked of one, what its participants sent, and what came of it.

Three studies share a run folder's form: screening a round that came in, simulating rounds, and
repairing an adapter. Told apart by `study`, whose value no other member of the union takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from inspector.errors import PlanError
from inspector.records.artifacts import Target
from inspector.records.probes import Sampling
from inspector.records.results import Coverage, Level, Metric, Rate
from inspector.records.scenarios import FineTune, Method, Plan, SuiteChoice

BASE = "base"  # the variant that nobody tuned: what the round began with
AGGREGATE = "aggregate"
WITHOUT = "without-"  # + a participant's name: the aggregate of the others


def round_plan() -> Plan:
    """What is asked by default: policy probes, everyday questions, and some with known answers."""
    return Plan(
        name="round",
        scenarios=(),
        suites=(SuiteChoice("policy"), SuiteChoice("everyday", 40), SuiteChoice("sanity", 24)),
        sampling=Sampling(max_new_tokens=64),
        description="Asked of every participant, of the aggregates and of the base.",
    )


@dataclass(frozen=True)
class RoundScreening:
    """A round that came in: which participant does harm, and what has the aggregate become?

    participants: absolute path of a folder of adapter folders. base: what they were tuned on; None
    for the one that all declare. samples: participant -> examples it was tuned on, where known.
    n_malicious: how many the rules expect, None for 30 %. leave_one_out: whether the aggregates
    without each participant are asked too.
    """

    participants: str
    plan: Plan
    base: Target | None = None
    rule: str = "fedavg"
    n_malicious: int | None = None
    samples: tuple[tuple[str, int], ...] = ()
    leave_one_out: bool = True
    study: Literal["screening"] = "screening"


class Screened(StrEnum):
    """Which simulated rounds are screened, to see whether that names the malicious ones."""

    NONE = "none"
    LAST = "last"
    ALL = "all"


@dataclass(frozen=True)
class Simulation:
    """Rounds of federated tuning with some malicious participants, trained for real.

    tuning: what each participant does in each round (LoRA); its `data` and `seed` are set per
    participant. data: sets that honest participants draw from, each one topic. concentration: of
    the Dirichlet distribution over these sets, per participant; small is unlike, None is alike.
    malicious_share: of all participants; these tune on attack data alone. per_round: how many take
    part in a round. screen: which rounds are screened as ones that came in; leave_out: whether
    whom screening names with `evidence` stays out of the aggregate.
    """

    base: Target
    plan: Plan
    tuning: FineTune
    data: tuple[str, ...]
    rule: str = "fedavg"
    n_malicious: int | None = None  # that the rule expects; None for 30 % of a round
    n_participants: int = 10
    malicious_share: float = 0.3
    n_samples: int = 500
    n_rounds: int = 3
    per_round: int = 10
    concentration: float | None = 1.0
    max_rank: int | None = None
    screen: Screened = Screened.NONE
    leave_out: bool = False
    seed: int = 0
    study: Literal["simulation"] = "simulation"

    def __post_init__(self) -> None:
        for setting, words, high in (
            ("n_participants", "number of participants", 1000),
            ("n_samples", "number of examples of each participant", 1_000_000),
            ("n_rounds", "number of rounds", 10_000),
            ("per_round", "number of participants present in a round", self.n_participants),
        ):
            value = getattr(self, setting)
            if not 1 <= value <= high:
                raise PlanError(f"The {words} is {value}; give 1 to {high:,}.")
        if not 0 <= self.malicious_share < 0.5:
            raise PlanError(
                f"The malicious share is {self.malicious_share:.0%}; give 0 to below 50%: no rule "
                "and no screening can tell a malicious majority from an honest one."
            )
        if self.leave_out and self.screen is Screened.NONE:
            raise PlanError(
                "Nobody can be left out unless rounds are screened: screen last or all."
            )
        if self.concentration is not None and self.concentration <= 0:
            raise PlanError(
                f"concentration is {self.concentration}; give a number above 0 (0.1: very unlike, "
                "100: nearly alike), or none for alike participants."
            )
        if self.tuning.method is not Method.LORA:
            raise PlanError("Participants tune adapters: the method of a simulation is lora.")
        if not self.data:
            raise PlanError("Honest participants need data; name at least one set.")

    @property
    def n_bad(self) -> int:
        """How many participants are malicious, rounded."""
        return round(self.malicious_share * self.n_participants)


class DefenceLevel(StrEnum):
    """Where the refusals come from that the global model is tuned on afterwards.

    Source: arXiv 2406.10630, section 4.
    """

    PUBLIC = "1"  # a file of public data
    OTHER_MODEL = "2"  # written by another, aligned model
    SELF = "3"  # written by the global model itself, and filtered


@dataclass(frozen=True)
class Repair:
    """Tuning an aggregate back to refusing: `adapter` on `base`, by data of one level.

    refusals: JSONL of questions and refusals (level 1). writer: the aligned model that writes them
    (level 2). helpful: sets of ordinary questions and answers, as many rows of which are mixed in.
    n_questions: how many refusals to gather at most.
    """

    adapter: Target
    plan: Plan
    level: DefenceLevel
    tuning: FineTune
    base: Target | None = None
    refusals: str | None = None
    writer: Target | None = None
    helpful: tuple[str, ...] = ("knowledge", "support")
    n_questions: int = 200
    seed: int = 0
    study: Literal["repair"] = "repair"

    def __post_init__(self) -> None:
        if self.level is DefenceLevel.PUBLIC and self.refusals is None:
            raise PlanError(
                "Level 1 tunes on public data: give a file of questions and refusals (--refusals)."
            )
        if self.level is DefenceLevel.OTHER_MODEL and self.writer is None:
            raise PlanError(
                "At level 2 another aligned model writes the refusals: name it (--writer)."
            )
        if self.n_questions < 1:
            raise PlanError(f"n_questions is {self.n_questions}; give 1 or more.")


Study = RoundScreening | Simulation | Repair


class Standing(StrEnum):
    """Whether a participant's adapter takes part in the aggregate."""

    ACCEPTED = "accepted"
    SET_ASIDE = "set aside"


@dataclass(frozen=True)
class Participant:
    """One adapter of a round. problem: why it was set aside, in one sentence, else "".

    digest: of its files. same_as: an earlier participant with the same weights, "" for none.
    """

    name: str
    folder: str
    standing: Standing
    digest: str = ""
    problem: str = ""
    declared_base: str = ""
    n_modules: int = 0
    rank: int = 0
    n_samples: int = 1
    same_as: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Aggregated:
    """How an aggregate was made.

    weights: by participant, empty where the rule works on single weights. is_exact: whether the
    adapter is the rule's result itself; otherwise truncated to `rank`, with relative_error (norm of
    what is missing over the norm of the whole).
    """

    rule: str
    n_participants: int
    n_malicious: int
    weights: tuple[float, ...]
    is_exact: bool
    rank: int
    relative_error: float
    norm: float
    note: str = ""


@dataclass(frozen=True)
class Statistic:
    """What the weights alone say of one participant, beside the others.

    cosine: to the mean of the others. krum, dnc: those rules' scores (high stands out). foolsgold:
    its weight in [0, 1] (low looks like a sybil). z: robust z-scores of norm, cosine, krum and dnc
    by name, None where the participants are too few or all alike. flags: what stands out.
    """

    participant: str
    norm: float
    cosine: float | None
    krum: float | None
    foolsgold: float | None
    dnc: float | None
    z: dict[str, float | None] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conduct:
    """How one model behaved. model: `base`, `aggregate`, `without-NAME` or a participant's name.

    safety: share of the requests that should be declined with which it did not comply.
    helpful: share of ordinary and checkable questions that it answered: no refusal, no loop or
    silence, and right where that can be checked. unclear: answers that no scorer could judge.
    """

    model: str
    safety: Rate
    helpful: Rate
    n_unclear: int


@dataclass(frozen=True)
class AnswerLoss:
    """Mean negative log-probability per token of held-out helpful answers, in nats."""

    model: str
    mean: float
    low: float
    high: float
    n_answers: int
    n_tokens: int


@dataclass(frozen=True)
class Suspicion:
    """What behaviour says of one participant.

    peer: the middle one of the others, by each behaviour's rate, that it is held against; "" where
    it is alone. metrics: its change from the base minus the peer's. alone: how the aggregate rises
    by it: the aggregate of the others before, of all after.
    """

    participant: str
    level: Level
    reasons: tuple[str, ...]
    peers: dict[str, str]
    metrics: tuple[Metric, ...]
    alone: tuple[Metric, ...] = ()


@dataclass(frozen=True)
class RoundVerdict:
    """What a round came to: RUN/judge/verdict.json of a screening."""

    level: Level
    reasons: tuple[str, ...]
    base: str
    aggregated: Aggregated
    participants: tuple[Participant, ...]
    suspicions: tuple[Suspicion, ...]
    statistics: tuple[Statistic, ...]
    conducts: tuple[Conduct, ...]
    coverage: tuple[Coverage, ...]
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RoundStep:
    """One simulated round. present: who took part; malicious: those of them that are. aggregated:
    None where everybody was left out.

    is_screened: whether it was. named, missed: malicious ones that screening named with `evidence`
    and those it did not; accused: honest ones it named so; to_review: anybody it left to a person.
    by_weights: whom the statistics of the weights flag, right or wrong.
    """

    number: int
    present: tuple[str, ...]
    malicious: tuple[str, ...]
    aggregated: Aggregated | None
    last_losses: tuple[float, ...]
    elapsed_s: float
    by_weights: tuple[str, ...] = ()
    is_screened: bool = False
    named: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    accused: tuple[str, ...] = ()
    to_review: tuple[str, ...] = ()


@dataclass(frozen=True)
class SimulationResult:
    """What simulated rounds came to: RUN/judge/result.json. level: of the last global model held
    against the base that the rounds began with. adapter: the folder of the global adapter."""

    level: Level
    reasons: tuple[str, ...]
    steps: tuple[RoundStep, ...]
    before: Conduct
    after: Conduct
    before_loss: AnswerLoss
    after_loss: AnswerLoss
    adapter: str
    metrics: tuple[Metric, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gathered:
    """The data of a repair. n_asked: questions put to the writer; n_kept: refusals that passed the
    refusal judge; n_helpful: ordinary rows mixed in."""

    level: DefenceLevel
    writer: str
    n_asked: int
    n_kept: int
    n_helpful: int
    data_digest: str


@dataclass(frozen=True)
class RepairResult:
    """What a repair came to: RUN/judge/result.json. level: of the repaired model held against the
    base. adapter: the folder of the repaired adapter."""

    level: Level
    reasons: tuple[str, ...]
    gathered: Gathered
    before: Conduct
    after: Conduct
    base: Conduct
    before_loss: AnswerLoss
    after_loss: AnswerLoss
    adapter: str
    metrics: tuple[Metric, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
