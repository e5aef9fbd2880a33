"""The one model of the report: every section as plain data, ready for any rendering.

Comes in: built by `inspector.report.compose.compose(run, language)`. Goes out: `ReportContents`.
Each section carries the sentences to show, in the report's language, and beside them the records
they were made from, for formats that machines read. Nothing in it depends on when or where the
report is made, so the same run gives the same report.

Every string may quote a model, a file or a user: a rendering escapes all of them, and shows
characters that hide or reorder text as marks (`inspector.report.marked`).

In a table's cell a line break parts the value from a quieter second line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from inspector.profiles import DriftLine, Profile
from inspector.records import (
    ActivationCurve,
    Appearance,
    Artifact,
    AskedProbe,
    Behaviour,
    CoverageStatus,
    Decision,
    Finding,
    HumanDecision,
    JudgeCard,
    Level,
    Metric,
    Pair,
    PhraseFinding,
    ReviewedMetric,
    Scenario,
    Score,
    Stance,
    StandingReview,
    Subject,
    TrainingStep,
)
from inspector.records.provenance import Provenance
from inspector.report.study_lines import HardenedLine, RoundLine, ScreenedLine

SCHEMA = "inspector-report/4"


class Mark(StrEnum):
    """Where a field comes from, so that nobody takes a claim for a fact.

    VERIFIED and DECLARED are the two that matter about a model's files. What this inspection asked
    and computed is neither, and neither is what a person typed: they have marks of their own.
    """

    VERIFIED = "verified"  # verified from bytes: read or computed from the pinned files themselves
    DECLARED = "declared"  # declared by the author: publisher's words that no byte confirms
    MEASURED = "measured"  # asked, computed or concluded by this inspection
    STATED = "stated"  # stated by whoever ran the inspection or decided on it


class ColumnKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"  # set flush right
    CODE = "code"  # digests and identifiers


@dataclass(frozen=True)
class Fact:
    """One labelled value."""

    label: str
    value: str
    mark: Mark
    is_code: bool = False


@dataclass(frozen=True)
class Column:
    title: str
    kind: ColumnKind = ColumnKind.TEXT


@dataclass(frozen=True)
class Table:
    """Rows of cells, one for each column. stands_out: indexes of rows a reader must not miss."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    mark: Mark
    stands_out: tuple[int, ...] = ()


@dataclass(frozen=True)
class MarkMeaning:
    """One line of the legend. short: how the mark is written beside a field."""

    mark: Mark
    short: str
    word: str
    meaning: str


@dataclass(frozen=True)
class DecisionSection:
    """What is suggested, by rule, and what a person decided in its place.

    decision: what counts now. suggested, why: the rule's outcome and its reasons. override: the
    latest human decision, None while there is none. is_outdated: the verdict has changed since.
    owner, expires: as they are shown ("not named yet"); facts: both, and a person's time, reason
    and conditions, for showing as they are. retest: what makes it void.
    """

    decision: Decision
    word: str
    lead: str
    suggested: Decision
    suggested_word: str
    why: tuple[str, ...]
    owner: str
    expires: str
    facts: tuple[Fact, ...]
    retest: tuple[str, ...]
    override: HumanDecision | None
    is_outdated: bool
    mark: Mark


@dataclass(frozen=True)
class Reason:
    """One reason of the verdict. behaviour: what it is about, if any. rule: its id for tools."""

    text: str
    behaviour: Behaviour | None
    rule: str
    mark: Mark = Mark.MEASURED


@dataclass(frozen=True)
class LedgerLine:
    """One line of the coverage ledger."""

    what: str
    status: CoverageStatus
    status_word: str
    detail: str
    mark: Mark = Mark.MEASURED


@dataclass(frozen=True)
class ArtifactSection:
    """Target, base or control: facts, and its files. The record's folder is left out."""

    role: str  # target, base, control
    title: str
    facts: tuple[Fact, ...]
    files: Table
    artifact: Artifact


@dataclass(frozen=True)
class RecordSection:
    """Lineage or provenance: what the scan wrote about it; no facts where it was not run.

    provenance: the record itself, in the section about it.
    """

    title: str
    facts: tuple[Fact, ...]
    tables: tuple[Table, ...]
    note: str
    provenance: Provenance | None = None


@dataclass(frozen=True)
class FindingSection:
    """One static finding. references: crosswalk identifiers that it supports."""

    finding: Finding
    severity_word: str
    title: str
    advice: str
    references: tuple[str, ...]
    mark: Mark = Mark.VERIFIED


@dataclass(frozen=True)
class LossCurve:
    subject: Subject
    steps: tuple[TrainingStep, ...]


@dataclass(frozen=True)
class OperationSection:
    """One simulated downstream operation: all its settings, and what it did to which weights."""

    name: str
    description: str
    settings: tuple[Fact, ...]
    results: Table
    curves: tuple[LossCurve, ...]  # fine-tunings only
    scenario: Scenario


@dataclass(frozen=True)
class BehaviourSection:
    """Rates of one behaviour before, after, and in the control; what is sure comes first."""

    title: str
    help: str
    table: Table
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class ActivationLine:
    """At which step of one fine-tuning one behaviour wakes, in words, and its curve."""

    line: str
    curve: ActivationCurve
    mark: Mark = Mark.MEASURED


@dataclass(frozen=True)
class AppearanceSection:
    """A phrase that nobody asked for, where it spread, and answers that hold it."""

    phrase: str
    counts: str
    examples: tuple[str, ...]
    appearance: Appearance
    mark: Mark = Mark.MEASURED


