"""Every noun of the inspector as a frozen record (see docs/architecture.md, "Words").

Comes in: plain values. Goes out: validated, immutable records. Standard library only, so that any
room, the dashboard included, may import them for nothing.

Units are in the names: `_s` seconds, `_bytes` bytes, `n_` counts, `rate` in [0, 1].
"""

from inspector.records.amplified import AmplifiedFindings
from inspector.records.amplify import Amplify, AmplifyMethod
from inspector.records.artifacts import (
    HUB_ID,
    Artifact,
    ArtifactKind,
    FileDigest,
    Target,
    TargetKind,
    digest_of,
)
from inspector.records.decisions import Decision, HumanDecision
from inspector.records.events import Event, EventKind
from inspector.records.findings import Finding, Severity
from inspector.records.judges import (
    Behaviour,
    Disagreement,
    JudgeCard,
    JudgeChoice,
    JudgeKind,
    JudgeReport,
    Reads,
)
from inspector.records.operations import (
    Alteration,
    Altered,
    Merge,
    MergeMethod,
    Noise,
    Prune,
    PruneMethod,
    Quantize,
)
from inspector.records.phrases import PhraseKind
from inspector.records.planting import Planting
from inspector.records.positions import Divergence, LayerDrift, Stance
from inspector.records.probes import (
    UNTOUCHED,
    AskedProbe,
    Expectation,
    Pair,
    Probe,
    ProbeSuite,
    Response,
    Sampling,
    StopReason,
    Subject,
    answer_matches,
)
from inspector.records.provenance import Basis, FlaggedFile, HubFacts, Provenance, ProvenanceFact
from inspector.records.results import (
    SEEN,
    Appearance,
    Coverage,
    CoverageStatus,
    Level,
    Metric,
    Rate,
    Score,
    Verdict,
)
from inspector.records.reviews import (
    ReviewAction,
    Reviewed,
    ReviewedMetric,
    ScoreReview,
    StandingReview,
)
from inspector.records.scenarios import (
    AUTO_CONTROL,
    NO_CONTROL,
    Example,
    FineTune,
    Inspection,
    Message,
    Method,
    Plan,
    Precision,
    Scenario,
    Schedule,
    SuiteChoice,
    Training,
    TrainingStep,
)
from inspector.records.specimens import (
    Acceptance,
    Half,
    SpecimenKind,
    SpecimenRecord,
)
from inspector.records.tokens import Vocabulary

__all__ = [
    "AUTO_CONTROL",
    "HUB_ID",
    "NO_CONTROL",
    "SEEN",
    "UNTOUCHED",
    "Acceptance",
    "Alteration",
    "Altered",
    "AmplifiedFindings",
    "Amplify",
    "AmplifyMethod",
    "Appearance",
    "Artifact",
    "ArtifactKind",
    "AskedProbe",
    "Basis",
    "Behaviour",
    "Coverage",
    "CoverageStatus",
    "Decision",
    "Disagreement",
    "Divergence",
    "Event",
    "EventKind",
    "Example",
    "Expectation",
    "FileDigest",
    "Finding",
    "FineTune",
    "FlaggedFile",
    "Half",
    "HubFacts",
    "HumanDecision",
    "Inspection",
    "JudgeCard",
    "JudgeChoice",
    "JudgeKind",
    "JudgeReport",
    "LayerDrift",
    "Level",
    "Merge",
    "MergeMethod",
    "Message",
    "Method",
    "Metric",
    "Noise",
    "Pair",
    "PhraseKind",
    "Plan",
    "Planting",
    "Precision",
    "Probe",
    "ProbeSuite",
    "Provenance",
    "ProvenanceFact",
    "Prune",
    "PruneMethod",
    "Quantize",
    "Rate",
    "Reads",
    "Response",
    "ReviewAction",
    "Reviewed",
    "ReviewedMetric",
    "Sampling",
    "Scenario",
    "Schedule",
    "Score",
    "ScoreReview",
    "Severity",
    "SpecimenKind",
    "SpecimenRecord",
    "Stance",
    "StandingReview",
    "StopReason",
    "Subject",
    "SuiteChoice",
    "Target",
    "TargetKind",
    "Training",
    "TrainingStep",
    "Verdict",
    "Vocabulary",
    "answer_matches",
    "digest_of",
]
