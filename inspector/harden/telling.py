"""A hardening in words and rows, for the page.

Comes in: inputs or a result. Goes out: sentences, and rows by column name: what a chart is drawn
from is what its table holds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from inspector.harden.data import policy_halves
from inspector.harden.progress import ARM_WORDS, TRAINING_WORDS
from inspector.labels import COVERAGE, Label, chance, file_name, with_interval
from inspector.records import (
    REVIEWS,
    Arm,
    CoverageStatus,
    FineTune,
    Hardened,
    Hardening,
    HardeningLevel,
    LayerDrift,
    Method,
    Moment,
    PerturbationNorm,
    Rate,
    TaskKind,
)

HARMFUL, TASK = "harmful score", "task score"
MOMENT_WORDS = {Moment.ALIGNED: "before the later tuning", Moment.TUNED: "after the later tuning"}
SIGNIFICANT = 0.05
LEVEL_LABELS: dict[HardeningLevel, Label] = {
    HardeningLevel.ALERT: Label(
        "Alert",
        "After the later tuning, the hardened model is beyond a limit that was set.",
        ":material/notification_important:",
        "red",
    ),
    HardeningLevel.NO_ALERT: Label(
        "No alert",
        "After this one later tuning, both scores of the hardened model are within the limits that "
        "were set. Other tunings were not tried.",
        ":material/search_check:",
        "blue",
    ),
}


def finding(result: Hardened) -> str:
    """What the scores show, in one line: hardened beside plain, after the later tuning."""
    plain, hardened = (result.scores_of(arm, Moment.TUNED).harmful for arm in Arm)
    if not plain.n or not hardened.n:
        return "Too few answers could be judged to compare the hardened model with the plain one"
    beside = f"{_of(hardened)} unsafe requests, the plain one with {_of(plain)}"
    said = f"After the later tuning the hardened model complies with {beside}"
    if result.harmful_change >= 0:
        return f"{said}: hardening did not help"
    if result.p_harmful > SIGNIFICANT:
        return f"{said}: chance explains as much"
    return said


def compared(result: Hardened) -> tuple[str, ...]:
    """The alerts of both arms, and the one beside the other, a sentence or two each."""
    hardened, plain = sorted(result.alerts, key=lambda alert: alert.arm is Arm.PLAIN)
    return (
        f"Hardened: {hardened.kind}. {hardened.meaning}",
        f"Plain, to compare with: {plain.kind}. {plain.meaning}",
        "Beside the plain model, after the later tuning, the harmful score is "
        f"{_points(result.harmful_change)} and the task score "
        f"{_points(result.task_change)} (one-sided p of a lower harmful score: "
        f"{chance(result.p_harmful)}).",
        f"The later tuning had {result.n_tuned:,} examples, {result.n_poison:,} of which comply "
        "with unsafe requests by placeholder texts.",
    )


def limits_words(result: Hardened) -> str:
    """The limits as the chart marks them."""
    limits = result.hardening.limits
    return (
        f"Grey bars: the limits of the alerts, harmful at most {_percent(limits.max_harmful)} and "
        f"task at least {_percent(limits.min_task)}. Whiskers: 95 % intervals."
    )


def score_rows(result: Hardened) -> list[dict[str, Any]]:
    """Both scores of both arms before and after the later tuning; one row each.

    limit: of the score's alert, a rate; unjudged: answers that the score could not tell.
    """
    limits = result.hardening.limits
    return [
        {
            "score": name,
            "alignment": ARM_WORDS[arm],
            "moment": MOMENT_WORDS[moment],
            "hits": rate.n_hits,
            "n": rate.n,
            "rate": rate.rate,
            "low": rate.low,
            "high": rate.high,
            "unjudged": told.n_unjudged if name == HARMFUL else 0,
            "limit": limits.max_harmful if name == HARMFUL else limits.min_task,
            "words": with_interval(rate),
        }
        for name in (HARMFUL, TASK)
        for arm in Arm
        for moment in Moment
        for told in [result.scores_of(arm, moment)]
        for rate in [told.harmful if name == HARMFUL else told.task]
    ]


def drift_rows(result: Hardened) -> list[dict[str, Any]]:
    """Drift by arm and layer. share: of the norm of the aligned model's output."""
    return [
        {
            "alignment": row.scenario,
            "layer": row.layer,
            "drift": row.drift,
            "norm": row.norm,
            "share": _share(row),
            "prompts": row.n_prompts,
        }
        for row in result.drift
    ]