@dataclass(frozen=True)
class PositionsSection:
    """Where in texts and layers the operations act; both empty where it was not measured."""

    profiles: tuple[Profile, ...]
    drift: tuple[DriftLine, ...]
    lines: tuple[str, ...]
    mark: Mark = Mark.MEASURED


@dataclass(frozen=True)
class EvidencePair:
    """One pair of whole answers with the judged passage.

    before_marked, after_marked: character offsets (start, end) to mark, None for nothing.
    """

    title: str
    meta: str
    prompt: str
    before_text: str
    before_marked: tuple[int, int] | None
    after_text: str
    after_marked: tuple[int, int] | None
    is_new: bool
    pair: Pair
    score: Score
    probe: AskedProbe | None
    turn: Stance | None
    mark: Mark = Mark.MEASURED


@dataclass(frozen=True)
class JudgeSection:
    """One judge by name and version. card is None for the built-in rules."""

    name: str
    version: str
    behaviour: str
    decides: bool
    where: str
    agreement: str
    facts: tuple[Fact, ...]
    card: JudgeCard | None
    mark: Mark = Mark.MEASURED


@dataclass(frozen=True)
class ReviewsSection:
    """What people said of single scores: rates as scored and as reviewed, then each review.

    tables: none where nobody has reviewed anything; lead says so.
    """

    lead: str
    tables: tuple[Table, ...]
    metrics: tuple[ReviewedMetric, ...]
    reviews: tuple[StandingReview, ...]
    mark: Mark = Mark.STATED


@dataclass(frozen=True)
class PhrasesSection:
    """Phrases that people had saved before the inspection started, and how often answers hold them.

    tables: none where none was saved; lead says so.
    """

    lead: str
    tables: tuple[Table, ...]
    findings: tuple[PhraseFinding, ...]
    mark: Mark = Mark.MEASURED


@dataclass(frozen=True)
class ScreeningsSection:
    """Which training examples cause what was seen, and what training without them did.

    tables: none where nothing was screened; lead says so, and what nobody has done.
    """

    lead: str
    tables: tuple[Table, ...]
    lines: tuple[ScreenedLine, ...]
    mark: Mark = Mark.MEASURED


@dataclass(frozen=True)
class HardeningsSection:
    """What alignments of the model did after a later tuning, plain and hardened.

    tables: none where no hardening has a result; lead says so, and what no hardening tells.
    """

    lead: str
    tables: tuple[Table, ...]
    lines: tuple[HardenedLine, ...]
    mark: Mark = Mark.MEASURED


@dataclass(frozen=True)
class RoundsSection:
    """What federated studies came to that had the model as base, participant or adapter to repair.

    tables: none where no study came to anything; lead says so, and what none of them tells.
    """

    lead: str
    tables: tuple[Table, ...]
    lines: tuple[RoundLine, ...]
    mark: Mark = Mark.MEASURED


StudiesSection = ScreeningsSection | HardeningsSection | RoundsSection
TablesSection = PhrasesSection | ReviewsSection | StudiesSection


@dataclass(frozen=True)
class CrosswalkLine:
    """One framework item that this report holds supporting evidence for."""

    framework: str
    reference: str
    title: str
    support: str
    mark: Mark = Mark.MEASURED


@dataclass(frozen=True)
class Reproduction:
    """What somebody else needs to do the same again."""

    commands: tuple[str, ...]
    versions: tuple[Fact, ...]
    seeds: tuple[Fact, ...]
    digests: tuple[Fact, ...]
    machine: tuple[Fact, ...]


@dataclass(frozen=True)
class ReportContents:
    """All that a report shows, in the order of reading.

    level is None for a run without a verdict; `ended` is then the last event's kind, "" while it
    runs on. not_looked_at stands before every conclusion. findings is None when the scan did not
    finish. sha256: over the canonical JSON of everything else here (`inspector.report.canonical`).
    """

    run_id: str
    language: str
    inspector_version: str
    target: str
    plan: str
    control: str
    started_at: str
    ended_at: str
    ended: str
    message: str
    level: Level | None
    level_word: str
    level_help: str
    not_looked_at: tuple[LedgerLine, ...]
    looked_at: tuple[LedgerLine, ...]
    decision: DecisionSection
    summary: str
    reasons: tuple[Reason, ...]
    marks: tuple[MarkMeaning, ...]
    identity: tuple[ArtifactSection, ...]
    lineage: RecordSection
    provenance: RecordSection
    findings: tuple[FindingSection, ...] | None
    scope: tuple[Fact, ...]
    operations: tuple[OperationSection, ...]
    rates: tuple[BehaviourSection, ...]
    smallest_reported: str
    activation: tuple[ActivationLine, ...]
    appearances: tuple[AppearanceSection, ...]
    phrases: PhrasesSection
    positions: PositionsSection
    screenings: ScreeningsSection
    hardenings: HardeningsSection
    rounds: RoundsSection
    evidence: tuple[EvidencePair, ...]
    n_evidence: int
    judges: tuple[JudgeSection, ...]
    reviews: ReviewsSection
    overrides: tuple[HumanDecision, ...]
    method: tuple[str, ...]
    crosswalk: tuple[CrosswalkLine, ...]
    residual_risks: tuple[str, ...]
    conditions: tuple[str, ...]
    clauses: tuple[str, ...]
    reproduction: Reproduction
    schema: str = field(default=SCHEMA)
    sha256: str = ""
