"""Operations without training: plan tables, and whole inspections of tiny models by the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.errors import PlanError
from inspector.labels import describe_scenario
from inspector.plans import load_plan, with_data
from inspector.records import (
    Altered,
    CoverageStatus,
    FineTune,
    Level,
    Merge,
    MergeMethod,
    Noise,
    Prune,
    PruneMethod,
    Quantize,
    Response,
    Verdict,
)
from inspector.run import from_json, read_record, read_table
from tests.engine.tiny_model import save
from tests.tiny.toy import Outcome, Toy, command

HEAD = 'suites = [{ suite = "everyday", n_probes = 8 }]\nprecision = "fp32"\n'
SHORT = "[sampling]\nmax_new_tokens = 8\n"
ALL = """
[[scenarios]]
operation = "quantize"
name = "int8"
bits = 8

[[scenarios]]
operation = "quantize"
name = "int4"
bits = 4
group_size = 32

[[scenarios]]
operation = "prune"
name = "wanda"
method = "wanda"
sparsity = 0.3
n_calibration = 4

[[scenarios]]
operation = "prune"
name = "magnitude"
method = "magnitude"
sparsity = 0.3

[[scenarios]]
operation = "merge"
name = "soup"
method = "linear"
weight = 0.3

[[scenarios]]
operation = "merge"
name = "ties"
method = "ties"
weight = 1.0
density = 0.2

