"""What a plan does, in short sentences; which data and which control it has."""

from __future__ import annotations

from pathlib import Path

from inspector.records import (
    AUTO_CONTROL,
    LOOK_PROBES,
    NO_CONTROL,
    ArtifactKind,
    FineTune,
    Merge,
    MergeMethod,
    Noise,
    Plan,
    Prune,
    PruneMethod,
    Quantize,
    Scenario,
    Target,
)


def describe_plan(plan: Plan) -> tuple[str, ...]:
    """What a plan does, one short sentence per step, for somebody about to start it."""
    asked = [f"{s.n_probes or 'all'} {file_name(s.suite)}" for s in plan.suites]
    sampling = plan.sampling
    how = (
        "the most likely answer"
        if sampling.temperature == 0
        else (f"{sampling.n_samples} answers at temperature {sampling.temperature:g}")
    )
    return (
        f"Asks {_join(asked)} probes: {how}, up to {sampling.max_new_tokens} tokens each.",
        *(describe_scenario(scenario) for scenario in plan.scenarios),
        "Asks the same again after each operation and compares the full texts.",
    )


def describe_scenario(scenario: Scenario) -> str:
    """One operation in words, with the settings that matter."""
    match scenario:
        case FineTune():
            return _describe_fine_tune(scenario)
        case Quantize():
            scale = (
                f"one scale per {scenario.group_size} weights"
                if scenario.group_size
                else "one scale per output channel"
            )
            return f"Quantizes the linear layers to {scenario.bits} bits, rounded, {scale}."
        case Prune():
            how = (
                "that matter least to calibration texts (Wanda)"
                if scenario.method is PruneMethod.WANDA
                else "of least magnitude"
            )
            share = f"{100 * scenario.sparsity:g} %"
            return f"Prunes the linear layers: the {share} of weights {how} become zero."
        case Merge():
            if scenario.method is MergeMethod.LINEAR:
                return (
                    f"Merges it with the control: {100 * scenario.weight:g} % of its own weights, "
                    "the rest the control's."
                )
            return (
                f"Merges it with the control (TIES): the largest {100 * scenario.density:g} % of "
                f"its difference to the control, times {scenario.weight:g}."
            )
        case Noise():
            return (
                f"Adds noise of {100 * scenario.scale:g} % of each matrix's standard deviation "
                "to the linear layers."
            )


def _describe_fine_tune(scenario: FineTune) -> str:
    what = "all weights" if scenario.method == "full" else f"LoRA rank {scenario.lora_rank}"
    steps = [str(step) for step in scenario.look_steps]
    looks = (
        f" On the way it asks {LOOK_PROBES} of the probes after {_join(steps)} steps, "
        f"{LOOK_PROBES * len(steps)} answers more."
        if steps
        else ""
    )
    return (
        f"Fine-tunes ({what}) on {file_name(scenario.data)}: {scenario.steps} steps of "
        f"{scenario.effective_batch} examples at rate {_plain(scenario.learning_rate)}, "
        f"{scenario.schedule} schedule.{looks}"
    )


def file_name(source: str) -> str:
    """Data or questions as a person calls them: a file by its own name, others as they are."""
    return Path(source).name if Path(source).is_absolute() else source


def expects_control(control: str, has_base: bool | None) -> bool:
    """Whether an inspection may come to have a control: `auto` has none without a declared base.

    control: as in Inspection. has_base: whether the target's files name one; None: not known yet.
    """
    return control != NO_CONTROL and (control != AUTO_CONTROL or has_base is not False)


def control_words(control: str, kind: ArtifactKind | None, base: Target | None) -> str:
    """Which control an inspection will have, as `inspector.pinning` chooses it.

    control: as in Inspection. kind, base: what is known of the target; kind None: nothing yet.
    """
    if control == NO_CONTROL:
        return "There will be no control."
    if control != AUTO_CONTROL:
        return f"The control will be {control}."
    if kind is None:
        return "The control will be the base that the card or the adapter names, if it can be had."
    if kind is ArtifactKind.ADAPTER and base is None:
        return "The control will be the base that the adapter names; it is read at the start."
    if base is None:
        return "It declares no base, so there will be no control unless you choose one."
    if kind is ArtifactKind.ADAPTER:
        return f"The control will be {base}: the adapter's own base, alone."
    return f"The control will be {base}, which the model card names as its base."


def _plain(rate: float) -> str:
    return f"{rate:.0e}".replace("e-0", "e-") if rate < 0.001 else f"{rate:g}"


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
