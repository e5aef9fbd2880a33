"""A control is a trusted relative of the target: one with other tokens is left out, and said so."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.inspection import inspect, start
from inspector.records import (
    CoverageStatus,
    Inspection,
    Level,
    Noise,
    Plan,
    Precision,
    Sampling,
    SuiteChoice,
    Target,
    Verdict,
)
from inspector.settings import Settings
from tests.engine.tiny_model import save

PLAN = Plan(
    name="tiny",
    scenarios=(Noise("noise", scale=0.05),),
    suites=(SuiteChoice("everyday", 8), SuiteChoice("policy", 8)),
    sampling=Sampling(max_new_tokens=4),
    precision=Precision.FP32,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home: Path = tmp_path_factory.mktemp("home")
    save(home / "target", seed=0)
    save(home / "relative", seed=1)
    stranger = save(home / "stranger", seed=2)
    tokens = stranger / "tokenizer.json"
    tokens.write_text(tokens.read_text().replace("<s>", "<begin>"))
    settings = stranger / "tokenizer_config.json"
    settings.write_text(settings.read_text().replace('"<s>"', '"<begin>"'))
    return home


def verdict(home: Path, control: str) -> Verdict:
    settings = Settings(home=home)
    target = Target.parse(str(home / "target"))
    run = start(Inspection(target, PLAN, str(home / control)), settings)
    return inspect(run, settings)


def test_a_control_with_another_tokenizer_is_left_out_and_makes_it_inconclusive(
    home: Path,
) -> None:
    told = verdict(home, "stranger")
    [line] = [c for c in told.coverage if c.what == "control"]
    assert line.status is CoverageStatus.INCOMPATIBLE
    assert "has another tokenizer (260 tokens, the target 260)" in line.detail
    assert told.level is Level.INCONCLUSIVE
    assert "another tokenizer" in told.control
    assert all(m.control_before is None for m in told.metrics)


def test_a_control_with_the_same_tokens_is_compared_with(home: Path) -> None:
    told = verdict(home, "relative")
    assert not [c for c in told.coverage if c.what == "control"]
    assert any(m.control_before is not None for m in told.metrics)
    searched = {c.what for c in told.coverage if c.what.startswith("blind discovery")}
    assert searched == {"blind discovery / untouched", "blind discovery / noise"}