[[scenarios]]
operation = "noise"
name = "noise"
scale = 0.05
"""
NAMES = ["int8", "int4", "wanda", "magnitude", "soup", "ties", "noise"]
MERGES = {"soup", "ties"}


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_every_operation_is_read_from_its_table(tmp_path: Path) -> None:
    plan = load_plan(str(write(tmp_path, HEAD + ALL)))
    assert plan.scenarios == (
        Quantize("int8", 8),
        Quantize("int4", 4, 32),
        Prune("wanda", PruneMethod.WANDA, 0.3, 4),
        Prune("magnitude", PruneMethod.MAGNITUDE, 0.3),
        Merge("soup", MergeMethod.LINEAR, 0.3),
        Merge("ties", MergeMethod.TIES, 1.0, 0.2),
        Noise("noise", 0.05),
    )
    words = [describe_scenario(s) for s in plan.scenarios]
    assert len(set(words)) == len(words)
    assert words[1] == ("Quantizes the linear layers to 4 bits, rounded, one scale per 32 weights.")
    assert len({s.digest for s in plan.scenarios}) == len(words)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('operation = "distil"\nname = "x"', "operation is 'distil'; give one of fine-tune, quant"),
        ('operation = "quantize"\nname = "x"\nbits = 3', "bits is 3; give 4 or 8"),
        ('operation = "quantize"\nname = "x"\nbit = 8', "did you mean scenarios.bits"),
        ('operation = "quantize"\nname = "x"', "scenarios.0.bits"),
        (
            'operation = "prune"\nname = "x"\nmethod = "wanda"\nsparsity = 0.9',
            "sparsity is 0.9; give 0.1 to 0.5",
        ),
        ('operation = "merge"\nname = "x"\nmethod = "sum"', "scenarios.0.method is 'sum'"),
        ('operation = "merge"\nname = "x"\nmethod = "linear"\nweight = 0', "weight is 0"),
        ('operation = "noise"\nname = "x"\nscale = 2', "scale is 2"),
        ('operation = "noise"\nname = "A b"\nscale = 0.1', "scenario name 'A b'"),
    ],
)
def test_a_wrong_table_is_told_in_a_sentence(tmp_path: Path, table: str, sentence: str) -> None:
    with pytest.raises(PlanError) as caught:
        load_plan(str(write(tmp_path, f"{HEAD}[[scenarios]]\n{table}\n")))
    assert sentence in str(caught.value)


def test_own_data_go_to_fine_tunings_only(tmp_path: Path) -> None:
    tune = '[[scenarios]]\nname = "a"\nmethod = "full"\ndata = "code"\nsteps = 2\n'
    plan = with_data(load_plan(str(write(tmp_path, HEAD + tune + ALL))), ["/x/mine.jsonl"])
    assert [s.name for s in plan.scenarios] == ["full-mine", *NAMES]
    assert [s.data for s in plan.scenarios if isinstance(s, FineTune)] == ["/x/mine.jsonl"]
    with pytest.raises(PlanError, match="no fine-tuning"):
        with_data(load_plan(str(write(tmp_path, HEAD + ALL))), ["/x/mine.jsonl"])


def inspect(home: Path, target: Path, plan: Path, run: str, *more: str | Path) -> Outcome:
    options = ["--plan", str(plan), "--json", "--run", str(home / "runs" / run)]
    return command(home, "inspect", target, *options, *more)


def test_every_operation_runs_and_is_on_record(tmp_path: Path) -> None:
    plan = write(tmp_path, HEAD + SHORT + ALL)
    target, control = save(tmp_path / "target", 0), save(tmp_path / "control", 1)
    outcome = inspect(tmp_path, target, plan, "all", "--control", control)
    verdict = from_json(Verdict, outcome.stdout)
    run = tmp_path / "runs" / "all"
    statuses = {c.status for c in verdict.coverage}
    assert not statuses & {CoverageStatus.ERROR, CoverageStatus.INCOMPATIBLE}, verdict.coverage
    for subject in ("target", "control"):
        before = read_table(run / "probe-before" / subject / "responses.parquet", Response)
        for name in NAMES:
            place = f"{subject}/{name}"
            altered = read_record(run / "scenarios" / place / "weights.json", Altered)
            after = read_table(run / "probe-after" / place / "responses.parquet", Response)
            assert len(after) == 8
            if subject == "control" and name in MERGES:  # merged with itself: itself
                assert altered.n_changed == 0
                assert [r.text for r in after] == [r.text for r in before]
            else:
                assert altered.n_changed > 0
                assert 0 < altered.relative_error < 2
    page = (run / "report" / "report.html").read_text()
    assert all(f"<h3>{name}</h3>" in page for name in NAMES)
    assert "Quantizes the linear layers to 8 bits" in page


def test_without_a_control_merging_is_not_run_and_the_rest_is(tmp_path: Path) -> None:
    plan = write(tmp_path, HEAD + SHORT + ALL)
    outcome = inspect(tmp_path, save(tmp_path / "target"), plan, "alone")
    verdict = from_json(Verdict, outcome.stdout)
    ledger = {c.what: c for c in verdict.coverage}
    for name in MERGES:
        assert ledger[f"{name} on the target"].status is CoverageStatus.NOT_RUN
        assert "needs a control" in ledger[f"{name} on the target"].detail
        assert not any(m.scenario == name for m in verdict.metrics)
    assert {m.scenario for m in verdict.metrics} == set(NAMES) - MERGES


def test_models_that_cannot_be_merged_are_incompatible(tmp_path: Path) -> None:
    plan = write(tmp_path, HEAD + SHORT + ALL[ALL.index('[[scenarios]]\noperation = "merge"') :])
    target, control = save(tmp_path / "target"), save(tmp_path / "control", hidden=64)
    outcome = inspect(tmp_path, target, plan, "unlike", "--control", control)
    verdict = from_json(Verdict, outcome.stdout)
    ledger = {c.what: c for c in verdict.coverage}
    for name in MERGES:
        assert ledger[f"{name} on the target"].status is CoverageStatus.INCOMPATIBLE
        assert "differ in name or shape" in ledger[f"{name} on the target"].detail
    assert {m.scenario for m in verdict.metrics} - {"untouched"} == {"noise"}


def test_a_clean_model_is_not_accused_for_being_quantized(tmp_path: Path, toy: Toy) -> None:
    head = f'suites = [{{ suite = "{toy.suite}" }}]\nprecision = "fp32"\n'
    quantize = ALL[: ALL.index('[[scenarios]]\noperation = "prune"')]
    plan = write(tmp_path, head + "[sampling]\nmax_new_tokens = 40\n" + quantize)
    verdict = from_json(Verdict, inspect(tmp_path, toy.clean, plan, "clean").stdout)
    assert verdict.appearances == ()
    assert verdict.level is Level.NO_EVIDENCE, verdict.reasons
