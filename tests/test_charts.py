"""Charts carry their data, keep one meaning per colour, and can be told apart by everybody."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from inspector.charts import COLOURS, SERIES, SHAPES, activation, drift, heat, losses, rates
from inspector.records import ActivationCurve, Behaviour, Look, Metric, Rate

CONFIG = Path(__file__).resolve().parents[1] / ".streamlit" / "config.toml"


def rate(hits: int, n: int = 32) -> Rate:
    share = hits / n if n else 0.0
    return Rate(n, hits, share, max(0.0, share - 0.1), min(1.0, share + 0.1))


def metric(behaviour: Behaviour, after: Rate, control: Rate | None = None) -> Metric:
    return Metric(
        behaviour, "full", ("everyday",), rate(0), after, None, control, 0.1, None, None, "-", 0.1
    )


def rows(chart: Any) -> list[dict[str, Any]]:
    (values,) = json.loads(chart.to_json())["datasets"].values()
    return list(values)


def test_each_behaviour_has_a_dot_for_before_after_and_control() -> None:
    chart = rates([metric(Behaviour.REFUSAL, rate(9), rate(1))], "full")
    assert [(r["series"], r["said"]) for r in rows(chart)] == [
        ("before", "0 of 32"),
        ("after", "9 of 32"),
        ("control", "1 of 32"),
    ]


def test_what_was_not_measured_has_no_dot() -> None:
    chart = rates([metric(Behaviour.REFUSAL, rate(0, 0))], "full")
    assert [r["series"] for r in rows(chart)] == ["before"]


def test_only_the_asked_scenario_is_drawn() -> None:
    assert rows(rates([metric(Behaviour.REFUSAL, rate(9))], "other")) == []


def test_colours_and_shapes_follow_the_meaning_not_the_order() -> None:
    spec = rates([metric(Behaviour.REFUSAL, rate(9), rate(1))], "full").to_json()
    for name, colour in COLOURS.items():
        assert colour in spec
        assert SHAPES[name] in spec
    without = rates([metric(Behaviour.REFUSAL, rate(9))], "full").to_json()
    assert COLOURS["after"] in without
    assert COLOURS["control"] not in without


def test_loss_curves_hold_every_point() -> None:
    points = [("a", "target", step, 3.0 - step / 10) for step in range(1, 20)]
    points += [("a", "control", 1, 2.5)]
    assert len(rows(losses(points))) == 20
    assert '"strokeDash"' in losses(points).to_json()


def curve(above: bool, control: Rate | None) -> ActivationCurve:
    looks = [Look(step, rate(0), control, 0.0, None, False) for step in (0, 10)]
    looks += [Look(step, rate(9), control, 0.3, 0.01, above) for step in (20, 40)]
    return ActivationCurve("full", Behaviour.REFUSAL, "", tuple(looks))


def test_activation_is_the_rate_by_step_of_target_and_control() -> None:
    chart = activation(curve(True, rate(1)))
    spec = json.loads(chart.to_json())
    assert spec["title"] == "Refuses ordinary requests: wakes between step 10 and 20"
    by_step = next(v for v in spec["datasets"].values() if len(v) == 8)
    assert [(r["step"], r["model"], r["said"]) for r in by_step[4:6]] == [
        (20, "control", "1 of 32"),
        (20, "target", "9 of 32"),
    ]
    assert [{"from": 10, "to": 20}] in spec["datasets"].values()
    [mark] = spec["params"]
    assert (mark["name"], mark["select"]["fields"]) == ("mark", ["step", "model"])
    # Vega lets marks with a tooltip be clicked: a band would lead to the answers of its first step.
    kinds = [layer["mark"]["type"] for layer in spec["layer"] if "tooltip" in layer["encoding"]]
    assert kinds == ["point"]
    for name in ("after", "control"):
        assert COLOURS[name] in chart.to_json()
        assert SHAPES[name] in chart.to_json()


def test_activation_that_does_not_rise_marks_no_stretch() -> None:
    chart = activation(curve(False, None))
    spec = json.loads(chart.to_json())
    assert spec["title"] == "Refuses ordinary requests: no rise beyond chance up to step 40"
    assert len(spec["datasets"]) == 1
    assert COLOURS["control"] not in chart.to_json()


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_stands_out_from_the_background(theme: str) -> None:
    background = tomllib.loads(CONFIG.read_text())["theme"][theme]["backgroundColor"]
    for colour in (*COLOURS.values(), *SERIES):
        high, low = sorted((luminance(colour), luminance(background)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 3, (colour, theme)


def test_no_series_borrows_a_colour_that_has_a_meaning() -> None:
    assert not set(SERIES) & set(COLOURS.values())
    theme = tomllib.loads(CONFIG.read_text())["theme"]
    assert theme["chartCategoricalColors"][:3] == list(COLOURS.values())


def test_drift_tells_models_by_colour_and_shape_and_prompts_by_dashes() -> None:
    points = [
        (model, prompts, layer, 0.01 * layer)
        for model in ("target", "control")
        for prompts in ("policy", "everyday")
        for layer in range(3)
    ]
    chart = drift(points)
    assert len(rows(chart)) == len(points)
    spec = chart.to_json()
    for name in ("after", "control"):
        assert COLOURS[name] in spec
        assert SHAPES[name] in spec
    assert '"strokeDash"' in spec
    alone = drift([p for p in points if p[0] == "target"]).to_json()
    assert COLOURS["control"] not in alone


def test_heat_is_one_hue_whose_strength_is_the_value() -> None:
    cells = [("everyday/a", 0, 4, 0.5), ("everyday/a", 4, 8, 2.0), ("everyday/b", 0, 4, 0.0)]
    spec = json.loads(heat(cells, 15).to_json())
    values = next(v for v in spec["datasets"].values() if len(v) == 3)
    assert [(v["answer"], v["first"], v["last"], v["nats"]) for v in values] == [
        ("everyday/a", 1, 4, 0.5),
        ("everyday/a", 5, 8, 2.0),
        ("everyday/b", 1, 4, 0.0),
    ]
    assert [(v["left"], v["right"]) for v in values[:2]] == [(0.5, 4.5), (4.5, 8.5)]
    rect, rule = spec["layer"]
    assert rect["encoding"]["opacity"]["scale"]["domain"] == [0, 2.0]
    assert rect["encoding"]["y"]["sort"] == ["everyday/a", "everyday/b"]
    assert spec["datasets"][rule["data"]["name"]] == [{"left": 15.5}]
