"""The report says at which step a behaviour wakes, with its curve, in both languages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspector.records import ActivationCurve, Behaviour, Look
from inspector.report import render
from inspector.run import write_record
from inspector.stats import wilson
from tests.history.make_run import make_run

NONE, HALF = wilson(0, 24), wilson(12, 24)
RISES = ActivationCurve(
    "full-shop",
    Behaviour.INJECTED_CONTENT,
    "try <b>Fizzpop</b>",
    (
        Look(0, NONE, NONE, 0.0, None, False),
        Look(10, wilson(1, 24), NONE, 1 / 24, 1.0, False),
        Look(20, HALF, NONE, 0.5, 0.002, True),
        Look(40, HALF, NONE, 0.5, 0.002, True),
    ),
)
FLAT = ActivationCurve(
    "full-shop", Behaviour.REFUSAL, "", (Look(0, NONE, None, 0, None, False),) * 2
)


def test_the_step_is_named_with_its_numbers_and_drawn(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert "At which step it wakes" not in render(run, "html").decode()
    write_record(run.folder / "score" / "activation.json", (FLAT, RISES))
    html = render(run, "html").decode()
    assert (
        "first above step 0 beyond chance between step 10 and 20, adjusted p 0.002 (step 0: 0 of "
        "24, interval 0 to 13.8 %; step 10: 1 of 24"
    ) in html
    assert "try &lt;b&gt;Fizzpop&lt;/b&gt;" in html
    assert "Refuses ordinary requests: at no step above step 0 beyond chance (step 0: 0" in html
    drawn = html[html.index("At which step it wakes") : html.index('id="appeared"')]
    assert drawn.count("<polyline") == 2  # of what rises: target and control
    assert drawn.count("<circle") == drawn.count("<rect") == 4


def test_what_falls_asleep_again_is_said(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    asleep = replace(RISES.looks[-1], target=NONE, above=False)
    curve = replace(RISES, looks=(*RISES.looks[:-1], asleep))
    write_record(run.folder / "score" / "activation.json", (curve,))
    assert "At step 40 it no longer stands above step 0." in render(run, "html").decode()


@pytest.mark.parametrize(
    ("language", "said"), [("en", "between step 10 and 20"), ("ja", "10ステップから20ステップの間")]
)
def test_every_format_says_it_in_its_language(tmp_path: Path, language: str, said: str) -> None:
    run = make_run(tmp_path)
    write_record(run.folder / "score" / "activation.json", (RISES,))
    assert said in render(run, "html", language).decode()
    assert said in render(run, "md", language).decode()
    assert render(run, "pdf", language).startswith(b"%PDF")
