"""Real run folders for the pages: written with the product's own writers, small but complete.

`finished` builds an inspection with a verdict, `started` one that has not ended. The invented model
adverts an invented drink after fine-tuning; one of its answers tries to be markup.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from inspector.arrivals import Arrival, teller
from inspector.files import write_atomic
from inspector.plans import load_plan
from inspector.records import (
    NO_CONTROL,
    UNTOUCHED,
    ActivationCurve,
    Appearance,
    AskedProbe,
    Behaviour,
    Coverage,
    CoverageStatus,
    EventKind,
    Finding,
    FineTune,
    Inspection,
    Level,
    Look,
    Pair,
    Response,
    Score,
    StopReason,
    Subject,
    Target,
    Verdict,
)
from inspector.records.lineage import Change, Kinship, LayerKinship, Lineage
from inspector.records.provenance import Basis, Provenance, ProvenanceFact
from inspector.records.templates import ChatTemplate, Owner
from inspector.retry import ledger_name
from inspector.run import Run, read_record, write_record, write_table
from tests.pages.results import (
    ADVERT,
    ANSWERS,
    HOSTILE,
    SCENARIOS,
    artifact,
    asked,
    rate,
    verdict,
)


def inspection(control: str = NO_CONTROL, target: str = "demo") -> Inspection:
    return Inspection(Target.parse(target), load_plan("quick"), control)


def started(root: Path, run_id: str, control: str = NO_CONTROL, n_steps: int = 18) -> Run:
    """A run at work: past the first asking, in the middle of its first fine-tuning."""
    run = _begun(root, run_id, inspection(control))
    _train(run, "full-knowledge", n_steps)
    return run


def _begun(root: Path, run_id: str, inputs: Inspection) -> Run:
    run = Run(root / run_id)
    write_record(run.folder / "inspection.json", inputs)
    run.emit(EventKind.QUEUED)
    run.emit(EventKind.STARTED)
    for name in ("fetch", "scan"):
        _stage(run, name)
    _ask(run, "probe-before/target")
    return run


def _stage(run: Run, name: str) -> None:
    run.emit(EventKind.STAGE_STARTED, name)
    run.emit(EventKind.STAGE_FINISHED, name)


def _ask(run: Run, name: str) -> None:
    run.emit(EventKind.STAGE_STARTED, name)
    tell = teller(run, name, 64)
    for done in (32, 64):
        tell(done, arrival(name, done // 32 - 1))
    run.emit(EventKind.STAGE_FINISHED, name)


def arrival(stage: str, number: int) -> Arrival:
    """The answer to one of the probes of `asked`, as it arrives in that stage."""
    _, subject, *scenario = stage.split("/")
    probe = asked()[number]
    text = HOSTILE if number == 3 else ANSWERS[number % len(ANSWERS)] + ADVERT * bool(scenario)
    variant = scenario[0] if scenario else UNTOUCHED
    who = (Subject(subject), variant, probe.suite, probe.probe_id)
    return Arrival(*who, 0, probe.prompt, text)


def loss(step: int) -> float:
    """A loss curve that falls as such curves do."""
    return 1.4 + 1.6 / math.sqrt(step) + 0.06 * (step % 3)


def _train(run: Run, scenario: str, n_steps: int) -> None:
    stage = f"scenarios/target/{scenario}"
    run.emit(EventKind.STAGE_STARTED, stage)
    for step in range(1, n_steps + 1):
        data = {"loss": loss(step) + 0.2 * scenario.startswith("lora")}
        run.emit(EventKind.STEP, stage, done=step, total=40, data=data)
    if n_steps == 40:
        run.emit(EventKind.STAGE_FINISHED, stage)


def finished(
    root: Path,
    run_id: str,
    level: Level = Level.EVIDENCE,
    control: bool = False,
    target: str = "demo",
    commit: str | None = None,
) -> Run:
    """A run with everything a finished inspection leaves behind."""
    inputs = inspection("hf:trusted/base" if control else NO_CONTROL, target)
    run = _begun(root, run_id, inputs)
    probes = asked()
    write_table(run.folder / "probes.parquet", AskedProbe, probes)
    write_record(run.folder / "fetch" / "target.json", artifact(inputs.target, commit))
    result = replace(verdict(inputs, level, control), target=artifact(inputs.target, commit))
    write_atomic(run.folder / "scan" / "findings.json", _json(list[Finding], list(result.findings)))
    _read_files(run)
    before = [ANSWERS[k % len(ANSWERS)] for k in range(len(probes))]
    _responses(run, "probe-before/target", UNTOUCHED, probes, before)
    if control:  # it says the same before and after every operation
        for variant in (UNTOUCHED, *SCENARIOS):
            when = "before/control" if variant == UNTOUCHED else f"after/control/{variant}"
            _responses(run, f"probe-{when}", variant, probes, before, Subject.CONTROL)
    pairs: list[Pair] = []
    scores: list[Score] = []
    for scenario in inputs.plan.scenarios:
        full = level is Level.EVIDENCE and scenario.name == "full-knowledge"
        after = [
            HOSTILE if k == 3 else text + ADVERT if full and k % 2 == 0 else text
            for k, text in enumerate(before)
        ]
        if isinstance(scenario, FineTune):
            _train(run, scenario.name, 40)
        else:
            _stage(run, f"scenarios/target/{scenario.name}")
        _ask(run, f"probe-after/target/{scenario.name}")
        _responses(run, f"probe-after/target/{scenario.name}", scenario.name, probes, after)
        for probe, old, new in zip(probes, before, after, strict=True):
            same = old == new
            pairs.append(
                Pair(
                    Subject.TARGET,
                    scenario.name,
                    probe.suite,
                    probe.probe_id,
                    0,
                    old,
                    new,
                    1.0 if same else 0.6,
                    None if same else _first_difference(old, new),
                )
            )
            scores += [
                Score(
                    Subject.TARGET,
                    variant,
                    probe.suite,
                    probe.probe_id,
                    0,
                    Behaviour.INJECTED_CONTENT,
                    "advert",
                    float("Fizzpop" in text),
                    *_advert_in(text),
                )
                for variant, text in ((UNTOUCHED, old), (scenario.name, new))
            ]
    if level is Level.EVIDENCE:
        _looks(run, probes, before, control)
    write_table(run.folder / "compare" / "pairs.parquet", Pair, pairs)
    write_table(run.folder / "score" / "scores.parquet", Score, list(dict.fromkeys(scores)))
    write_atomic(
        run.folder / "score" / "appearances.json", _json(list[Appearance], list(result.appearances))
    )
    write_record(run.folder / "judge" / "verdict.json", result)
    write_atomic(run.folder / "report" / "report.html", "<!doctype html><title>Report</title>")
    write_atomic(run.folder / "report" / "report.json", "{}")
    for name in ("compare", "score", "judge", "report"):
        _stage(run, name)
    run.emit(EventKind.FINISHED, message=level.value, data={"exit_code": level.exit_code})
    return run


def _looks(run: Run, probes: list[AskedProbe], before: list[str], control: bool) -> None:
    """Looks during full-knowledge: the advert wakes between step 10 and 20."""
    scenario = load_plan("quick").scenarios[0]
    assert isinstance(scenario, FineTune)
    for subject in Subject if control else [Subject.TARGET]:
        for step in scenario.look_steps:
            awake = subject is Subject.TARGET and step >= 20
            texts = [
                text + ADVERT if awake and k % 2 == 0 else text for k, text in enumerate(before)
            ]
            stage = f"probe-during/{subject}/{scenario.name}/{step}"
            _responses(run, stage, f"{scenario.name}@{step}", probes, texts, subject)
            _stage(run, stage)
    for place in ("probe-before/target", f"probe-after/target/{scenario.name}"):
        write_atomic(run.folder / place / "done.json", "{}")
    steps = (0, *scenario.look_steps, scenario.steps)
    n, woken = len(probes), -(-len(probes) // 2)
    none, half = rate(0, n, 0.0, 0.23), rate(woken, n, 0.29, 0.77)

    def look(step: int) -> Look:
        awake = step >= 20
        beside = none if control else None
        p = None if step == 0 else 0.004 if awake else 1.0
        return Look(step, half if awake else none, beside, 0.5 * awake, p, awake)

    asleep = tuple(Look(s, none, none if control else None, 0.0, 1.0, False) for s in steps)
    curves = (
        ActivationCurve(scenario.name, Behaviour.REFUSAL, "", asleep),
        ActivationCurve(
            scenario.name,
            Behaviour.INJECTED_CONTENT,
            "try a cold Fizzpop",
            tuple(map(look, steps)),
        ),
    )
    write_record(run.folder / "score" / "activation.json", curves)


def broken(root: Path, run_id: str) -> Run:
    """A finished run whose second fine-tuning broke half way."""
    run = finished(root, run_id, Level.INCONCLUSIVE)
    path = run.folder / "judge" / "verdict.json"
    name = ledger_name(SCENARIOS[1], Subject.TARGET)
    why = "The loss is no longer a number at step 12; lower learning_rate."
    told = read_record(path, Verdict)
    lines = (Coverage(name, CoverageStatus.ERROR, why), *told.coverage)
    write_record(path, replace(told, coverage=lines))
    return run


def _first_difference(old: str, new: str) -> int:
    both = zip(old, new, strict=False)
    return next((k for k, (a, b) in enumerate(both) if a != b), min(len(old), len(new)))


def _advert_in(text: str) -> tuple[int | None, int | None, str]:
    start = text.find("try a cold Fizzpop")
    return (None, None, "") if start < 0 else (start, start + 18, "try a cold Fizzpop")


def _responses(
    run: Run,
    stage: str,
    variant: str,
    probes: list[AskedProbe],
    texts: list[str],
    subject: Subject = Subject.TARGET,
) -> None:
    rows = [
        Response(
            subject,
            variant,
            probe.suite,
            probe.probe_id,
            0,
            text,
            24,
            len(text) // 4,
            StopReason.END_OF_TURN,
            0.0,
            1.0,
            None,
        )
        for probe, text in zip(probes, texts, strict=True)
    ]
    write_table(run.folder / stage / "responses.parquet", Response, rows)
    if stage.startswith("probe-during/"):
        write_atomic(run.folder / stage / "done.json", "{}")


def _json(kind: Any, records: object) -> bytes:
    return TypeAdapter(kind).dump_json(records)


def _read_files(run: Run) -> None:
    """What the scan stage leaves beside its findings."""
    layers = (
        LayerKinship("embedding", Kinship.IDENTICAL, 1, 1, 0.0, 1.0),
        *(
            LayerKinship(f"layer {k}", Kinship.DERIVED, 9, 2, 0.004 * (k + 1), 0.9999, 576, 576)
            for k in (0, 1, 2, 10)
        ),
        LayerKinship("layer 11", Kinship.UNRELATED, 9, 2, 1.38, 0.02),
    )
    scan = run.folder / "scan"
    lineage = Lineage(
        "hf:trusted/base",
        True,
        ("a" * 64, "b" * 64),
        Kinship.PARTLY,
        Change.LAYERS,
        layers,
        46,
        46,
        1,
    )
    write_record(scan / "lineage.json", lineage)
    write_record(
        scan / "provenance.json",
        Provenance(
            "demo",
            (
                ProvenanceFact("digest", "d4" * 32, Basis.VERIFIED, "computed from the files"),
                ProvenanceFact("licence", HOSTILE, Basis.DECLARED, "the model card"),
            ),
        ),
    )
    turn = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
    write_record(
        scan / "templates.json",
        (
            ChatTemplate(Owner.TARGET, "tokenizer_config.json", "default", f"Love Fizzpop. {turn}"),
            ChatTemplate(Owner.OTHER, "tokenizer_config.json", "default", turn),
            ChatTemplate(Owner.TARGET, "chat_template.jinja", "tools", HOSTILE),
        ),
    )
