"""The report's sections about downstream operations: each with all its settings and results.

Comes in: Training, TrainingStep and Altered records. Goes out: OperationSections, fine-tunings
first, each subject's result a row.
"""

from __future__ import annotations

from itertools import groupby

from inspector.records import (
    LOOK_PROBES,
    Altered,
    FineTune,
    Merge,
    MergeMethod,
    Method,
    Noise,
    Prune,
    PruneMethod,
    Quantize,
    Scenario,
)
from inspector.report.contents import (
    Column,
    ColumnKind,
    Fact,
    LossCurve,
    Mark,
    OperationSection,
    Table,
)
from inspector.report.gathering import Gathered, Tuning
from inspector.report.wording import Words

_NUMBER = ColumnKind.NUMBER


def operation_sections(gathered: Gathered, words: Words) -> tuple[OperationSection, ...]:
    tunings = [
        _tuned(list(members), words)
        for _, members in groupby(gathered.tunings, lambda t: t.training.scenario.name)
    ]
    altered = [
        _altered(list(members), words)
        for _, members in groupby(gathered.alterations, lambda a: a.scenario.name)
    ]
    return (*tunings, *altered)


def describe(scenario: Scenario, words: Words) -> str:
    """One operation in a sentence, with the settings that matter."""
    match scenario:
        case FineTune():
            what = (
                words("operation.all_weights")
                if scenario.method is Method.FULL
                else words("operation.lora", rank=scenario.lora_rank)
            )
            tunes = words(
                "operation.fine_tune",
                what=what,
                data=scenario.data,
                steps=scenario.steps,
                batch=scenario.effective_batch,
                rate=_rate(scenario.learning_rate),
                schedule=words(f"operation.schedule_{scenario.schedule}"),
            )
            steps = [str(step) for step in scenario.look_steps]
            n, looks = LOOK_PROBES, "operation.looks"
            return words.sentences(
                tunes,
                words(looks, probes=n, steps=words.join(steps), n=n * len(steps)) if steps else "",
            )
        case Quantize():
            key = "quantize_group" if scenario.group_size else "quantize_channel"
            return words(f"operation.{key}", bits=scenario.bits, group=scenario.group_size)
        case Prune():
            share = words.percent(scenario.sparsity)
            return words(f"operation.prune_{scenario.method}", share=share)
        case Merge():
            linear = scenario.method is MergeMethod.LINEAR
            share = words.percent(scenario.weight if linear else scenario.density)
            weight = f"{scenario.weight:g}"
            return words(f"operation.merge_{scenario.method}", share=share, weight=weight)
        case Noise():
            return words("operation.noise", share=words.percent(scenario.scale))


def _tuned(members: list[Tuning], words: Words) -> OperationSection:
    first = members[0].training
    columns = ("trained", "tokens", "speed", "time", "memory")
    return OperationSection(
        name=first.scenario.name,
        description=describe(first.scenario, words),
        settings=_tuning_settings(members[0], words),
        results=Table(
            caption=words("operation.results"),
            columns=(
                Column(words("operation.weights")),
                Column(words("operation.loss"), _NUMBER),
                *(Column(words(f"operation.{c}"), _NUMBER) for c in columns),
                Column(words("operation.precision")),
            ),
            rows=tuple(_tuning_row(t, words) for t in members),
            mark=Mark.MEASURED,
        ),
        curves=tuple(LossCurve(t.training.subject, t.steps) for t in members),
        scenario=first.scenario,
    )


