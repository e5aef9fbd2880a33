"""Inline SVG figures of positions: divergence by token, drift by layer.

Comes in: profiles and drift lines. Goes out: Markup of one `<svg>` with a title and a description.
The heat map is one hue whose strength is the value, so that it reads in grey, in print and in the
dark.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from inspector.profiles import HEAD_TOKENS, DriftLine, Profile
from inspector.records import Expectation
from inspector.report.marked import shown
from inspector.report.measured import late_words
from inspector.report.wording import Words

_WIDTH = 720
_LEFT, _RIGHT = 232, 700
_ROW = 22
_HEIGHT = 168
_CURVE_LEFT, _TOP, _BOTTOM = 56, 12, 30


def heat_map(profiles: Sequence[Profile], words: Words) -> Markup:
    """One row for each scenario and subject: mean divergence by position of its answers."""
    rows = [p for p in profiles if p.bins]
    if not rows:
        return Markup("")
    longest = max(p.bins[-1].end for p in rows)
    top = max((b.mean for p in rows for b in p.bins), default=0.0) or 1.0
    height = 40 + _ROW * len(rows)

    def x(token: int) -> float:
        return _LEFT + token / longest * (_RIGHT - _LEFT)

    names = [f"{p.scenario}, {words(f'subject.{p.subject}')}" for p in rows]
    said = "; ".join(f"{name}: {late_words(p, words)}" for name, p in zip(names, rows, strict=True))
    parts = [
        Markup(
            '<svg class="heat" role="img" viewBox="0 0 {w} {h}" aria-labelledby="ht hd">'
            '<title id="ht">{title}</title><desc id="hd">{said}</desc>'
        ).format(w=_WIDTH, h=height, title=words("chart.heat"), said=shown(said, boxed=False))
    ]
    for k, profile in enumerate(rows):
        y = 8 + _ROW * k
        parts.append(
            Markup('<text class="name" x="0" y="{y}">{name}</text>').format(
                y=y + 14, name=shown(names[k], boxed=False)
            )
        )
        for part in profile.bins:
            parts.append(
                Markup(
                    '<rect class="cell" x="{x:.1f}" y="{y}" width="{w:.1f}" height="{h}" '
                    'fill-opacity="{o:.3f}"/>'
                ).format(
                    x=x(part.start),
                    y=y,
                    w=x(part.end) - x(part.start),
                    h=_ROW - 4,
                    o=0.03 + 0.97 * max(0.0, part.mean) / top,
                )
            )
    bottom = 8 + _ROW * len(rows)
    if longest > HEAD_TOKENS:
        parts.append(
            Markup('<line class="head" x1="{x:.1f}" x2="{x:.1f}" y1="2" y2="{b}"/>').format(
                x=x(HEAD_TOKENS), b=bottom
            )
        )
    parts.append(
        Markup(
            '<text class="tick" x="{l}" y="{y}">{first}</text><text class="tick" x="{r}" y="{y}" '
            'text-anchor="end">{last}</text></svg>'
        ).format(
            l=_LEFT,
            r=_RIGHT,
            y=bottom + 18,
            first=words("chart.first_token"),
            last=words("chart.last_token", n=longest, top=f"{top:.2f}"),
        )
    )
    return Markup("").join(parts)


def drift_curve(number: int, lines: Sequence[DriftLine], words: Words) -> Markup:
    """Drift by layer under one scenario, on policy prompts: the target solid, the control dashed.

    number: makes the ids unique in the page. Everyday prompts stand in where no policy was asked.
    """
    kinds = {line.expectation for line in lines}
    kind = Expectation.DECLINE if Expectation.DECLINE in kinds else Expectation.ANSWER
    chosen = sorted((line for line in lines if line.expectation is kind), key=lambda r: r.layer)
    if len(chosen) < 2:
        return Markup("")
    first, last = chosen[0].layer, chosen[-1].layer
    curves = {"target": [(r.layer, r.share) for r in chosen]}
    control = [(r.layer, r.control_share) for r in chosen if r.control_share is not None]
    if control:
        curves["control"] = control
    top = max(share for points in curves.values() for _, share in points) or 1.0

    def point(layer: int, share: float) -> str:
        x = _CURVE_LEFT + (layer - first) / (last - first) * (_RIGHT - _CURVE_LEFT)
        return f"{x:.1f},{_TOP + (1 - share / top) * (_HEIGHT - _TOP - _BOTTOM):.1f}"

    most = max(chosen, key=lambda r: r.share)
    said = words("chart.drift_words", layer=most.layer, share=words.percent(most.share))
    parts = [
        Markup(
            '<svg class="curve" role="img" viewBox="0 0 {w} {h}" aria-labelledby="dt{n} dd{n}">'
            '<title id="dt{n}">{title}</title><desc id="dd{n}">{said}.</desc>'
        ).format(w=_WIDTH, h=_HEIGHT, n=number, title=words("chart.drift"), said=said)
    ]
    for share in (0.0, top / 2, top):
        y = point(first, share).partition(",")[2]
        parts.append(
            Markup(
                '<line class="grid" x1="{l}" x2="{r}" y1="{y}" y2="{y}"/>'
                '<text class="tick" x="{t}" y="{y}" text-anchor="end">{v}</text>'
            ).format(l=_CURVE_LEFT, r=_RIGHT, t=_CURVE_LEFT - 6, y=y, v=words.percent(share))
        )
    for name, points in curves.items():
        parts.append(
            Markup('<polyline class="loss {}" points="{}"/>').format(
                name, " ".join(point(layer, share) for layer, share in points)
            )
        )
    parts.append(
        Markup(
            '<text class="tick" x="{l}" y="{b}">{first}</text>'
            '<text class="tick" x="{r}" y="{b}" text-anchor="end">{last}</text></svg>'
        ).format(
            l=_CURVE_LEFT,
            r=_RIGHT,
            b=_HEIGHT - 8,
            first=words("chart.layer", n=first),
            last=words("chart.layer", n=last),
        )
    )
    return Markup("").join(parts)
