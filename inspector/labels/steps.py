"""When a behaviour wakes while a model is tuned, in words."""

from __future__ import annotations

from inspector.labels.rates import chance, share
from inspector.labels.values import BEHAVIOURS
from inspector.records import (
    ActivationCurve,
    Look,
)

MAX_QUOTED = 60  # characters of a phrase in a title


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