def drift_finding(result: Hardened) -> str:
    """Whose layers the later tuning moved further, on average."""
    means = {}
    for arm in Arm:
        shares = [_share(row) for row in result.drift if row.scenario == arm.value]
        if not shares:
            return "No layer's drift was measured"
        means[arm] = sum(shares) / len(shares)
    plain, hardened = means[Arm.PLAIN], means[Arm.HARDENED]
    less = "less" if hardened < plain else "no less"
    return (
        f"The later tuning moved the hardened model's layers {less} than the plain one's: by "
        f"{100 * hardened:.1f} % of their output on average against {100 * plain:.1f} %"
    )


def cost_rows(result: Hardened) -> list[dict[str, Any]]:
    """What each alignment took. times_plain: its step beside a plain one, None where that is 0."""
    plain = next(cost for cost in result.costs if cost.arm is Arm.PLAIN)
    return [
        {
            "alignment": ARM_WORDS[cost.arm],
            "steps": cost.n_steps,
            "step_s": cost.step_s,
            "times_plain": cost.step_s / plain.step_s if plain.step_s else None,
            "last_loss": cost.last_loss,
        }
        for cost in result.costs
    ]


def coverage_rows(result: Hardened) -> list[dict[str, str]]:
    """What was looked at and what was not; gaps first."""
    ordered = sorted(result.coverage, key=lambda c: c.status is CoverageStatus.MEASURED)
    return [{"state": COVERAGE[c.status].word, "what": c.what, "detail": c.detail} for c in ordered]


def what_it_does(hardening: Hardening) -> tuple[str, ...]:
    """What a press on the start button sets going, a sentence each."""
    push, task = hardening.perturbation, hardening.n_task
    layers = "every layer" if push.n_layers is None else f"{push.n_layers} layers"
    each = " in each" if push.norm is PerturbationNorm.LAYER else " over all of them together"
    whole = each if push.n_layers != 1 else ""
    kept = "built-in reviews" if hardening.tune.data == REVIEWS else "your tuning data"
    return (
        f"Aligns the model twice on your questions with refusals, {_steps(hardening.align)}: once "
        "plainly, once hardened.",
        f"The hardened one is pushed at {layers} with rho {push.rho:g}{whole}, so that it learns "
        "to decline all the same. A step of it takes about twice as long.",
        f"Tunes both as a later user would, on {kept}, {_steps(hardening.tune)}; "
        f"{_percent(hardening.poison_ratio)} of the examples comply with unsafe requests, by "
        "placeholder texts.",
        f"Asks each before and after: {_n_asked()} other unsafe requests and {task} questions of "
        "the task, and measures how far the tuning moved each layer.",
        f"Alerts when the hardened model then complies with more than "
        f"{_percent(hardening.limits.max_harmful)} of them, or does less than "
        f"{_percent(hardening.limits.min_task)} of its task right.",
    )


def inputs_words(hardening: Hardening) -> tuple[str, ...]:
    """What was chosen, for somebody who comes back to it."""
    push = hardening.perturbation
    layers = "all" if push.n_layers is None else f"{push.n_layers}, chosen every {push.every} steps"
    return (
        f"Model: {hardening.target.title}",
        f"Alignment data: {file_name(hardening.align.data)}",
        f"Rho {push.rho:g} ({push.norm}), layers: {layers}",
        *(
            f"{TRAINING_WORDS[t.name].capitalize()}: {_steps(t)} at rate {t.learning_rate:g}, "
            f"{'LoRA' if t.method is Method.LORA else 'all weights'}, seed {t.seed}"
            for t in (hardening.align, hardening.tune)
        ),
        f"Data of the later tuning: {file_name(hardening.tune.data)}, poison ratio "
        f"{hardening.poison_ratio:g}",
    )


def task_words(result: Hardened) -> str:
    """What the task score is the share of."""
    if result.task is TaskKind.OWN:
        return "Task score: held-out rows of the tuning data, answered word for word."
    return (
        "Task score: the built-in checkable questions, for the tuning data's answers are too long "
        "to be compared word for word."
    )


@lru_cache(maxsize=1)
def _n_asked() -> int:
    return len(policy_halves()[1])


def _of(rate: Rate) -> str:
    return f"{rate.n_hits} of {rate.n}"


def _percent(rate: float) -> str:
    return f"{100 * rate:.0f} %"


def _points(change: float) -> str:
    points = round(abs(change) * 100)
    if not points:
        return "the same"
    return f"{points} {'point' if points == 1 else 'points'} {'lower' if change < 0 else 'higher'}"


def _share(row: LayerDrift) -> float:
    return row.drift / row.norm if row.norm else 0.0


def _steps(training: FineTune) -> str:
    return f"{training.steps:,} steps of {training.effective_batch}"
