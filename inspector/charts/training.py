"""Training curves: points in, a chart out."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from inspector.charts.theme import SERIES, finished, legend


def losses(points: Sequence[tuple[str, str, int, float]]) -> alt.Chart:
    """Training loss by step. points: (scenario, subject, step, loss); the control's line is dashed.

    The title says what the curves do. A single point has no line, so a dot marks every curve's
    points while they are few.
    """
    rows = [
        {"scenario": scenario, "subject": subject, "step": step, "loss": loss}
        for scenario, subject, step, loss in points
    ]
    names = list(dict.fromkeys(str(row["scenario"]) for row in rows))
    colours = [SERIES[k % len(SERIES)] for k in range(len(names))]
    subjects = sorted({str(row["subject"]) for row in rows}, reverse=True)
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=2, point=len(rows) <= 60)
        .encode(
            x=alt.X(
                "step:Q",
                title="Training step",
                axis=alt.Axis(tickMinStep=1, tickCount=8, format="d", grid=False),
            ),
            y=alt.Y("loss:Q", title="Loss", scale=alt.Scale(zero=False)),
            color=alt.Color(
                "scenario:N",
                scale=alt.Scale(domain=names, range=colours),
                legend=legend(),
            ),
            strokeDash=alt.StrokeDash(
                "subject:N",
                scale=alt.Scale(domain=["target", "control"], range=[[1, 0], [5, 4]]),
                # Within the plot: curves fall, so that its corner is free.
                legend=legend("top-right") if len(subjects) > 1 else None,
            ),
            tooltip=[
                alt.Tooltip("scenario:N", title="Fine-tuning"),
                alt.Tooltip("subject:N", title="Model"),
                alt.Tooltip("step:Q", title="Step"),
                alt.Tooltip("loss:Q", title="Loss", format=".3f"),
            ],
        )
    )
    return finished(chart, 320, loss_finding(points))


def loss_finding(points: Sequence[tuple[str, str, int, float]]) -> str:
    """What the curves of `losses` do, in one line: from their first to their last point."""
    curves: dict[tuple[str, str], list[float]] = {}
    for scenario, subject, _, loss in sorted(points, key=lambda p: p[2]):
        curves.setdefault((scenario, subject), []).append(loss)
    begun = {key: values for key, values in curves.items() if len(values) > 1}
    if len(begun) == 1:
        [(scenario, _)], [values] = begun, begun.values()
        return f"{scenario}: loss {values[0]:.2f} at first, {values[-1]:.2f} now"
    rising = [f"{name}, {whose}" for (name, whose), v in begun.items() if v[-1] >= v[0]]
    if not begun:
        return "Training has just begun"
    if not rising:
        return f"The loss falls in all {len(begun)} trainings"
    if len(rising) == 1:
        return f"The loss falls in {len(begun) - 1} of {len(begun)} trainings, not in {rising[0]}"
    return f"The loss falls in {len(begun) - len(rising)} of {len(begun)} trainings"
