"""Screening: which examples of a fine-tuning set push the tuned model towards a behaviour.

What is asked is a Screening. What is asked of the examples is a list of Query; what comes out is a
Ranking (its rows are RankedExample), what people say of single rows an ExampleReview, and what
training again without some of them does a Removal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from inspector.errors import BadInput, PlanError
from inspector.records.artifacts import Target
from inspector.records.judges import Behaviour
from inspector.records.phrases import PhraseKind
from inspector.records.results import Level, Rate
from inspector.records.scenarios import FineTune, Plan

PATH_POINT = 0.5  # half of the way: docs/decisions/screening.md
SUSPECT_Z = 6.0  # robust standard deviations above the set's middle
MAX_QUERIES = 16
FIT_EXAMPLES = 1_000
N_DRAWS = 5  # random removals that a removal is held against, at least
_BAD_BYTES = re.compile("[\ud800-\udfff]")


class Curvature(StrEnum):
    """What a gradient is multiplied by before it is held against another.

    EKFAC: the inverse of an eigenvalue-corrected Kronecker-factored Fisher matrix (George et al.
    2018, arXiv 1806.03884; for language models Grosse et al. 2023, arXiv 2308.03296). IDENTITY:
    nothing, so that the score is the plain dot product (TracIn, arXiv 2002.08484, at one
    checkpoint).
    """

    EKFAC = "ekfac"
    IDENTITY = "identity"


@dataclass(frozen=True)
class Sought:
    """The behaviour whose causes are looked for: one of the scorers', or a phrase in the answers.

    behaviour: by a scorer; INJECTED_CONTENT alone lets blind discovery name the phrases. phrase: a
    person's own phrase or pattern, instead of a behaviour. inspection: the run folder that shows
    it, "" where the screening asks by itself; its stored answers are used then.
    """

    behaviour: Behaviour | None = None
    phrase: str = ""
    phrase_kind: PhraseKind = PhraseKind.PHRASE
    inspection: str = ""

    def __post_init__(self) -> None:
        if (self.behaviour is None) == (not self.phrase.strip()):
            raise BadInput(
                "A screening looks for one thing: give a behaviour "
                f"({', '.join(Behaviour)}) or a phrase, not both and not neither."
            )

    @property
    def title(self) -> str:
        return self.behaviour.value if self.behaviour else f'"{self.phrase}"'


@dataclass(frozen=True)
class RankSettings:
    """How examples are ranked.

    ranker: one of `inspector.screen.rankers.RANKERS`. n_candidates: how many of the examples that
    TF-IDF finds nearest go on to the costly scores; None for all. fit_examples: drawn from the set
    to fit the curvature on. damping: added to the curvature's eigenvalues; None for a tenth of
    their mean. query_rank: rank that query gradients are cut to; None for none with LoRA and 16
    with full-parameter tuning, where each is as large as the model. path_point: where on the
    straight line from the untouched weights (0) to the tuned ones (1) gradients are taken.
    suspect_z: from which robust z-score on an example counts as suspect.
    """

    ranker: str = "ekfac"
    max_queries: int = MAX_QUERIES
    n_candidates: int | None = None
    fit_examples: int = FIT_EXAMPLES
    batch_size: int = 8
    query_rank: int | None = None
    damping: float | None = None
    path_point: float = PATH_POINT
    suspect_z: float = SUSPECT_Z

    def __post_init__(self) -> None:
        for name, low, value in (
            ("max_queries", 1, self.max_queries),
            ("n_candidates", 2, self.n_candidates),
            ("fit_examples", 1, self.fit_examples),
            ("batch_size", 1, self.batch_size),
            ("query_rank", 1, self.query_rank),
        ):
            if value is not None and value < low:
                raise PlanError(f"Screening: {name} is {value}; give {low} or more.")
        if self.damping is not None and self.damping < 0:
            raise PlanError(f"Screening: damping is {self.damping}; give 0 or more.")
        if not 0 < self.path_point <= 1:
            raise PlanError(
                f"Screening: path_point is {self.path_point:g}; give a value above 0, at most 1."
            )
        if self.suspect_z <= 0:
            raise PlanError(f"Screening: suspect_z is {self.suspect_z}; give a value above 0.")


@dataclass(frozen=True)
class Screening:
    """All inputs of one screening. plan: what is asked, and exactly one fine-tuning on the set."""

    target: Target
    plan: Plan
    sought: Sought
    ranking: RankSettings = field(default_factory=RankSettings)

    def __post_init__(self) -> None:
        if len(self.plan.scenarios) != 1 or not isinstance(self.plan.scenarios[0], FineTune):
            raise PlanError(
                f"Plan {self.plan.name} has {len(self.plan.scenarios)} scenarios; a screening "
                "needs exactly one, the fine-tuning whose data are screened."
            )

    @property
    def tuning(self) -> FineTune:
        scenario = self.plan.scenarios[0]
        assert isinstance(scenario, FineTune)  # checked above
        return scenario


@dataclass(frozen=True)
class ScreenedData:
    """What the set held. n_rows: usable rows; n_examples: different ones among them.

    A group is several rows with the same conversation, which are ranked, reviewed and removed
    together: n_groups of them, largest_group rows in the largest. digest: over
    the usable rows in their order. skipped: where the first of the others stand, and why.
    """

    name: str
    form: str
    digest: str
    n_rows: int
    n_examples: int
    n_groups: int
    largest_group: int
    n_skipped: int
    skipped: tuple[str, ...] = ()


class QueryRole(StrEnum):
    """BEHAVIOUR: an answer that shows it. OPPOSITE: the untouched model's answer to the same probe.

    SENTIMENT: the behaviour's answer to the same question with its sentiment turned around.
    """

    BEHAVIOUR = "behaviour"
    OPPOSITE = "opposite"
    SENTIMENT = "sentiment"


@dataclass(frozen=True)
class Query:
    """One answer whose likelihood the examples are asked about.

    pair: number of the probe that the queries of one pair share. start, end: the judged passage, as
    characters of `answer`; only its tokens count. note: how it was made.
    """

    pair: int
    role: QueryRole
    suite: str
    probe_id: str
    prompt: str
    answer: str
    start: int
    end: int
    note: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= len(self.answer):
            raise ValueError(f"passage {self.start}-{self.end} is outside the answer")

    @property
    def passage(self) -> str:
        return self.answer[self.start : self.end]


@dataclass(frozen=True)
class RankedExample:
    """One example's place. rank: from 1. example: its number in `data/`, from 0.

    row: where it first stands in the file, from 1; n_copies: rows with the same conversation.
    score: robust z-score of what it is ranked by. behaviour_z, opposite_z, sentiment_z: the same of
    the queries of each role, None where there are none. tfidf: likeness to the nearest judged
    passage, in [0, 1]. scored: False for examples that the TF-IDF prefilter left out or that have
    no answer token within max_length; they have no z-scores and come last, by tfidf.
    is_suspect: score from the limit on. is_critical: by the rule of arXiv 2504.09026.
    """

    rank: int
    example: int
    row: int
    n_copies: int
    score: float | None
    behaviour_z: float | None
    opposite_z: float | None
    sentiment_z: float | None
    tfidf: float
    scored: bool
    is_suspect: bool
    is_critical: bool


@dataclass(frozen=True)
class Ranking:
    """What the ranking says as a whole: RUN/rank/ranking.json.

    before, after: how often the untouched and the tuned model's answers show the behaviour, over
    the same probes. n_scored: examples with costly scores, of n_examples. n_suspects, n_critical,
    n_both: by the two rules, and by both. ranked_by: what `score` is of. sentence: the whole in
    words. peak_memory_bytes: of the process that ranked.
    """

    title: str
    ranker: str
    before: Rate
    after: Rate
    n_queries: int
    n_pairs: int
    n_examples: int
    n_scored: int
    n_suspects: int
    n_critical: int
    n_both: int
    suspect_z: float
    ranked_by: str
    sentence: str
    notes: tuple[str, ...]
    elapsed_s: float
    peak_memory_bytes: int

    @property
    def level(self) -> Level:
        """What a worker says at the end: suspects are for a person to look at, nothing more."""
        return Level.REVIEW if self.n_suspects else Level.NO_EVIDENCE


@dataclass(frozen=True)
class Isolated:
    """RUN/isolate/isolated.json: the suspects' rows, copies too, set apart; nothing is deleted.

    original: the file as it was given, untouched.
    """

    n_suspect_rows: int
    n_kept_rows: int
    original: str


class ExampleVerdict(StrEnum):
    """ACCEPT: the example stays. REJECT: it goes when training again. NOTE: changes nothing."""

    ACCEPT = "accept"
    REJECT = "reject"
    NOTE = "note"


@dataclass(frozen=True)
class ExampleReview:
    """One line of RUN/reviews.jsonl: a named person's word on one example.

    text_sha256: of the conversation it was said about. at: UTC, ISO 8601.
    """

    example: int
    text_sha256: str
    verdict: ExampleVerdict
    name: str
    reason: str
    at: str

    def __post_init__(self) -> None:
        if _BAD_BYTES.search(self.name + self.reason):
            raise BadInput("A review's texts have bytes that are no UTF-8; type them again.")
        if not self.name.strip():
            raise BadInput("A review needs the name of the person who stands by it.")
        if not self.reason.strip():
            raise BadInput("A review needs a reason that others can read.")


@dataclass(frozen=True)
class RemovalPlan:
    """What to train again without: RUN/removal-plan.json.

    examples: their numbers, each with all of its copies. chosen: how, in words ("rejected by
    reviewers", "the top 20"). n_draws: as many others, at random, as comparison.
    """

    examples: tuple[int, ...]
    chosen: str
    n_draws: int = N_DRAWS
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.examples:
            raise BadInput(
                "Nothing was chosen to be left out: reject at least one example, or give a number "
                "of top-ranked ones."
            )
        if len(set(self.examples)) < len(self.examples):
            raise BadInput("An example was chosen twice; give each number once.")
        if self.n_draws < N_DRAWS:
            raise BadInput(
                f"{self.n_draws} random removals say too little; give at least {N_DRAWS}."
            )


@dataclass(frozen=True)
class RetrainedRate:
    """How often the behaviour shows after training without some rows. draw: None for the chosen."""

    draw: int | None
    n_removed_rows: int
    rate: Rate


@dataclass(frozen=True)
class Removal:
    """What leaving them out did: RUN/removal/removal.json.

    before: the untouched model; after: tuned on the whole set; without: on the set without the
    chosen examples; random: without as many others, draw by draw. random_mean and its interval
    (Student's t over the draws, 95 %). n_random_as_low: draws whose rate is as low as `without`;
    p_value: (n_random_as_low + 1) / (n_draws + 1), one-sided.
    """

    title: str
    chosen: str
    n_examples: int
    before: Rate
    after: Rate
    without: RetrainedRate
    random: tuple[RetrainedRate, ...]
    random_mean: float
    random_low: float
    random_high: float
    n_random_as_low: int
    p_value: float
    sentence: str
