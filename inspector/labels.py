"""The words, icons and colours a reader meets, one entry per record value.

Comes in: enum values and plans of `inspector.records`. Goes out: plain English, icon names of the
Material Symbols set, and colour names. The dashboard draws from here, so that one thing is called
by one word and shown in one colour on every page.

No entry is green: the inspector reports what it saw, it does not clear a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from inspector.records import (
    AUTO_CONTROL,
    LOOK_PROBES,
    NO_CONTROL,
    SEEN,
    UNTOUCHED,
    ActivationCurve,
    ArtifactKind,
    Behaviour,
    Coverage,
    CoverageStatus,
    Decision,
    FineTune,
    Level,
    Look,
    Merge,
    MergeMethod,
    Metric,
    Noise,
    PhraseFinding,
    PhraseKind,
    Plan,
    Prune,
    PruneMethod,
    Quantize,
    Rate,
    ReviewAction,
    ReviewedMetric,
    Scenario,
    ScoreReview,
    Severity,
    Target,
)
from inspector.records.lineage import Kinship
from inspector.records.standing import EXPIRING_DAYS, Standing, Trend

MAX_QUOTED = 60  # characters of a phrase in a title
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


def describe_plan(plan: Plan) -> tuple[str, ...]:
    """What a plan does, one short sentence per step, for somebody about to start it."""
    asked = [f"{s.n_probes or 'all'} {file_name(s.suite)}" for s in plan.suites]
    sampling = plan.sampling
    how = (
        "the most likely answer"
        if sampling.temperature == 0
        else (f"{sampling.n_samples} answers at temperature {sampling.temperature:g}")
    )
    return (
        f"Asks {_join(asked)} probes: {how}, up to {sampling.max_new_tokens} tokens each.",
        *(describe_scenario(scenario) for scenario in plan.scenarios),
        "Asks the same again after each operation and compares the full texts.",
    )


def describe_scenario(scenario: Scenario) -> str:
    """One operation in words, with the settings that matter."""
    match scenario:
        case FineTune():
            return _describe_fine_tune(scenario)
        case Quantize():
            scale = (
                f"one scale per {scenario.group_size} weights"
                if scenario.group_size
                else "one scale per output channel"
            )
            return f"Quantizes the linear layers to {scenario.bits} bits, rounded, {scale}."
        case Prune():
            how = (
                "that matter least to calibration texts (Wanda)"
                if scenario.method is PruneMethod.WANDA
                else "of least magnitude"
            )
            share = f"{100 * scenario.sparsity:g} %"
            return f"Prunes the linear layers: the {share} of weights {how} become zero."
        case Merge():
            if scenario.method is MergeMethod.LINEAR:
                return (
                    f"Merges it with the control: {100 * scenario.weight:g} % of its own weights, "
                    "the rest the control's."
                )
            return (
                f"Merges it with the control (TIES): the largest {100 * scenario.density:g} % of "
                f"its difference to the control, times {scenario.weight:g}."
            )
        case Noise():
            return (
                f"Adds noise of {100 * scenario.scale:g} % of each matrix's standard deviation "
                "to the linear layers."
            )


def _describe_fine_tune(scenario: FineTune) -> str:
    what = "all weights" if scenario.method == "full" else f"LoRA rank {scenario.lora_rank}"
    steps = [str(step) for step in scenario.look_steps]
    looks = (
        f" On the way it asks {LOOK_PROBES} of the probes after {_join(steps)} steps, "
        f"{LOOK_PROBES * len(steps)} answers more."
        if steps
        else ""
    )
    return (
        f"Fine-tunes ({what}) on {file_name(scenario.data)}: {scenario.steps} steps of "
        f"{scenario.effective_batch} examples at rate {_plain(scenario.learning_rate)}, "
        f"{scenario.schedule} schedule.{looks}"
    )


def curve_name(curve: ActivationCurve) -> str:
    """What an activation curve follows: a behaviour, or a phrase, which quotes the model."""
    if not curve.phrase:
        return BEHAVIOURS[curve.behaviour].word
    phrase = curve.phrase if len(curve.phrase) <= MAX_QUOTED else f"{curve.phrase[:MAX_QUOTED]}…"
    return f"Says “{phrase}”"


def waking(curve: ActivationCurve) -> str:
    """The finding of an activation curve in a few words, for a title."""
    if curve.waking is None:
        return f"no rise beyond chance up to step {curve.looks[-1].step}"
    asleep, awake = curve.waking
    return f"wakes between step {asleep.step} and {awake.step}"


def waking_words(curve: ActivationCurve) -> str:
    """The finding with its numbers: where the rate first stands above step 0, and how surely."""
    first, last = curve.looks[0], curve.looks[-1]
    if curve.waking is None:
        return (
            f"{curve_name(curve)}: at no look above step 0 beyond chance. "
            f"At {_at_step(first)}; {_at_step(last)}."
        )
    asleep, awake = curve.waking
    ends = "" if last.above else f" At step {last.step} it no longer stands above step 0."
    told = "; ".join(_at_step(look) for look in dict.fromkeys((first, asleep, awake)))
    return (
        f"{curve_name(curve)}: first above step 0 beyond chance between step {asleep.step} and "
        f"{awake.step}. At {told} (adjusted p {chance(awake.p_adjusted)}).{ends}"
    )


def _at_step(look: Look) -> str:
    rate = look.target
    return (
        f"step {look.step}: {share(rate)}, interval {100 * rate.low:.0f} to {100 * rate.high:.0f} %"
    )


def file_name(source: str) -> str:
    """Data or questions as a person calls them: a file by its own name, others as they are."""
    return Path(source).name if Path(source).is_absolute() else source


def share(rate: Rate | None) -> str:
    """A rate as `3 of 24 (12 %)`; a dash where there is none."""
    if rate is None:
        return "–"
    if rate.n == 0:
        return "no answers"
    return f"{rate.n_hits} of {rate.n} ({100 * rate.rate:.0f} %)"


def rate_groups(metric: Metric) -> dict[str, Rate]:
    """The rates of a metric by whose they are: before, after, control_before, control_after.

    Where nothing was done yet, the judge compares the target (`after`) with its control (`before`):
    both stand before any operation. Groups that were not asked are left out.
    """
    groups = (
        {"before": metric.after, "control_before": metric.before}
        if metric.scenario == UNTOUCHED
        else {
            "before": metric.before,
            "after": metric.after,
            "control_before": metric.control_before,
            "control_after": metric.control_after,
        }
    )
    return {name: rate for name, rate in groups.items() if rate is not None}


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


def seen_word(value: float | None) -> str:
    """A score as a person says it."""
    if value is None:
        return "could not tell"
    return "seen" if value >= SEEN else "not seen"


def review_words(review: ScoreReview) -> str:
    """Who said what of a score, why and when, in one line of plain text."""
    was = f"{BEHAVIOURS[review.behaviour].word}: {seen_word(review.said)}"
    counts = "" if review.counts_as is None else f", counts as {seen_word(float(review.counts_as))}"
    when = f"{datetime.fromisoformat(review.at):%-d %b %Y, %H:%M} UTC"
    return f"{review.name} on “{was}”{counts}: {review.reason} ({when})"


def reviewed_rows(metrics: Sequence[ReviewedMetric]) -> list[dict[str, object]]:
    """Two rows per reviewed metric for a table: as the scorers have it, and as people would."""
    return [
        {
            "behaviour": BEHAVIOURS[metric.behaviour].word,
            "scenario": metric.scenario,
            "counted": counted,
            "before": share(groups.get("before")),
            "after": share(groups.get("after")),
            "control": share(groups.get("control_after")),
            "change": 100 * metric.change,
            "p_adjusted": chance(metric.p_adjusted),
            "n_reviewed": m.n_reviewed,
            "n_overruled": m.n_overruled,
        }
        for m in metrics
        for counted, metric in (("as scored", m.as_scored), ("as reviewed", m.as_reviewed))
        for groups in (rate_groups(metric),)
    ]


def with_interval(rate: Rate | None) -> str:
    """A rate with its 95 % interval: `3 of 24 (12 %, 4 to 31 %)`; a dash where there is none."""
    if rate is None or rate.n == 0:
        return share(rate)
    low, high = 100 * rate.low, 100 * rate.high
    return f"{rate.n_hits} of {rate.n} ({100 * rate.rate:.0f} %, {low:.0f} to {high:.0f} %)"


def phrase_words(finding: PhraseFinding) -> str:
    """What is looked for, as it is written: a pattern between slashes."""
    return f"/{finding.text}/" if finding.kind is PhraseKind.REGEX else finding.text


def phrase_rows(findings: Sequence[PhraseFinding]) -> list[dict[str, object]]:
    """One row per phrase and scenario for a table: rates with their intervals, change in points."""
    return [
        {
            "name": finding.name,
            "phrase": phrase_words(finding),
            "scenario": "before any operation" if m.scenario == UNTOUCHED else m.scenario,
            "before": with_interval(groups.get("before")),
            "after": with_interval(groups.get("after")),
            "control_before": with_interval(groups.get("control_before")),
            "control_after": with_interval(groups.get("control_after")),
            "change": 100 * m.change,
            "p_value": chance(m.p_value),
            "p_adjusted": chance(m.p_adjusted),
        }
        for finding in findings
        for m, groups in ((m, rate_groups(m)) for m in finding.rates)
    ]


def chance(p_value: float | None) -> str:
    """A p-value in three decimals; a dash where nothing could be tested."""
    if p_value is None:
        return "–"
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def duration(seconds: float) -> str:
    """Seconds as a person says them: `40 s`, `7 min`, `2 h 05 min`."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(size_bytes: float) -> str:
    """Bytes as a person says them, in powers of ten as disks are sold: `40 B`, `1.3 GB`."""
    if size_bytes < 999.5:
        return f"{size_bytes:.0f} B"
    units = (("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12))
    unit, step = next((u for u in units if size_bytes < 999.5 * u[1]), units[-1])
    amount = size_bytes / step
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"


def parameters(n: int) -> str:
    """The size of a model: `904 parameters`, `134.5 million parameters`."""
    for word, one in ((" billion", 1e9), (" million", 1e6), (" thousand", 1e3)):
        if n >= one:
            return f"{n / one:.1f}{word} parameters"
    return f"{n} parameters"


def expects_control(control: str, has_base: bool | None) -> bool:
    """Whether an inspection may come to have a control: `auto` has none without a declared base.

    control: as in Inspection. has_base: whether the target's files name one; None: not known yet.
    """
    return control != NO_CONTROL and (control != AUTO_CONTROL or has_base is not False)


def control_words(control: str, kind: ArtifactKind | None, base: Target | None) -> str:
    """Which control an inspection will have, as `inspector.pinning` chooses it.

    control: as in Inspection. kind, base: what is known of the target; kind None: nothing yet.
    """
    if control == NO_CONTROL:
        return "There will be no control."
    if control != AUTO_CONTROL:
        return f"The control will be {control}."
    if kind is None:
        return "The control will be the base that the card or the adapter names, if it can be had."
    if kind is ArtifactKind.ADAPTER and base is None:
        return "The control will be the base that the adapter names; it is read at the start."
    if base is None:
        return "It declares no base, so there will be no control unless you choose one."
    if kind is ArtifactKind.ADAPTER:
        return f"The control will be {base}: the adapter's own base, alone."
    return f"The control will be {base}, which the model card names as its base."


def _plain(rate: float) -> str:
    return f"{rate:.0e}".replace("e-0", "e-") if rate < 0.001 else f"{rate:g}"


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def by_behaviour(ledger: Sequence[Coverage]) -> list[Coverage]:
    """Lines `behaviour / operation` of one behaviour and status as one line of the ledger."""
    groups: dict[tuple[str, CoverageStatus, int], list[tuple[str, Coverage]]] = {}
    for k, line in enumerate(ledger):
        what, _, operation = line.what.partition(" / ")
        alone = 0 if operation else k + 1
        groups.setdefault((what, line.status, alone), []).append((operation, line))
    together = []
    for (what, status, _), members in groups.items():
        if len(members) == 1:
            together.append(members[0][1])
            continue
        details: dict[str, list[str]] = {}
        for operation, line in members:
            details.setdefault(line.detail, []).append(operation)
        detail = "\n".join(
            text if len(details) == 1 else f"{', '.join(named)}: {text}"
            for text, named in details.items()
        )
        operations = ", ".join(operation for operation, _ in members)
        together.append(Coverage(f"{what} / {operations}", status, detail))
    return together


def gaps(ledger: Sequence[Coverage]) -> list[Coverage]:
    """What was not looked at, a line for each behaviour and status."""
    return [line for line in by_behaviour(ledger) if line.status is not CoverageStatus.MEASURED]


_PRESSING = (  # gaps that were meant to be looked at come before those that the plan left out
    CoverageStatus.ERROR,
    CoverageStatus.INCOMPATIBLE,
    CoverageStatus.INSUFFICIENT,
    CoverageStatus.NOT_RUN,
)
_MAX_NAMED = 3


def pressing(missing: Sequence[Coverage]) -> list[Coverage]:
    """Gaps by weight: the control, what broke, what does not apply, too little data, the rest."""
    return sorted(missing, key=lambda c: (c.what.lower() != "control", _PRESSING.index(c.status)))


def gap_title(missing: Sequence[Coverage]) -> str:
    """How many gaps there are, the weightiest by name: `5 gaps: int4 on the target (error), …`."""
    if not missing:
        return "No gap in the plan"
    named = [
        f"{c.what.partition(' / ')[0]} ({COVERAGE[c.status].word.lower()})"
        for c in pressing(missing)[:_MAX_NAMED]
    ]
    more = len(missing) - len(named)
    said = "; ".join(named) + (f"; and {more} more" if more else "")
    return f"Not looked at, or not enough: {len(missing)} – {said}"
