"""A study of federated rounds, from its inputs to what it came to.

Comes in: a run folder with its `round.json`. Goes out: the same folder with every stage's results.

    RUN/
      round.json                        the study: RoundScreening, Simulation or Repair
      events.jsonl, log.txt, machine.json
      fetch/base.json                   Artifact: the model that the study begins with
      fetch/adapter.json                Artifact: what is repaired (repair)
      participants/participants.json    Participant records (screening)
      ask/MODEL/responses.parquet       Response rows; MODEL: base, aggregate, without-NAME, NAME
      loss/MODEL/loss.json              AnswerLoss
      tune/.../training.json            Training (simulation, repair)
      rounds/NUMBER/step.json           RoundStep (simulation)
      adapter/                          the aggregate, the global or the repaired adapter
      judge/verdict.json                RoundVerdict (screening)
      judge/result.json                 SimulationResult or RepairResult

Stages that cost are skipped by the digest of their inputs; a resumed study goes on where it was.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

from inspector.errors import BadInput
from inspector.federate.repair import repair
from inspector.federate.screen import screen_round
from inspector.federate.simulate import simulate
from inspector.federated import INPUTS, read_study
from inspector.records.rounds import (
    Repair,
    RepairResult,
    RoundScreening,
    RoundVerdict,
    Simulation,
    SimulationResult,
    Study,
)
from inspector.run import Run, write_record
from inspector.settings import Settings

ENTRY = "inspector.federate.path:federate"  # for LocalRunner


def start(study: Study, settings: Settings, folder: Path | None = None) -> Run:
    """A new run folder that holds the inputs; nothing is run yet.

    folder: where, by default a new one under `settings.rounds`. Raises BadInput when the folder
    already holds a study, or the settings' folder another run of this name.
    """
    if folder is None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        label = re.sub(r"[^a-z0-9]+", "-", _label(study).lower()).strip("-")[-40:]
        folder = settings.rounds / f"{stamp}-{label}-{secrets.token_hex(2)}"
    run = Run(folder.resolve())
    if (run.folder / INPUTS).exists():
        raise BadInput(
            f"The folder {folder} already holds a federated study; add --resume to continue it, or "
            "give another folder."
        )
    link = settings.rounds.resolve() / run.run_id
    if link.exists() and link.resolve() != run.folder:
        raise BadInput(
            f"There is a study called {run.run_id} already, in {link.resolve()}; give the new "
            "folder another name."
        )
    write_record(run.folder / INPUTS, study)
    if link != run.folder and not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(run.folder)
    return run


def federate(run: Run, settings: Settings) -> RoundVerdict | SimulationResult | RepairResult:
    """Carry out what the run folder asks for, from where it was left."""
    match read_study(run):
        case RoundScreening() as study:
            return screen_round(run, settings, study)
        case Simulation() as study:
            return simulate(run, settings, study)
        case Repair() as study:
            return repair(run, settings, study)


def _label(study: Study) -> str:
    match study:
        case RoundScreening():
            return f"screen-{Path(study.participants).name}"
        case Simulation():
            return f"simulate-{study.rule}-{study.base.title}"
        case Repair():
            return f"repair-{study.level}-{study.adapter.title}"
