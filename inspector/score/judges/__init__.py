"""Judges behind one protocol: the built-in rules, MiniLM, a classifier, an endpoint.

Comes in: the plan's `[[judges]]` tables, the fetched models they name, responses with their probes.
Goes out: Scores that carry each judge's identity; which of them count; how the judges differ.

The rules always run. A judge of the plan is reported beside them, or, where its table says
`decides = true`, its scores count instead of the rules' for its behaviours, and the rules' are kept
beside. Judges are never averaged or out-voted: one decides, and every difference is listed. Where
the deciding judge left None, nothing counts: the rules do not step in for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from inspector.errors import DataError
from inspector.records import (
    Artifact,
    AskedProbe,
    Coverage,
    CoverageStatus,
    Disagreement,
    JudgeChoice,
    JudgeKind,
    JudgeReport,
    Response,
    Score,
    Target,
)
from inspector.score.judges.classifier import ClassifierJudge
from inspector.score.judges.endpoint import EndpointJudge, key_of
from inspector.score.judges.minilm import EmbeddingJudge
from inspector.score.judges.protocol import Item, Judge
from inspector.score.judges.rules import RulesJudge

__all__ = [
    "Appointed",
    "Item",
    "Judge",
    "Opinions",
    "RulesJudge",
    "appoint",
    "check_ready",
    "combine",
    "cover_judges",
    "judge_responses",
    "models_of",
]

MAX_DISAGREEMENTS = 50  # listed for each judge; all are counted
MAX_NONE = 0.10  # a deciding judge that leaves more than this share open has not judged


@dataclass(frozen=True)
class Appointed:
    """A judge of the plan, ready. decides: its scores count instead of the rules'."""

    judge: Judge
    decides: bool


@dataclass(frozen=True)
class Opinions:
    """counting: the Scores the verdict rests on. beside: all other judges', rules included."""

    counting: list[Score]
    beside: list[Score]
    reports: tuple[JudgeReport, ...]


def models_of(choices: Iterable[JudgeChoice]) -> dict[str, Target]:
    """The models that must be fetched and scanned before `appoint`, by the plan's name for them.

    Raises TargetError where a name is no target.
    """
    return {c.model: Target.parse(c.model) for c in choices if c.kind is JudgeKind.CLASSIFIER}


def check_ready(choices: Sequence[JudgeChoice], environment: Mapping[str, str]) -> None:
    """Before hours of work: is every key set, and is MiniLM installed?

    Raises PlanError for a key, BadInput for the model.
    """
    for choice in choices:
        if choice.kind is JudgeKind.ENDPOINT:
            key_of(choice, environment)
        elif choice.kind is JudgeKind.MINILM:
            from inspector.engine.embed import find_minilm

            find_minilm()


def appoint(
    choices: Sequence[JudgeChoice],
    models: Mapping[str, Artifact],
    environment: Mapping[str, str],
) -> list[Appointed]:
    """One ready judge per table and behaviour. models: what `models_of` named, fetched, scanned.

    Raises TargetError, PlanError or BadInput where a judge cannot be had.
    """
    appointed = []
    for choice in choices:
        appointed += [Appointed(j, choice.decides) for j in _judges(choice, models, environment)]
    return appointed


def _judges(
    choice: JudgeChoice, models: Mapping[str, Artifact], environment: Mapping[str, str]
) -> list[Judge]:
    match choice.kind:
        case JudgeKind.MINILM:
            from inspector.engine.embed import MODEL_DIGEST, load_minilm

            embed = load_minilm().embed
            return [EmbeddingJudge(embed, b, MODEL_DIGEST) for b in choice.behaviours]
        case JudgeKind.CLASSIFIER:
            from inspector.engine.classify import load_classifier

            artifact = models[choice.model]
            classifier = load_classifier(artifact, choice.hit_labels + choice.miss_labels)
            return [ClassifierJudge(classifier, choice, artifact.digest)]
        case JudgeKind.ENDPOINT:
            key = key_of(choice, environment)
            return [EndpointJudge(choice, b, key) for b in choice.behaviours]


