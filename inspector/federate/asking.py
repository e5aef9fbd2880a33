"""What is asked and tuned in a federated study, from what a person chose.

Comes in: names, paths and numbers, from the command or the page. Goes out: the parts of a Study.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from inspector.errors import BadInput
from inspector.plans import load_plan, with_probes
from inspector.records import FineTune, Method, Plan, Schedule
from inspector.records.rounds import round_plan
from inspector.settings import Settings

BUILT_IN = ("knowledge", "support", "code", "arithmetic")


def participants_folder(participants: Path | None, settings: Settings) -> Path:
    """The participants' folder; a zip of it is taken in first."""
    # Reads zips and weights: not for `--help`.
    from inspector.federate.participants import receive_round

    if participants is None:
        raise BadInput("No participants were given; give a folder with one adapter folder each.")
    if participants.is_file() and participants.suffix.lower() == ".zip":
        with participants.open("rb") as file:
            return receive_round([(participants.name, file)], settings)
    return participants.resolve()


def questions_of(plan: str | None, probes: Sequence[str] | None) -> Plan:
    """What is asked. Of a plan file the probes, the sampling and the precision count."""
    chosen = round_plan() if plan is None else load_plan(plan)
    asked = replace(chosen, scenarios=(), judges=(), positions=False, early_stop=False, amplify=())
    return with_probes(asked, existing(probes))


def existing(files: Sequence[str] | None) -> list[str]:
    """Absolute paths of the user's files; built-in names as they are."""
    paths = []
    for file in files or []:
        if file in BUILT_IN:
            paths.append(file)
        elif Path(file).is_file():
            paths.append(str(Path(file).resolve()))
        else:
            raise BadInput(
                f"The file {file} does not exist; check the path (built-in sets are "
                f"{', '.join(BUILT_IN)})."
            )
    return paths


def tuning_of(
    name: str,
    steps: int,
    rate: float,
    rank: int,
    batch: int,
    targets: Sequence[str] | None,
    max_length: int,
) -> FineTune:
    """Tuning of a LoRA adapter, whose alpha is twice its rank. rate: of learning."""
    return FineTune(
        name=name,
        method=Method.LORA,
        data="own",
        steps=steps,
        learning_rate=rate,
        effective_batch=batch,
        micro_batch=min(batch, 8),
        schedule=Schedule.CONSTANT,
        max_length=max_length,
        lora_rank=rank,
        lora_alpha=2 * rank,
        lora_targets=tuple(targets or ()),
    )
