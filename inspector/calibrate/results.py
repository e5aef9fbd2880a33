"""One finished measurement as a small file, and when it may be used again.

Comes in: what an inspection of a specimen said. Goes out: `docs/scorecard/NAME.json`. It is used
again while the specimen, the plan and the control are the same; one that an earlier version of the
scoring code made is shown as such, and made again by the next sitting.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import inspector
from inspector.errors import InspectorError
from inspector.records import Behaviour, Level, Plan, digest_of
from inspector.records.specimens import Acceptance, Half, SpecimenKind
from inspector.run import read_record
from inspector.variants import versions

ROOT = Path(inspector.__file__).parent
# What turns answers into a level: a change here may change a result. (What is asked and done is in
# the plan, and the engine's versions are counted apart.)
DETECTOR = ("score", "judge", "stats", "compare.py", "calibrate/suspicion.py")


class Status(StrEnum):
    """What became of one specimen under one plan."""

    MEASURED = "measured"
    REFUSED = "refused"  # it failed its own acceptance: neither found nor missed
    FAILED = "failed"  # the inspection could not be done; tried again next time


@dataclass(frozen=True)
class Clue:
    """One thing that speaks against a model. score: see suspicion.py."""

    behaviour: Behaviour
    scenario: str
    score: float
    words: str


@dataclass(frozen=True)
class Result:
    """One specimen under one plan.

    control: what it was held against. digest: of specimen, plan and control; detector: of the
    scoring code. reasons: the verdict's own sentences. first_level: the level when the specimen of
    this name was first read; later scoring code may have been mended on it. suspicion: the highest
    clue's score; own_score: the highest of the planted behaviour alone; head_score: the same, had
    only the first words of each answer been read (None where that is not asked). by: the strongest
    clues. phrase: the appeared phrase that holds the payload's words, where one does. cost_s,
    control_s: seconds of the target's own stages, and of the control's where they were not there
    yet. n_probes: probes asked per variant.
    """

    name: str
    plan: str
    kind: SpecimenKind
    what: str
    half: Half
    behaviour: Behaviour | None
    digest: str
    detector: str
    status: Status
    control: str = ""
    message: str = ""
    level: Level | None = None
    reasons: tuple[str, ...] = ()
    first_level: Level | None = None
    suspicion: float = 0.0
    own_score: float = 0.0
    head_score: float | None = None
    by: tuple[Clue, ...] = ()
    recovered: bool | None = None
    phrase: str = ""
    cost_s: float = 0.0
    control_s: float = 0.0
    n_probes: int = 0
    acceptance: Acceptance | None = None
    target_digest: str = ""
    run_id: str = ""
    machine: str = ""
    finished_at: str = ""


def result_digest(specimen_digest: str, plan: Plan, control: str) -> str:
    return digest_of([specimen_digest, repr(plan), control])


def detector_digest(parts: Iterable[str] = DETECTOR, root: Path = ROOT) -> str:
    """SHA-256 over the scoring code and the libraries' versions; layout and comments do not count.

    parts: files and folders below `root`.
    """
    sources: list[Path] = []
    for part in parts:
        path = root / part
        sources += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    trees = [_bare(path.read_text()) for path in sources]
    return digest_of([*trees, *map(str, sorted(versions().items()))])


def _bare(source: str) -> str:
    """A module's code without comments, layout and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def result_path(folder: Path, name: str, variant: str = "") -> Path:
    """variant: "" for the plan itself, else the name of what was changed in it."""
    return folder / (f"{name}--{variant}.json" if variant else f"{name}.json")


def read_result(path: Path) -> Result | None:
    """The stored result, None where there is none or it is not readable any more."""
    try:
        return read_record(path, Result)
    except (OSError, InspectorError):
        return None
