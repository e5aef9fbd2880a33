"""Records refuse what makes no sense, in one sentence, and their digests tell contents apart."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest

from inspector.errors import InspectorError, PlanError, TargetError
from inspector.records import (
    Artifact,
    ArtifactKind,
    Behaviour,
    Expectation,
    FileDigest,
    FineTune,
    Method,
    Probe,
    ProbeSuite,
    Sampling,
    Score,
    Severity,
    Subject,
    Target,
    TargetKind,
    digest_of,
)

TUNING = FineTune("full", Method.FULL, "code", steps=4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("demo", Target(TargetKind.DEMO)),
        (" demo ", Target(TargetKind.DEMO)),
        ("demo:planted", Target(TargetKind.DEMO, "planted")),
        ("hf:org/name", Target(TargetKind.HUB, "org/name")),
        ("hf:org/name@v1.2", Target(TargetKind.HUB, "org/name", "v1.2")),
        ("hf:gpt2", Target(TargetKind.HUB, "gpt2")),
        ("hf:org/name@", Target(TargetKind.HUB, "org/name")),
    ],
)
def test_targets_are_read(text: str, expected: Target) -> None:
    assert Target.parse(text) == expected
    assert Target.parse(str(expected)) == expected


def test_local_targets_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    assert Target.parse("model") == Target(TargetKind.LOCAL, str(tmp_path / "model"))
    with pytest.raises(TargetError, match="must be an absolute path"):
        Target(TargetKind.LOCAL, "model")


@pytest.mark.parametrize(
    "text",
    ["", "org/name", "nowhere/at/all", "Demo", "demo:", "hf:", "hf:a/b/c", "hf:../x", "hf:a b"],
)
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(TargetError, match="hf:org/name") as caught:
        Target.parse(text)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "With Space"}, "scenario name 'With Space'"),
        ({"name": "../up"}, "scenario name"),
        ({"steps": 0}, "steps is 0; give 1 to 100000"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"max_grad_norm": 0.0}, "max_grad_norm must be above 0"),
        ({"lora_dropout": 1.0}, "lora_dropout"),
        ({"max_length": 8}, "max_length is 8; give 16"),
        ({"micro_batch": 0}, "micro_batch is 0"),
    ],
)
def test_scenarios_out_of_range(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint):
        replace(TUNING, **change)


def test_scenario_digest_tells_settings_apart_but_not_names() -> None:
    assert replace(TUNING, name="other").digest == TUNING.digest
    others = [replace(TUNING, seed=1), replace(TUNING, steps=5), replace(TUNING, data="support")]
    assert len({TUNING.digest, *(o.digest for o in others)}) == 4


@pytest.mark.parametrize(
    "change",
    [{"max_new_tokens": 0}, {"temperature": -1.0}, {"top_p": 0.0}, {"n_samples": 2}],
)
def test_sampling_out_of_range(change: dict[str, Any]) -> None:
    with pytest.raises(PlanError):
        replace(Sampling(), **change)


def test_artifact_digest_is_that_of_its_bytes() -> None:
    files = (FileDigest("a", 1, "aa"), FileDigest("b", 2, "bb"))
    one = Artifact(Target(TargetKind.DEMO), ArtifactKind.MODEL, "/x", files)
    assert replace(one, files=files[::-1], folder="/y", commit="c").digest == one.digest
    assert replace(one, files=files[:1]).digest != one.digest
    swapped = (FileDigest("a", 1, "bb"), FileDigest("b", 2, "aa"))
    assert replace(one, files=swapped).digest != one.digest
    assert one.size_bytes == 3


def test_digest_keeps_its_parts_apart() -> None:
    assert digest_of(["ab", "c"]) != digest_of(["a", "bc"])
    assert digest_of(["a"]) != digest_of(["a", ""])


@pytest.mark.parametrize("field", ["prompt", "family", "answer", "expectation"])
def test_suite_digest_covers_every_probe(field: str) -> None:
    probe = Probe("p1", "2 + 2?", "sums", Expectation.CHECK, "4")
    suite = ProbeSuite("s", "1", (probe,))
    changes: dict[str, dict[str, Any]] = {
        "prompt": {"prompt": "2 + 3?"},
        "family": {"family": "maths"},
        "answer": {"answer": "5"},
        "expectation": {"expectation": Expectation.ANSWER, "answer": None},
    }
    assert ProbeSuite("s", "1", (replace(probe, **changes[field]),)).digest != suite.digest


def test_probes_and_scores_are_checked() -> None:
    with pytest.raises(ValueError, match="empty prompt"):
        Probe("p", "  ", "f", Expectation.ANSWER)
    with pytest.raises(ValueError, match="goes with expectation 'check'"):
        Probe("p", "q", "f", Expectation.CHECK)
    with pytest.raises(ValueError, match="outside"):
        Score(Subject.TARGET, "v", "s", "p", 0, Behaviour.REFUSAL, "x", 1.5)


def test_records_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        TUNING.steps = 5  # type: ignore[misc]


def test_severities_are_ordered() -> None:
    assert [s.rank for s in Severity] == [0, 1, 2, 3, 4]
    assert Severity.CRITICAL.rank > Severity.HIGH.rank


def test_every_error_has_an_exit_code() -> None:
    pending, codes = [InspectorError], {}
    while pending:
        kind = pending.pop()
        codes[kind.__name__] = kind.exit_code
        pending += kind.__subclasses__()
    two = {"BadInput", "TargetError", "PlanError", "PolicyError", "DataError", "Refused"}
    assert {name for name, code in codes.items() if code == 2} == two
    assert {code for name, code in codes.items() if name not in two} == {4}
