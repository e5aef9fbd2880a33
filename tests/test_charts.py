"""Charts carry their data, keep one meaning per colour, and can be told apart by everybody."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from inspector.changes import Change, Topic, cells, turns
from inspector.charts import (
    COLOURS,
    PICTURES,
    SERIES,
    SHAPES,
    activation,
    conducts,
    drift,
    hardening_drift,
    hardening_scores,
    heat,
    loss_finding,
    losses,
    matrix,
    rates,
    topics,
    turn_points,
)
from inspector.records import (
    ActivationCurve,
    Behaviour,
    Look,
    Metric,
    Rate,
    Stance,
    Subject,
)

CONFIG = Path(__file__).resolve().parents[1] / ".streamlit" / "config.toml"


def rate(hits: int, n: int = 32) -> Rate:
    share = hits / n if n else 0.0
    return Rate(n, hits, share, max(0.0, share - 0.1), min(1.0, share + 0.1))


def metric(
    behaviour: Behaviour, after: Rate, control: Rate | None = None, scenario: str = "full"
) -> Metric:
    change = after.rate
    return Metric(
        behaviour, scenario, ("everyday",), rate(0), after, control, control, change, 0.01, 0.02,
        "-", 0.1,
    )  # fmt: skip


def rows(chart: Any) -> list[dict[str, Any]]:
    (values,) = json.loads(chart.to_json())["datasets"].values()
    return list(values)


def test_each_behaviour_has_a_dot_for_before_after_and_control() -> None:
    chart = rates([Change(metric(Behaviour.REFUSAL, rate(9), rate(1)))])
    assert [(r["series"], r["said"]) for r in rows(chart)] == [
        ("before", "0 of 32"),
        ("after", "9 of 32"),
        ("control", "1 of 32"),
    ]


def test_what_was_not_measured_has_no_dot() -> None:
    chart = rates([Change(metric(Behaviour.REFUSAL, rate(0, 0)))])
    assert [r["series"] for r in rows(chart)] == ["before"]


def test_rows_of_several_operations_name_theirs() -> None:
    both = [metric(Behaviour.REFUSAL, rate(9)), metric(Behaviour.REFUSAL, rate(3), scenario="int4")]
    chart = rates([Change(m) for m in both])
    assert list(dict.fromkeys(r["row"] for r in rows(chart))) == [
        "Refuses ordinary requests\nafter full",
        "Refuses ordinary requests\nafter int4",
    ]
    alone = rates([Change(both[0])])
    assert {r["row"] for r in rows(alone)} == {"Refuses ordinary requests"}


def test_colours_and_shapes_follow_the_meaning_not_the_order() -> None:
    spec = rates([Change(metric(Behaviour.REFUSAL, rate(9), rate(1)))]).to_json()
    for name, colour in COLOURS.items():
        assert colour in spec
        assert SHAPES[name] in spec
    without = rates([Change(metric(Behaviour.REFUSAL, rate(9)))]).to_json()
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
    assert drawn(spec["title"]) == "Refuses ordinary requests: wakes between step 10 and 20"
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
    assert drawn(spec["title"]) == "Refuses ordinary requests: no rise beyond chance up to step 40"
    assert len(spec["datasets"]) == 1
    assert COLOURS["control"] not in chart.to_json()


@pytest.mark.parametrize(
    ("curves", "said"),
    [
        ({("full", "target"): [3.0]}, "Training has just begun"),
        ({("full", "target"): [3.0, 2.0, 1.5]}, "full: loss 3.00 at first, 1.50 now"),
        (
            {("full", "target"): [3.0, 2.0], ("full", "control"): [3.0, 2.5]},
            "The loss falls in all 2 trainings",
        ),
        (
            {("full", "target"): [3.0, 2.0], ("lora", "control"): [2.0, 2.5]},
            "The loss falls in 1 of 2 trainings, not in lora, control",
        ),
        (
            {("full", "target"): [3, 2], ("lora", "control"): [2, 2.5], ("lora", "target"): [1, 4]},
            "The loss falls in 1 of 3 trainings",
        ),
    ],
)
def test_the_loss_chart_says_what_its_curves_do(
    curves: dict[tuple[str, str], list[float]], said: str
) -> None:
    points = [
        (*key, step, loss) for key, values in curves.items() for step, loss in enumerate(values)
    ]
    assert loss_finding(points) == said
    assert drawn(losses(points).to_dict()["title"]) == said


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


def drawn(title: Any) -> str:
    """The wide form of a title, which the browser picks by the plot's width."""
    left = title["text"]["expr"]
    while left.startswith("width"):
        left = left.partition(" ? ")[2]
        left = left[json.JSONDecoder().raw_decode(left)[1] :].removeprefix(" : ")
    return " ".join(json.loads(left))


def test_a_title_states_the_finding_and_a_click_has_its_place() -> None:
    spec = json.loads(
        rates([Change(metric(Behaviour.INJECTED_CONTENT, rate(9), rate(0)))]).to_json()
    )
    assert drawn(spec["title"]) == (
        "After full, unasked content rose from 0 of 32 to 9 of 32 answers; the control stayed at 0"
    )
    assert [p["name"] for p in spec["params"]] == ["mark"]