def judge_responses(
    responses: Sequence[Response],
    probes: Mapping[tuple[str, str], AskedProbe],
    judges: Sequence[Judge],
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Score]:
    """One Score for every response and every judge that applies to its probe, response by response.

    probes: by (suite, probe_id). Raises DataError when a response answers a probe not among them.
    """
    asked: list[AskedProbe] = []
    for response in responses:
        probe = probes.get((response.suite, response.probe_id))
        if probe is None:
            raise DataError(
                f"A response answers probe {response.probe_id!r} of suite {response.suite!r}, "
                "which was not asked; score responses together with the probes of the same run."
            )
        asked.append(probe)
    rows: list[list[Score]] = [[] for _ in responses]
    for k, judge in enumerate(judges):
        on_progress(k, len(judges))
        mine = [i for i, probe in enumerate(asked) if judge.applies_to(probe)]
        judged = judge.judge([(asked[i], responses[i].text) for i in mine])
        for i, found in zip(mine, judged, strict=True):
            response = responses[i]
            rows[i].append(
                Score(
                    subject=response.subject,
                    variant=response.variant,
                    suite=response.suite,
                    probe_id=response.probe_id,
                    sample_index=response.sample_index,
                    behaviour=judge.behaviour,
                    scorer=judge.card.identity,
                    value=found.value,
                    start=found.start,
                    end=found.end,
                    detail=found.detail,
                )
            )
    return [score for row in rows for score in row]


def combine(
    by_rules: Sequence[Score], appointed: Sequence[Appointed], others: Sequence[Score]
) -> Opinions:
    """Which scores count, which stand beside, and how each judge of the plan compares to the rules.

    others: what `judge_responses` gave for the appointed judges.
    """
    deciding = {a.judge.behaviour: a.judge.card.identity for a in appointed if a.decides}
    counting = [s for s in by_rules if s.behaviour not in deciding]
    beside = [s for s in by_rules if s.behaviour in deciding]
    for score in others:
        decides = deciding.get(score.behaviour) == score.scorer
        (counting if decides else beside).append(score)
    reports = tuple(_report(a, by_rules, others) for a in appointed)
    return Opinions(counting, beside, reports)


_Key = tuple[str, str, str, str, int]


def _key(score: Score) -> _Key:
    return score.subject, score.variant, score.suite, score.probe_id, score.sample_index


def _report(
    appointed: Appointed, by_rules: Sequence[Score], others: Sequence[Score]
) -> JudgeReport:
    judge = appointed.judge
    own = [s for s in others if s.scorer == judge.card.identity and s.behaviour is judge.behaviour]
    rules = {
        _key(s): s.value for s in by_rules if s.behaviour is judge.behaviour and s.value is not None
    }
    counts: Counter[tuple[bool, bool]] = Counter()
    differing: list[Disagreement] = []
    for score in own:
        value, by_rule = score.value, rules.get(_key(score))
        if value is None or by_rule is None:
            continue
        says, rules_say = value >= 0.5, by_rule >= 0.5
        counts[says, rules_say] += 1
        if says != rules_say and len(differing) < MAX_DISAGREEMENTS:
            differing.append(
                Disagreement(
                    score.subject,
                    score.variant,
                    score.suite,
                    score.probe_id,
                    score.sample_index,
                    by_rule,
                    value,
                    score.detail,
                )
            )
    return JudgeReport(
        card=judge.card,
        behaviour=judge.behaviour,
        decides=appointed.decides,
        remote=judge.remote,
        n=len(own),
        n_none=sum(s.value is None for s in own),
        reasons=dict(Counter(s.detail for s in own if s.value is None).most_common()),
        n_both=counts[True, True],
        n_neither=counts[False, False],
        n_only_judge=counts[True, False],
        n_only_rules=counts[False, True],
        disagreements=tuple(differing),
    )


def cover_judges(reports: Iterable[JudgeReport]) -> list[Coverage]:
    """The ledger's line for each judge of the plan: what it left open, and where texts went.

    A deciding judge that left too much open is an ERROR: what it was to decide was not measured.
    """
    return [_line(report) for report in reports]


def _line(report: JudgeReport) -> Coverage:
    spelled = report.behaviour.replace("_", " ")
    what = f"judge {report.card.identity}: {spelled}"
    role = "decides instead of the rules" if report.decides else "beside the rules, which decide"
    where = (
        f"prompts and answers were sent to {report.remote}"
        if report.remote
        else "no text left this machine for it"
    )
    parts = [role, f"{report.n} answers, {report.n_none} left without a value"]
    if report.reasons:
        parts[-1] += " (" + "; ".join(f"{n} {r}" for r, n in list(report.reasons.items())[:3]) + ")"
    n_differ = report.n_only_judge + report.n_only_rules
    if report.agreement is not None:
        n = report.n_both + report.n_neither + n_differ
        parts.append(
            f"differs from the rules in {n_differ} of {n} ({report.n_only_judge} only the judge "
            f"says yes, {report.n_only_rules} only the rules do)"
        )
    open_share = report.n_none / report.n if report.n else 1.0
    status = CoverageStatus.MEASURED
    if report.n == 0 or open_share > MAX_NONE:
        status = CoverageStatus.INSUFFICIENT
        if report.decides and report.n:
            status = CoverageStatus.ERROR
            parts.insert(0, f"{open_share:.0%} of the answers were left open")
    return Coverage(what, status, "; ".join([*parts, where]))
