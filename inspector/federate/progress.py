"""The stages of a federated study as people meet them, for `inspector/study_progress.py`.

They are the folders of path.py, gathered into what people tell apart.
"""

from __future__ import annotations

from inspector.federated import read_study
from inspector.records.rounds import Repair, RoundScreening, RoundStep, Simulation, Study
from inspector.run import Run, read_record
from inspector.study_progress import Stage, StudyFollower

_STAGES: dict[type, dict[str, str]] = {
    RoundScreening: {
        "participants": "Read and scan the participants' adapters",
        "aggregate": "Make the aggregate",
        "ask": "Ask every model the same questions",
        "judge": "Hold each participant against its peers",
    },
    Simulation: {
        "fetch": "Fetch and pin the base",
        "rounds": "Tune the participants, round by round",
        "ask": "Ask the model before and after",
        "loss": "Measure the loss on held-out answers",
        "judge": "Weigh what changed",
    },
    Repair: {
        "fetch": "Read and scan the adapter and its base",
        "gather": "Gather refusals",
        "tune": "Tune the aggregate on them",
        "ask": "Ask the base, the aggregate and the repaired model",
        "loss": "Measure the loss on held-out answers",
        "judge": "Weigh what changed",
    },
}


def follower(run: Run) -> StudyFollower:
    """Raises OSError or InspectorError where its inputs cannot be read."""
    return StudyFollower(run, _Federated(run))


class _Federated:
    def __init__(self, run: Run) -> None:
        self._run = run
        self._study = read_study(run)

    def stages(self) -> list[Stage]:
        return [
            Stage(name, word, _n_parts(name, self._study, self._run), counted=name == "rounds")
            for name, word in _STAGES[type(self._study)].items()
        ]

    def stage_of(self, folder: str) -> str:
        """`tune/2/acme` and `ask/round-2-acme` of a simulation belong to its rounds."""
        name, _, place = folder.partition("/")
        is_round = name == "tune" or place.startswith("round-")
        return "rounds" if isinstance(self._study, Simulation) and is_round else name

    def place(self, folder: str) -> str:
        """`acme`, or `round 2, acme` of a simulation."""
        name, _, place = folder.partition("/")
        if self.stage_of(folder) != "rounds":
            return place or name
        number, _, who = place.removeprefix("round-").partition("/" if name == "tune" else "-")
        return f"round {number}, {who}" if who else f"round {number}"

    def curve(self, folder: str) -> str:
        return folder.partition("/")[2] or folder


def _n_parts(name: str, study: Study, run: Run) -> int:
    """How many models a stage asks, or rounds it has; 1 until that is known."""
    match study, name:
        case Simulation(), "rounds":
            return study.n_rounds
        case RoundScreening(), "ask":
            n = read_n_accepted(run)
            return 1 if n == 0 else 2 + n * (2 if study.leave_one_out and n > 1 else 1)
        case Repair(), "ask":
            return 3
        case ((Simulation() | Repair()), ("ask" | "loss")):
            return 2
    return 1


def read_n_accepted(run: Run) -> int:
    """How many participants a screening asks; 0 until they were read."""
    from inspector.records.rounds import Participant, Standing

    path = run.folder / "participants" / "participants.json"
    if not path.exists():
        return 0
    told: tuple[Participant, ...] = read_record(path, tuple[Participant, ...])
    return sum(p.standing is Standing.ACCEPTED for p in told)


def read_steps(run: Run) -> tuple[RoundStep, ...]:
    """The rounds of a simulation that have ended, in their order."""
    paths = (run.folder / "rounds").glob("*/step.json")
    return tuple(sorted((read_record(p, RoundStep) for p in paths), key=lambda s: s.number))
