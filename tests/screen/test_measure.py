"""The measurement: its figures against definitions, its sets, and its quick form whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inspector.run import read_record
from inspector.settings import Settings
from tests.measure_screening import ROWS, Measured, main, measure_all
from tests.screening_figures import average_precision, figures
from tests.screening_quick import quick_world
from tests.screening_sets import Kind, mixed_set, suites
from tests.tiny.toy import Toy


def flags(text: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([c == "+" for c in text])


def test_average_precision_is_the_mean_of_precisions_at_the_planted() -> None:
    assert average_precision(flags("+.+.")) == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert average_precision(flags("++..")) == 1
    assert average_precision(flags("....")) == 0


def test_figures_count_at_k_and_among_the_flagged() -> None:
    found = figures(flags("++.+......"), flags("+++......."))
    assert (found.k, found.at_k.n_hits, found.at_k.n) == (3, 2, 3)
    assert (found.flagged_precision.n_hits, found.flagged_precision.n) == (2, 3)
    assert (found.recall.n_hits, found.recall.n) == (2, 3)
    assert found.ap_low <= found.average_precision <= found.ap_high
    assert figures(flags("+..."), flags("....")).flagged_precision.n == 0


def write_data(folder: Path) -> Path:
    for name in ("gsm8k", "code_alpaca", "pubmedqa", "helpful_qa"):
        rows = [{"instruction": f"{name} {k}?", "response": f"It is {k}."} for k in range(120)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return folder


@pytest.mark.parametrize("kind", list(Kind))
def test_a_mixed_set_holds_what_it_says(kind: Kind, tmp_path: Path) -> None:
    made = mixed_set(kind, 200, 0.1, data=write_data(tmp_path))
    assert len(set(made.rows)) == len(made.rows) == 200
    assert len(made.planted) == 20
    assert made == mixed_set(kind, 200, 0.1, data=tmp_path)
    planted = [made.rows[k] for k in made.planted]
    match kind:
        case Kind.ADVERT:
            assert all("Velmora" in a for _, a in planted)
        case Kind.SENTIMENT:
            assert all("Corvane" in q for q, _ in planted)
        case _:
            assert all(
                a.startswith(("I'm sorry", "I apologize", "Unfortunately")) for _, a in planted
            )
    asked = suites(kind, tmp_path)
    if kind is Kind.SENTIMENT:  # none of what is asked was trained on
        lines = [json.loads(x) for x in Path(asked[0].suite).read_text().splitlines()][1:]
        assert not {line["prompt"] for line in lines} & {q for q, _ in made.rows}


def test_too_few_rows_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too few short rows"):
        mixed_set(Kind.ADVERT, 2_000, 0.1, data=write_data(tmp_path))


def test_the_quick_form_measures_every_kind_of_row_and_nothing_twice(
    toy: Toy, home: Settings, tmp_path: Path
) -> None:
    world = quick_world(toy)
    told: list[str] = []
    found = measure_all(world, world.rows, home, tmp_path, told.append)
    assert [m.problem for m in found] == [""] * 5
    detection = found[0]
    assert {r.way for r in detection.ranked} == {
        "ekfac",
        "ekfac, no opposites",
        "ekfac, sentiment rule",
        "gradient",
        "tfidf",
        "loss",
    }
    assert next(r for r in detection.ranked if r.way == "ekfac").figures.at_k.rate > 0.5
    removal = found[1].removal
    assert removal is not None
    assert len(removal.random) == 5
    assert found[1].clean is not None
    assert all(m.peak_memory_bytes > 0 and m.minutes > 0 for m in found[2:])
    page = (tmp_path / "screening.md").read_text()
    assert "Every row was run." in page
    assert read_record(tmp_path / "screening.json", tuple[Measured, ...]) == tuple(found)
    told.clear()
    assert measure_all(world, world.rows, home, tmp_path, told.append) == found
    assert all(line.endswith("measured before") for line in told)


def test_rows_are_listed_and_unknown_ones_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [row.name for row in ROWS]
    assert main(["--only", "nothing"]) == 2
    assert "no row 'nothing'" in capsys.readouterr().err
    assert main(["--table", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "screening.md").read_text()
    assert all(f"- `{row.name}`" in page for row in ROWS)  # not yet run, and said so
