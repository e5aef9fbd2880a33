"""Small inline SVG figures: loss curves, rates with their intervals, and rates by step.

Comes in: records. Goes out: Markup of one `<svg>` with a title and a description for screen
readers. Colours come from the page's style sheet, shapes carry the meaning too, so that the figures
read in grey, in print and in the dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isfinite

from markupsafe import Markup

from inspector.labels import rate_groups
from inspector.records import ActivationCurve, Metric, Rate
from inspector.report.contents import LossCurve
from inspector.report.marked import shown
from inspector.report.measured import curve_name, scenario_word
from inspector.report.wording import Words

_WIDTH = 360
_HEIGHT = 132
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 8, 10, 26

_FIGURE_WIDTH = 720
_CURVE_WIDTH, _CURVE_HEIGHT = 720, 168
_SCALE_LEFT, _SCALE_RIGHT = 232, 560
_ROW = 19
_GAP = 12


def loss_curve(number: int, curves: Sequence[LossCurve], words: Words) -> Markup:
    """Loss against optimizer step; the target solid, the control dashed.

    number: makes the ids unique in the page. Empty Markup when there is nothing to draw.
    """
    drawn = [(c.subject, [s for s in c.steps if isfinite(s.loss)]) for c in curves]
    drawn = [(subject, steps) for subject, steps in drawn if len(steps) >= 2]
    if not drawn:
        return Markup("")
    losses = [s.loss for _, steps in drawn for s in steps]
    last_step = max(s.step for _, steps in drawn for s in steps)
    first_step = min(s.step for _, steps in drawn for s in steps)
    tick = next((t for t in (0.1, 0.25, 0.5, 1, 2, 5, 10) if max(losses) <= 3 * t), max(losses) / 3)
    n_ticks = max(1, ceil(max(losses) / tick))
    high = n_ticks * tick

    def x(step: int) -> float:
        span = max(1, last_step - first_step)
        return _LEFT + (step - first_step) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(loss: float) -> float:
        return _TOP + (1 - loss / high) * (_HEIGHT - _TOP - _BOTTOM)

    said = [
        words(
            "chart.loss_words",
            subject=words(f"subject.{subject}"),
            first=f"{steps[0].loss:.2f}",
            last=f"{steps[-1].loss:.2f}",
        )
        for subject, steps in drawn
    ]
    parts = [
        Markup(
            '<svg class="curve" role="img" viewBox="0 0 {w} {h}" aria-labelledby="ct{n} cd{n}">'
            '<title id="ct{n}">{title}</title><desc id="cd{n}">{said}.</desc>'
        ).format(
            w=_WIDTH,
            h=_HEIGHT,
            n=number,
            title=words("chart.loss"),
            said=shown("; ".join(said), boxed=False),
        )
    ]
    for loss in (n * tick for n in range(n_ticks + 1)):
        parts.append(
            Markup(
                '<line class="grid" x1="{l}" x2="{r}" y1="{y:.1f}" y2="{y:.1f}"/>'
                '<text class="tick" x="{t}" y="{b:.1f}" text-anchor="end">{v:.3g}</text>'
            ).format(l=_LEFT, r=_WIDTH - _RIGHT, y=y(loss), t=_LEFT - 6, b=y(loss) + 3.5, v=loss)
        )
    for subject, steps in drawn:
        points = " ".join(f"{x(s.step):.1f},{y(s.loss):.1f}" for s in steps)
        parts.append(
            Markup('<polyline class="loss {}" points="{}"/>').format(subject.value, points)
        )
    parts.append(
        Markup(
            '<text class="tick" x="{l}" y="{b}">{first}</text>'
            '<text class="tick" x="{r}" y="{b}" text-anchor="end">{last}</text></svg>'
        ).format(
            l=_LEFT,
            r=_WIDTH - _RIGHT,
            b=_HEIGHT - 8,
            first=words("chart.step", n=first_step),
            last=words("chart.step", n=last_step),
        )
    )
    return Markup("").join(parts)


def activation_curve(number: int, curve: ActivationCurve, words: Words) -> Markup:
    """The share of answers by step, with 95 % intervals; the target solid, the control dashed.

    number: makes the ids unique in the page. Steps lie apart as they are, not as they were chosen.
    """
    looks = curve.looks
    last = looks[-1].step
    rates = [r for look in looks for r in (look.target, look.control) if r]
    limit = _end_above(max(rate.high for rate in rates))

    def at(step: int, rate: float) -> tuple[float, float]:
        x = _LEFT + _RIGHT + step / last * (_CURVE_WIDTH - _LEFT - 3 * _RIGHT)
        return x, _TOP + (1 - min(1.0, rate / limit)) * (_CURVE_HEIGHT - _TOP - _BOTTOM)

    said = "; ".join(
        words("activation.at", n=look.step, cell=_share(look.target, words), interval=interval)
        for look in looks
        for interval in [words.interval(look.target)]
    )
    parts = [
        Markup(
            '<svg class="curve" role="img" viewBox="0 0 {w} {h}" aria-labelledby="at{n} ad{n}">'
            '<title id="at{n}">{title}</title><desc id="ad{n}">{said}.</desc>'
        ).format(
            w=_CURVE_WIDTH,
            h=_CURVE_HEIGHT,
            n=number,
            title=shown(curve_name(curve, words), boxed=False),
            said=said,
        )
    ]
    for share in (0.0, limit / 2, limit):
        y = at(0, share)[1]
        parts.append(
            Markup(
                '<line class="grid" x1="{l}" x2="{r}" y1="{y:.1f}" y2="{y:.1f}"/>'
                '<text class="tick" x="{t}" y="{b:.1f}" text-anchor="end">{v}</text>'
            ).format(
                l=_LEFT,
                r=_CURVE_WIDTH - _RIGHT,
                y=y,
                t=_LEFT - 6,
                b=y + 3.5,
                v=words.percent(share),
            )
        )
    for name, css in (("control", "control-after"), ("target", "after")):
        found = [(look.step, rate) for look in looks if (rate := getattr(look, name))]
        points = " ".join("{:.1f},{:.1f}".format(*at(step, r.rate)) for step, r in found)
        parts.append(Markup('<polyline class="loss {}" points="{}"/>').format(name, points))
        for step, rate in found:
            (x, low), (_, high), (_, y) = (at(step, r) for r in (rate.low, rate.high, rate.rate))
            parts.append(
                Markup(
                    '<g class="rate {}"><line x1="{x:.1f}" x2="{x:.1f}" y1="{:.1f}" y2="{:.1f}"/>'
                    "{}</g>"
                ).format(css, low, high, _dot(css, x, y), x=x)
            )
    for look in looks:
        parts.append(
            Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                at(look.step, 0)[0], _CURVE_HEIGHT - 8, look.step
            )
        )
    return Markup("").join([*parts, Markup("</svg>")])


def scale_end(metrics: Sequence[Metric]) -> float:
    """The rate at which every figure's scale ends: above the highest interval of all metrics.

    One scale for all, so that a long line in one figure means the same as in the next.
    """
    rates = [rate.high for m in metrics for rate in rate_groups(m).values() if rate.n]
    return _end_above(max(rates, default=1.0))


def _end_above(top: float) -> float:
    return next(end for end in (0.1, 0.25, 0.5, 1.0) if top <= end or end == 1.0)


def whiskers(number: int, metrics: Sequence[Metric], limit: float, words: Words) -> Markup:
    """The rates of one behaviour, one group of rows per scenario: a dot with its 95 % interval.

    number: makes the ids unique in the page. limit: where the scale ends (see scale_end). Empty
    Markup where no answer was scored.
    """
    rows: list[tuple[str, list[tuple[str, str, Rate]]]] = []
    for metric in metrics:
        rates = [
            (words(f"chart.{key}"), key.replace("_", "-"), rate)
            for key, rate in rate_groups(metric).items()
            if rate.n
        ]
        if rates:
            rows.append((scenario_word(metric.scenario, words), rates))
    if not rows:
        return Markup("")
    height = 34 + sum(_ROW * (len(rates) + 1) + _GAP for _, rates in rows)

    def x(rate: float) -> float:
        return _SCALE_LEFT + min(1.0, rate / limit) * (_SCALE_RIGHT - _SCALE_LEFT)

    said = "; ".join(
        words(
            "chart.rate_words",
            scenario=scenario,
            name=name,
            rate=_share(rate, words),
            interval=words.interval(rate),
        )
        for scenario, rates in rows
        for name, _, rate in rates
    )
    parts = [
        Markup(
            '<svg class="whiskers" role="img" viewBox="0 0 {w} {h}" '
            'aria-labelledby="wt{n} wd{n}"><title id="wt{n}">{title}</title>'
            '<desc id="wd{n}">{said}.</desc>'
        ).format(
            w=_FIGURE_WIDTH,
            h=height,
            n=number,
            title=words("chart.rates"),
            said=shown(said, boxed=False),
        )
    ]
    for share_of_limit in (0.0, 0.5, 1.0):
        value = share_of_limit * limit
        parts.append(
            Markup(
                '<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="18" y2="{h}"/>'
                '<text class="tick" x="{x:.1f}" y="12" text-anchor="middle">{v}</text>'
            ).format(x=x(value), h=height - 8, v=words.percent(value))
        )
    at = 34.0
    for scenario, rates in rows:
        parts.append(
            Markup('<text class="group" x="0" y="{y:.1f}">{name}</text>').format(
                y=at, name=shown(scenario, boxed=False)
            )
        )
        for name, css, rate in rates:
            at += _ROW
            parts.append(
                Markup(
                    '<g class="rate {css}"><text class="name" x="12" y="{text_y:.1f}">{name}</text>'
                    '<line x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>{dot}'
                    '<text class="value" x="{vx}" y="{text_y:.1f}">{value}</text></g>'
                ).format(
                    css=css,
                    name=name,
                    text_y=at,
                    y=at - 4,
                    low=x(rate.low),
                    high=x(rate.high),
                    dot=_dot(css, x(rate.rate), at - 4),
                    vx=_SCALE_RIGHT + 16,
                    value=_share(rate, words),
                )
            )
        at += _ROW + _GAP
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def _share(rate: Rate, words: Words) -> str:
    """One line: `20 of 40 (50 %)`."""
    hits = words("rates.cell", hits=words.number(rate.n_hits), n=words.number(rate.n))
    return f"{hits} ({words.percent(rate.rate)})"


def _dot(css: str, x: float, y: float) -> Markup:
    if css.startswith("control"):
        return Markup('<rect x="{:.1f}" y="{:.1f}" width="8" height="8"/>').format(x - 4, y - 4)
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4.5"/>').format(x, y)