def _tuning_settings(tuning: Tuning, words: Words) -> tuple[Fact, ...]:
    record, s = tuning.training, tuning.training.scenario
    method = "all_weights" if s.method is Method.FULL else "lora"
    examples = words("operation.examples", n=record.n_examples)
    stated = {
        "kind": words("operation.fine_tune_kind"),
        "method": words(f"operation.{method}", rank=s.lora_rank),
        "data": words("operation.data_value", name=record.data_name, examples=examples),
        "steps": str(s.steps),
        "rate": words(
            "operation.rate_value",
            rate=f"{s.learning_rate:g}",
            schedule=words(f"operation.schedule_{s.schedule}"),
            warmup=s.warmup_steps,
        ),
        "batch": words(
            "operation.batch_value",
            batch=s.effective_batch,
            micro=s.micro_batch,
            length=s.max_length,
        ),
        "optimizer": words(
            "operation.optimizer_value", decay=f"{s.weight_decay:g}", clip=f"{s.max_grad_norm:g}"
        ),
        "seed": str(s.seed),
    }
    if s.method is Method.LORA:
        stated["lora_settings"] = words(
            "operation.lora_value",
            rank=s.lora_rank,
            alpha=s.lora_alpha,
            dropout=f"{s.lora_dropout:g}",
            targets=words.join(s.lora_targets) or words("operation.lora_all"),
        )
    facts = [Fact(words(f"operation.{key}"), v, Mark.STATED) for key, v in stated.items()]
    digest = Fact(words("operation.data_digest"), record.data_digest, Mark.VERIFIED, is_code=True)
    return (*facts, digest)


def _tuning_row(tuning: Tuning, words: Words) -> tuple[str, ...]:
    record = tuning.training
    precision = record.precision.value
    return (
        words(f"subject.{record.subject}"),
        f"{record.first_loss:.2f} → {record.last_loss:.2f}",
        words.number(record.n_trainable),
        words.number(record.n_tokens),
        f"{record.tokens_per_s:.0f}",
        words.duration(record.elapsed_s),
        words.size(record.peak_memory_bytes),
        words("operation.resumed", precision=precision, n=record.n_resumed)
        if record.n_resumed
        else precision,
    )


def _altered(members: list[Altered], words: Words) -> OperationSection:
    scenario = members[0].scenario
    columns = ("tensors", "in_them", "changed", "change_size", "time")
    return OperationSection(
        name=scenario.name,
        description=describe(scenario, words),
        settings=_settings(scenario, words),
        results=Table(
            caption=words("operation.results"),
            columns=(
                Column(words("operation.weights")),
                *(Column(words(f"operation.{c}"), _NUMBER) for c in columns),
            ),
            rows=tuple(
                (
                    words(f"subject.{a.subject}"),
                    words.number(a.n_tensors),
                    words.number(a.n_weights),
                    words.number(a.n_changed),
                    words.percent(a.relative_error),
                    words.duration(a.elapsed_s),
                )
                for a in members
            ),
            mark=Mark.MEASURED,
        ),
        curves=(),
        scenario=scenario,
    )


def _settings(scenario: Scenario, words: Words) -> tuple[Fact, ...]:
    stated: dict[str, str] = {}
    match scenario:
        case Quantize():
            group = str(scenario.group_size) if scenario.group_size else ""
            stated = {
                "kind": words("operation.quantize_kind"),
                "bits": str(scenario.bits),
                "group": group or words("operation.per_channel"),
            }
        case Prune():
            stated = {
                "kind": words("operation.prune_kind"),
                "method": scenario.method.value,
                "sparsity": words.percent(scenario.sparsity),
            }
            if scenario.method is PruneMethod.WANDA:
                stated["calibration"] = words.number(scenario.n_calibration)
        case Merge():
            stated = {
                "kind": words("operation.merge_kind"),
                "method": scenario.method.value,
                "weight": f"{scenario.weight:g}",
            }
            if scenario.method is MergeMethod.TIES:
                stated["density"] = f"{scenario.density:g}"
        case Noise():
            stated = {
                "kind": words("operation.noise_kind"),
                "scale": f"{scenario.scale:g}",
                "seed": str(scenario.seed),
            }
    return tuple(Fact(words(f"operation.{key}"), v, Mark.STATED) for key, v in stated.items())


def _rate(rate: float) -> str:
    return f"{rate:.0e}".replace("e-0", "e-") if rate < 0.001 else f"{rate:g}"
