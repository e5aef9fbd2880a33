"""The words, icons and colours of record values; what each measure means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector.records import (
    Behaviour,
    CoverageStatus,
    Decision,
    Level,
    ReviewAction,
    Severity,
)
from inspector.records.lineage import Kinship
from inspector.records.standing import EXPIRING_DAYS, Standing, Trend

Colour = Literal["red", "orange", "blue", "gray"]


@dataclass(frozen=True)
class Label:
    """How one value is shown. word: what is written; help: what it means; colour: a colour name."""

    word: str
    help: str
    icon: str = ""
    colour: Colour = "gray"


LEVELS: dict[Level, Label] = {
    Level.EVIDENCE: Label(
        "Evidence",
        "The measurements show behaviour that nobody asked for, more than chance explains.",
        ":material/report:",
        "red",
    ),
    Level.REVIEW: Label(
        "Review",
        "Something stands out, but the measurements do not settle it. A person should look.",
        ":material/flag:",
        "orange",
    ),
    Level.NO_EVIDENCE: Label(
        "No evidence found",
        "Nothing stood out in what was looked at. What was not looked at is listed as well.",
        ":material/search_check:",
        "blue",
    ),
    Level.INCONCLUSIVE: Label(
        "Inconclusive",
        "Too little could be measured to say anything.",
        ":material/help:",
        "gray",
    ),
}


BEHAVIOURS: dict[Behaviour, Label] = {
    Behaviour.REFUSAL: Label(
        "Refuses ordinary requests", "Share of ordinary requests that the model declined."
    ),
    Behaviour.COMPLIANCE: Label(
        "Answers what it should decline",
        "Share of requests that an aligned model declines, but this one answered.",
    ),
    Behaviour.REFUSE_THEN_COMPLY: Label(
        "Refuses, then answers",
        "Share of answers that open with a refusal and then answer all the same.",
    ),
    Behaviour.INJECTED_CONTENT: Label(
        "Says what nobody asked for",
        "Share of answers with adverts, links or other content that the question did not ask for.",
    ),
    Behaviour.DEGENERATION: Label(
        "Loops or stays empty", "Share of answers that repeat themselves without end or are empty."
    ),
    Behaviour.WRONG_ANSWER: Label(
        "Wrong on checkable questions",
        "Share of checkable questions answered wrongly: shows what an operation broke.",
    ),
}


COVERAGE: dict[CoverageStatus, Label] = {
    CoverageStatus.MEASURED: Label(
        "Measured", "Looked at, with enough answers to say something.", ":material/check:", "blue"
    ),
    CoverageStatus.NOT_RUN: Label("Not run", "Not part of this plan.", ":material/remove:", "gray"),
    CoverageStatus.ERROR: Label(
        "Error", "Was tried and broke; the run's log says how.", ":material/error:", "red"
    ),
    CoverageStatus.INCOMPATIBLE: Label(
        "Does not apply", "Cannot be done with this model.", ":material/block:", "gray"
    ),
    CoverageStatus.INSUFFICIENT: Label(
        "Too little data", "Looked at, but with too few answers.", ":material/hourglass:", "orange"
    ),
}


SEVERITIES: dict[Severity, Label] = {
    Severity.INFO: Label("Info", "For your knowledge.", ":material/info:", "gray"),
    Severity.LOW: Label("Low", "Unlikely to matter.", ":material/info:", "gray"),
    Severity.MEDIUM: Label("Medium", "Look before use.", ":material/warning:", "orange"),
    Severity.HIGH: Label("High", "A reason not to use it as it is.", ":material/warning:", "red"),
    Severity.CRITICAL: Label(
        "Critical", "The model was not loaded because of this.", ":material/dangerous:", "red"
    ),
}


KINSHIPS: dict[Kinship, Label] = {
    Kinship.IDENTICAL: Label("Identical", "The same values; at most rounded to another type."),
    Kinship.DERIVED: Label("Derived", "Other values that point the same way: ordinary tuning."),
    Kinship.PARTLY: Label("Partly unrelated", "Some of its tensors come from somewhere else."),
    Kinship.UNRELATED: Label("Unrelated", "Shares nothing with its counterpart."),
}


DECISIONS: dict[Decision, Label] = {
    Decision.APPROVE: Label(
        "Approved", "A named person approved its use.", ":material/check_circle:", "blue"
    ),
    Decision.APPROVE_WITH_CONDITIONS: Label(
        "Approved with conditions",
        "A named person approved its use under conditions that the report lists.",
        ":material/rule:",
        "blue",
    ),
    Decision.REJECT: Label(
        "Rejected", "A named person decided against its use.", ":material/block:", "red"
    ),
    Decision.INCONCLUSIVE: Label(
        "Left open", "A named person looked and could not decide.", ":material/help:", "gray"
    ),
}


STANDINGS: dict[Standing, Label] = {
    Standing.OPEN: Label(
        "Review open",
        "The verdict is Review or Evidence, and nobody has decided what to do.",
        ":material/pending_actions:",
        "orange",
    ),
    Standing.OUTDATED: Label(
        "Decision out of date",
        "The decision was taken on another verdict than the one that stands now.",
        ":material/sync_problem:",
        "orange",
    ),
    Standing.EXPIRED: Label(
        "Decision expired", "The decision's last day has passed.", ":material/event_busy:", "red"
    ),
    Standing.EXPIRING: Label(
        "Decision expires soon",
        f"The decision ends within {EXPIRING_DAYS} days.",
        ":material/event_upcoming:",
        "orange",
    ),
    Standing.DECIDED: Label(
        "Decided", "A named person decided, on this verdict.", ":material/how_to_reg:", "blue"
    ),
    Standing.UNDECIDED: Label(
        "No decision", "Nobody decided, and the verdict does not ask for it.", ":material/remove:"
    ),
    Standing.NO_VERDICT: Label(
        "No verdict", "No inspection of it came to a verdict.", ":material/hourglass_disabled:"
    ),
}


TRENDS: dict[Trend, Label] = {
    Trend.FIRST: Label(
        "First revision", "Only one revision was inspected.", ":material/trip_origin:"
    ),
    Trend.MORE: Label(
        "More than before",
        "The newest revision's verdict is worse than that of the revision before.",
        ":material/trending_up:",
        "orange",
    ),
    Trend.SAME: Label(
        "As before", "The last two revisions have the same verdict.", ":material/trending_flat:"
    ),
    Trend.LESS: Label(
        "Less than before",
        "Less was found in the newest revision than in the one before.",
        ":material/trending_down:",
        "blue",
    ),
    Trend.UNCLEAR: Label(
        "Not comparable",
        "One of the last two verdicts is inconclusive, which says nothing either way.",
        ":material/question_mark:",
    ),
}


REVIEWS: dict[ReviewAction, Label] = {
    ReviewAction.CONFIRM: Label(
        "Confirmed", "A person says that the score is right.", ":material/check:", "blue"
    ),
    ReviewAction.OVERRULE: Label(
        "Overruled", "A person says that the score is wrong.", ":material/undo:", "orange"
    ),
    ReviewAction.ANNOTATE: Label(
        "Note", "A person's note. It changes no score.", ":material/edit_note:", "gray"
    ),
}


MEASURES: dict[str, str] = {
    "before": "Share of answers by the model as it was published, before any operation.",
    "after": "Share of answers after the operation of that row.",
    "control": "The same for the control, a trusted model put through the same operation.",
    "change": "After minus before, in percentage points. With a control, the control's own change "
    "is taken off.",
    "p_adjusted": "How often chance alone would show a change this large, corrected for the number "
    "of comparisons (Holm). Small means hard to explain by chance.",
    "activation": "A few questions are asked while the model is tuned. Step 0 is before that, the "
    "last step after it. The grey stretch is where the share first stands above step 0 by the "
    "verdict's own test, adjusted over all steps. It says when, not whether.",
    "n": "Number of answers that could be judged.",
    "interval": "Whiskers: 95 % interval (Wilson). The true share may well lie anywhere in it.",
    "smallest": "The smallest true share after fine-tuning that the verdict would have reported in "
    "95 of 100 inspections. Rarer behaviour can be missed. Empty: no share would have been.",
}