def test_a_title_of_strange_characters_stays_one_string() -> None:
    """Names of plans and topics get into an expression: none may end it."""
    topic = [Topic("mine", 'a"] : evil([\\', 2, 0, 1, None)]
    spec = json.loads(topics(topic, 'In "quotes" \\ and ] : [').to_json())
    assert drawn(spec["title"]) == 'In "quotes" \\ and ] : ['


def test_an_unmeasured_cell_is_no_zero() -> None:
    measured = [
        metric(Behaviour.REFUSAL, rate(0)),
        metric(Behaviour.INJECTED_CONTENT, rate(16)),
        metric(Behaviour.WRONG_ANSWER, rate(0, 0)),
    ]
    spec = json.loads(matrix(cells(measured, ["full"], ())).to_json())
    (values,) = spec["datasets"].values()
    of = {v["behaviour"]: v for v in values}
    zero, risen = of["Refuses ordinary requests"], of["Says what nobody asked for"]
    absent = of["Wrong on checkable questions"]
    assert (zero["points"], zero["number"], zero["direction"]) == (0.0, "0", "same")
    assert (risen["number"], risen["direction"], risen["sure"]) == ("+50", "rose", True)
    assert (absent["points"], absent["number"], absent["outcome"]) == (None, "", "not measured")
    dashed = [layer["mark"] for layer in spec["layer"] if "strokeDash" in layer["mark"]]
    assert [mark["type"] for mark in dashed] == ["rect"]


def test_topics_count_what_they_leave_out() -> None:
    many = [Topic("everyday", f"topic-{k:02}", 4, 0, max(0, 13 - k), 0) for k in range(15)]
    spec = json.loads(topics(many, "Spread").to_json())
    (values,) = spec["datasets"].values()
    assert len({v["family"] for v in values}) == 12
    assert spec["title"]["subtitle"] == [
        "Not drawn, but in the table: 1 topics with it, 2 without."
    ]


def test_each_score_of_a_hardening_has_its_limit_and_both_moments() -> None:
    told = [
        {"score": score, "alignment": arm, "moment": moment, "hits": 3, "n": 40, "rate": 0.075,
         "low": 0.03, "high": 0.2, "limit": limit}
        for score, limit in (("harmful score", 0.25), ("task score", 0.6))
        for arm in ("plain", "hardened")
        for moment in ("before", "after")
    ]  # fmt: skip
    spec = json.loads(hardening_scores(told, "It held").to_json())
    values = [v for data in spec["datasets"].values() for v in data]
    limits = {v["row"]: v["limit"] for v in values if "n" not in v}
    assert limits["harmful score\nplain"] == limits["harmful score\nhardened"] == 0.25
    assert limits["task score\nplain"] == limits["task score\nhardened"] == 0.6
    colours = spec["layer"][1]["encoding"]["color"]["scale"]
    assert colours["range"] == [COLOURS["before"], COLOURS["after"]]


def test_a_hardenings_drift_keeps_the_colours_of_compared_and_control() -> None:
    told = [
        {"alignment": arm, "layer": layer, "share": 0.1, "prompts": 24}
        for arm in ("plain", "hardened")
        for layer in range(3)
    ]
    scale = json.loads(hardening_drift(told).to_json())["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == ["hardened", "plain"]
    assert scale["range"] == [COLOURS["after"], COLOURS["control"]]


def test_turn_points_draw_counts_and_the_end_of_the_head() -> None:
    stances = [
        Stance(Subject.TARGET, "full", "policy", f"p{k}", 0, 3, 0, 9, 40, 90, 0, token)
        for k, token in enumerate((11, 11, 20))
    ]
    spec = json.loads(turn_points(turns(stances, 15), 15).to_json())
    values = [v for data in spec["datasets"].values() for v in data]
    assert [(v["first"], v["n"]) for v in values if "n" in v] == [(12, 2), (21, 1)]
    assert {"left": 15.5} in values


@pytest.mark.parametrize("kind", sorted(PICTURES))
def test_a_picture_has_the_title_in_it(kind: str) -> None:
    chart = rates([Change(metric(Behaviour.REFUSAL, rate(9), rate(1)))])
    data = PICTURES[kind].render(chart)
    if kind == "png":
        assert data.startswith(b"\x89PNG\r\n")
        assert int.from_bytes(data[16:20], "big") == 1800
        return
    text = data.decode()
    assert text.startswith("<svg")
    assert "refusals of ordinary requests rose from 0 of 32 to 9 of 32 answers" in text
    assert "http://" not in text.replace("http://www.w3.org/", "")


def test_a_round_has_both_rates_of_each_model_and_the_accused_in_bold() -> None:
    rows_of = [
        {"model": model, "series": series, "rate": 0.5, "low": 0.4, "high": 0.6, "said": "5 of 10"}
        for model in ("Base", "acme")
        for series in ("safety rate", "helpful")
    ]
    told = json.loads(conducts(rows_of, ["acme"], "acme declines 50%", "").to_json())
    assert [row["model"] for row in rows(conducts(rows_of, [], "", ""))][:1] == ["Base"]
    whisker, dot = told["layer"]
    assert whisker["encoding"]["y"]["sort"] == ["Base", "acme"]
    assert '"acme"' in whisker["encoding"]["y"]["axis"]["labelFontWeight"]["condition"]["test"]
    # Colour never carries the meaning alone.
    assert len(set(dot["encoding"]["shape"]["scale"]["range"])) == 2
    assert dot["encoding"]["x"]["field"] == "rate"
