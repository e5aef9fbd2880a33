"""Estimates: near what was measured, from the best basis there is, and honest about the rest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inspector.estimate import (
    Basis,
    BenchedSpeeds,
    ModelSize,
    Speeds,
    estimate,
    foresee,
    size_of,
    size_of_preview,
    speeds_here,
)
from inspector.fetch.listing import Listing
from inspector.fetch.preview import Preview
from inspector.files import write_atomic
from inspector.hardware import free_memory_bytes, processor
from inspector.labels import expects_control
from inspector.plans import load_plan, with_data
from inspector.records import (
    AUTO_CONTROL,
    NO_CONTROL,
    Amplify,
    AmplifyMethod,
    Artifact,
    ArtifactKind,
    Event,
    EventKind,
    FineTune,
    Inspection,
    Method,
    Plan,
    Precision,
    Response,
    StopReason,
    Subject,
    Target,
    TargetKind,
    Training,
)
from inspector.run import Run, to_json, write_record, write_table
from inspector.settings import Settings

DEMO = 134_515_008
GB = 1_000_000_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def speeds(full: float, lora: float, answer: float) -> Speeds:
    """As `bench` gave them, in tokens/s of the demo model."""
    return Speeds(full * DEMO, lora * DEMO, answer * DEMO, Basis.BENCH, 1.6, "")


def quick(precision: Precision = Precision.AUTO) -> Plan:
    return replace(load_plan("quick"), precision=precision)


# The README's two machines: what `bench` measured there, and how long the quick demo took.
MACHINES = [
    (Precision.BF16, speeds(261, 373, 360), 3 * 60 + 38, 1.05),
    (Precision.FP32, speeds(121, 140, 144), 6 * 60 + 4, 1.33),
]


@pytest.mark.parametrize(("precision", "measured", "took_s", "ratio"), MACHINES)
def test_the_demo_inspection_took_about_so_long(
    settings: Settings, precision: Precision, measured: Speeds, took_s: float, ratio: float
) -> None:
    """docs/estimate.md has these ratios."""
    demo = ModelSize(DEMO, is_gguf=True)
    found = estimate(quick(precision), demo, measured, settings, with_control=False)
    assert found.seconds / took_s == pytest.approx(ratio, abs=0.01)
    low, high = found.range_s
    assert low < took_s < high
    assert found.memory_bytes == pytest.approx(3.8 * GB, rel=0.1)


def test_the_guess_is_that_of_a_core_of_these_machines(settings: Settings) -> None:
    guess = speeds_here(settings)
    assert guess.basis is Basis.GUESS
    assert guess.words.startswith("Not measured on this machine yet")
    assert (
        speeds_here(settings, Precision.BF16).full > 2 * speeds_here(settings, Precision.FP32).full
    )


# --------------------------------------------------------------------------------------------------
# From earlier runs
# --------------------------------------------------------------------------------------------------


def model(folder: Path, n_parameters: int) -> Path:
    """A safetensors model with one tensor, of which only the header is written in full."""
    header = json.dumps(
        {"w": {"dtype": "F16", "shape": [n_parameters], "data_offsets": [0, 2 * n_parameters]}}
    ).encode()
    folder.mkdir(parents=True)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + 2 * n_parameters)
    return folder


def training(scenario: FineTune, tokens_per_s: float, n_tokens: int) -> Training:
    return Training(
        scenario, Subject.TARGET, Precision.FP32, "knowledge", "d", 300, 1, n_tokens, 1, 3.0, 2.0,
        n_tokens / tokens_per_s, tokens_per_s, GB, 0,
    )  # fmt: skip


def answers(variant: str, n: int, n_tokens: int) -> list[Response]:
    return [
        Response(
            Subject.TARGET, variant, "everyday", str(k), 0, "x", 40, n_tokens,
            StopReason.LENGTH, 0.0, 1.0, None,
        )
        for k in range(n)
    ]  # fmt: skip


def synthetic(
    settings: Settings,
    *,
    full: float = 50.0,
    lora: float = 80.0,
    answer: float = 200.0,
    n_parameters: int = 1_000_000,
    where: str | None = None,
    plan: Plan | None = None,
) -> float:
    """A finished run of the quick plan on a machine of these speeds (tokens/s); its seconds.

    Everything takes as long as its tokens do, and 10 seconds are spent on the rest.
    """
    plan = plan or quick()
    run = Run(settings.runs / "20261122-010203-model-aaaa")
    target = Target(TargetKind.LOCAL, str(model(settings.home / "model", n_parameters)))
    write_record(run.folder / "inspection.json", Inspection(target, plan))
    machine = {"processor": where or processor(), "n_threads": 2, "precision": "fp32"}
    write_atomic(run.folder / "machine.json", json.dumps(machine))
    artifact = Artifact(target, ArtifactKind.MODEL, target.location, ())
    write_record(run.folder / "fetch" / "target.json", artifact)
    clock, events = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC), []
    took = 10.0

    def stage(name: str, seconds: float) -> None:
        nonlocal clock, took
        events.append(Event(clock.isoformat(), EventKind.STAGE_STARTED, name))
        clock += timedelta(seconds=seconds)
        took += seconds
        events.append(Event(clock.isoformat(), EventKind.STAGE_FINISHED, name))

    stage("probe-before/target", 64 * 60 / answer)
    for scenario in plan.scenarios:
        if isinstance(scenario, FineTune):
            rate = full if scenario.method is Method.FULL else lora
            n_tokens = scenario.steps * scenario.effective_batch * 60
            record = training(scenario, rate, n_tokens)
            write_record(run.folder / "scenarios/target" / scenario.name / "training.json", record)
            stage(f"scenarios/target/{scenario.name}", n_tokens / rate)
        name = f"probe-after/target/{scenario.name}"
        rows = answers(scenario.name, 64, 50)
        write_table(run.folder / name / "responses.parquet", Response, rows)
        stage(name, 64 * 50 / answer)
    lines = "".join(" ".join(to_json(e).split()) + "\n" for e in events)
    write_atomic(run.events_path, lines)
    write_atomic(run.folder / "judge" / "verdict.json", "{}")
    return took


def test_an_estimate_from_an_earlier_run_is_near_what_that_run_took(settings: Settings) -> None:
    took = synthetic(settings)
    target = Target(TargetKind.LOCAL, str(settings.home / "model"))
    found = foresee(Inspection(target, quick(), NO_CONTROL), settings)
    assert found is not None
    assert found.basis == "From the speed of 1 earlier inspection on this machine."
    low, high = found.range_s
    assert low < took < high
    assert found.seconds / took == pytest.approx(1.0, abs=0.15)


def test_speeds_of_a_run_hold_for_a_model_of_another_size(settings: Settings) -> None:
    synthetic(settings)
    here = speeds_here(settings)
    assert here.basis is Basis.RUNS
    assert here.full == pytest.approx(50 * 1_000_000)
    assert here.lora == pytest.approx(80 * 1_000_000)
    assert here.answer == pytest.approx(200 * 1_000_000)
    small, large = (
        estimate(quick(), ModelSize(n), here, settings, with_control=False)
        for n in (100_000_000, 200_000_000)
    )
    assert large.seconds == pytest.approx(2 * small.seconds, rel=0.01)


def test_a_run_without_training_still_tells_how_fast_training_is(settings: Settings) -> None:
    guess = speeds_here(settings)
    plan = quick()
    rounding = tuple(s for s in plan.scenarios if not isinstance(s, FineTune))
    synthetic(settings, answer=500.0, plan=replace(plan, scenarios=rounding))
    here = speeds_here(settings)
    assert here.answer == pytest.approx(500 * 1_000_000)
    assert here.full / guess.full == pytest.approx(here.answer / guess.answer)


def test_runs_of_other_machines_and_formats_tell_nothing(settings: Settings) -> None:
    synthetic(settings, where="another processor")
    assert speeds_here(settings).basis is Basis.GUESS


def test_runs_in_another_number_format_tell_nothing(settings: Settings) -> None:
    synthetic(settings)
    assert speeds_here(settings, Precision.FP32).basis is Basis.RUNS
    assert speeds_here(settings, Precision.BF16).basis is Basis.GUESS


@pytest.mark.parametrize("broken", ["machine.json", "inspection.json", "fetch/target.json"])
def test_a_broken_run_tells_nothing(settings: Settings, broken: str) -> None:
    synthetic(settings)
    (settings.runs / "20261122-010203-model-aaaa" / broken).write_text("{")
    assert speeds_here(settings).basis is Basis.GUESS


def test_a_stored_bench_comes_second(settings: Settings) -> None:
    bench = BenchedSpeeds(processor(), Precision.BF16, DEMO, 100, 150, 120)
    write_record(settings.bench, bench)
    here = speeds_here(settings)
    assert (here.basis, here.full) == (Basis.BENCH, 100 * DEMO)
    assert speeds_here(settings, Precision.FP32).basis is Basis.GUESS
    synthetic(settings)
    assert speeds_here(settings).basis is Basis.RUNS
    write_record(settings.bench, replace(bench, processor="another"))
    assert speeds_here(settings, Precision.BF16).basis is Basis.GUESS


# --------------------------------------------------------------------------------------------------
# What the sums hold
# --------------------------------------------------------------------------------------------------

FAST = speeds(261, 373, 360)


def cost(plan: Plan, n: int = DEMO, control: bool = False, *, home: Settings) -> Sequence[float]:
    found = estimate(plan, ModelSize(n), FAST, home, with_control=control)
    return found.seconds, found.memory_bytes, found.disk_bytes


def test_a_control_doubles_all_but_the_start(settings: Settings) -> None:
    alone, both = (cost(quick(), control=c, home=settings)[0] for c in (False, True))
    assert 1.8 * alone < both < 2 * alone


def test_what_a_plan_adds_takes_its_time(settings: Settings) -> None:
    plan = quick()
    base = cost(plan, home=settings)[0]
    dearer = (
        replace(plan, positions=True),
        replace(plan, amplify=(Amplify(AmplifyMethod.WEIGHTS, 2.0),)),
        replace(plan, sampling=replace(plan.sampling, temperature=1.0, n_samples=3)),
        replace(plan, sampling=replace(plan.sampling, max_new_tokens=256)),
        load_plan("standard"),
    )
    for more in dearer:
        assert cost(more, home=settings)[0] > 1.05 * base


def test_training_all_weights_takes_most_memory_and_disk(settings: Settings) -> None:
    full = replace(quick(), scenarios=quick().scenarios[:1])
    lora = replace(quick(), scenarios=quick().scenarios[1:2])
    for larger, smaller in zip(
        cost(full, 8 * GB, home=settings)[1:], cost(lora, 8 * GB, home=settings)[1:], strict=True
    ):
        assert larger > 3 * smaller


def test_what_will_not_fit_is_a_sentence_with_a_remedy(settings: Settings) -> None:
    large = ModelSize(8 * GB, fetch_bytes=16 * GB)
    found = estimate(quick(), large, FAST, settings, with_control=False, free_memory=16 * GB)
    assert found.warnings[0].startswith("Will probably not fit: it needs about 1")
    assert "16 GB is free; train adapters (LoRA)" in found.warnings[0]
    assert found.notes[0] == "Downloading 16 GB is not counted in the time."
    fits = estimate(
        quick(), ModelSize(DEMO), FAST, settings, with_control=False, free_memory=64 * GB
    )
    assert not [w for w in fits.warnings if "memory" in w]


def test_data_that_are_not_here_are_assumed_and_said(settings: Settings) -> None:
    plan = with_data(quick(), ["hf:org/set"])
    found = estimate(plan, ModelSize(DEMO), FAST, settings, with_control=False)
    assert any("hf:org/set are is not known before it is fetched" in note for note in found.notes)


def test_merging_counts_with_a_control_only(settings: Settings) -> None:
    deep = load_plan("deep")
    alone, both = (
        estimate(deep, ModelSize(DEMO), FAST, settings, with_control=c) for c in (False, True)
    )
    assert not any("merge" in part.what for part in alone.parts)
    assert any("merge" in part.what for part in both.parts)
    assert "Merging is left out without a control, and not counted." in alone.notes


# --------------------------------------------------------------------------------------------------
# The target's size
# --------------------------------------------------------------------------------------------------


def test_sizes_are_read_from_headers(settings: Settings) -> None:
    folder = model(settings.home / "m", 5000)
    here = size_of(Target(TargetKind.LOCAL, str(folder)), settings)
    assert here == ModelSize(5000, has_base=False)
    (folder / "README.md").write_text("---\nbase_model: org/base\n---\n")
    declared = size_of(Target(TargetKind.LOCAL, str(folder)), settings)
    assert declared is not None
    assert declared.has_base


def test_an_adapter_is_as_large_as_its_base(settings: Settings) -> None:
    base = model(settings.home / "m", 5000)
    adapter = settings.home / "a"
    adapter.mkdir()
    config = {"base_model_name_or_path": str(base)}
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    target = Target(TargetKind.LOCAL, str(adapter))
    assert size_of(target, settings) == ModelSize(5000, has_base=True)
    config = {"base_model_name_or_path": str(settings.home / "b")}
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    assert size_of(target, settings) is None


def test_adapters_that_name_each_other_end(settings: Settings) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        folder = settings.home / one
        folder.mkdir()
        config = {"base_model_name_or_path": f"../{other}"}
        (folder / "adapter_config.json").write_text(json.dumps(config))
    assert size_of(Target(TargetKind.LOCAL, str(settings.home / "a")), settings) is None


def test_a_hub_model_has_a_size_once_it_is_here(settings: Settings) -> None:
    target = Target(TargetKind.HUB, "org/name")
    assert size_of(target, settings) is None
    inspection = Inspection(target, quick(), AUTO_CONTROL)
    assert foresee(inspection, settings) is None
    assert foresee(inspection, settings, ModelSize(DEMO, fetch_bytes=GB)) is not None
    model(settings.snapshots / "models--org--name" / ("a" * 40), 7000)
    here = size_of(target, settings)
    assert here is not None
    assert here.n_parameters == 7000


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 64])
def test_what_is_no_model_has_no_size(settings: Settings, content: bytes) -> None:
    (settings.home / "model.safetensors").write_bytes(content)
    (settings.home / "x.gguf").write_bytes(content)
    assert size_of(Target(TargetKind.LOCAL, str(settings.home)), settings) is None
    assert size_of(Target(TargetKind.LOCAL, str(settings.home / "x.gguf")), settings) is None


def test_whether_there_will_be_a_control() -> None:
    assert expects_control(AUTO_CONTROL, True)
    assert not expects_control(AUTO_CONTROL, False)
    assert expects_control(AUTO_CONTROL, None)
    assert expects_control("demo", False)
    assert not expects_control(NO_CONTROL, True)


def test_a_container_limits_the_free_memory(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    2000 kB\n")
    assert free_memory_bytes(tmp_path / "meminfo", tmp_path) == 2_048_000
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    assert free_memory_bytes(tmp_path / "meminfo", tmp_path) == 600_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory_bytes(tmp_path / "meminfo", tmp_path) == 2_048_000
    assert free_memory_bytes(tmp_path / "none", tmp_path / "none") is None


def test_the_hub_tells_a_whole_models_size_and_an_adapters_not() -> None:
    listing = Listing("org/small", ArtifactKind.MODEL, n_parameters=7000)
    found = Preview(ArtifactKind.MODEL, n_bytes_read=28_000, formats=("GGUF",), listing=listing)
    assert size_of_preview(found) == ModelSize(7000, 28_000, is_gguf=True, has_base=False)
    assert size_of_preview(replace(found, kind=ArtifactKind.ADAPTER)) is None
    assert size_of_preview(replace(found, listing=replace(listing, n_parameters=None))) is None
