"""A screening's run folder as history and report tell of it.

Comes in: run folders of screenings, finished or not. Goes out: Screened records; what a stage has
not written yet is None or empty. Screenings of an inspection are those whose inputs name its
folder, among the screenings of the same home.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from inspector.errors import InspectorError
from inspector.records import (
    Event,
    EventKind,
    ExampleReview,
    ExampleVerdict,
    Isolated,
    Ranking,
    Removal,
    ScreenedData,
    Screening,
)
from inspector.run import Run, from_json, read_record
from inspector.settings import Settings

T = TypeVar("T")

_ENDS = (EventKind.FINISHED, EventKind.FAILED, EventKind.CANCELLED)


@dataclass(frozen=True)
class Screened:
    """One screening. last: the last word of its events. reviews: in their order, notes too."""

    run: Run
    screening: Screening
    last: Event | None
    data: ScreenedData | None
    ranking: Ranking | None
    isolated: Isolated | None
    reviews: tuple[ExampleReview, ...]
    removals: tuple[Removal, ...]

    def n_standing(self, verdict: ExampleVerdict) -> int:
        """Examples whose last accept or reject is this one."""
        said = {r.example: r.verdict for r in self.reviews if r.verdict is not ExampleVerdict.NOTE}
        return sum(v is verdict for v in said.values())

    @property
    def sentence(self) -> str:
        """What came of it: the newest removal's sentence, else the ranking's, else why none."""
        if self.removals:
            return self.removals[-1].sentence
        if self.ranking is not None:
            return self.ranking.sentence
        return self.last.message if self.last and self.last.kind is EventKind.FAILED else ""


def read_screened(run: Run) -> Screened:
    """Raises InspectorError or OSError where a file is not what a stage writes."""
    folder = run.folder
    ranked = (folder / "rank" / "done.json").exists()
    removals = sorted(
        folder.glob("removal/*/removal.json"), key=lambda path: path.stat().st_mtime_ns
    )
    return Screened(
        run=run,
        screening=read_record(folder / "screening.json", Screening),
        last=run.last_event(_ENDS),
        data=_record(folder / "data" / "data.json", ScreenedData),
        ranking=_record(folder / "rank" / "ranking.json", Ranking) if ranked else None,
        isolated=_record(folder / "isolate" / "isolated.json", Isolated),
        reviews=_reviews(folder / "reviews.jsonl"),
        removals=tuple(read_record(path, Removal) for path in removals),
    )


def screened_of(inspection: Path) -> tuple[Screened, ...]:
    """The readable screenings that were begun from this inspection, oldest first.

    inspection: its run folder, `HOME/runs/ID`.
    """
    home = Settings(home=inspection.resolve().parent.parent)
    found = []
    for path in sorted(home.screenings.glob("*/screening.json")):
        if inspection.name.encode() not in path.read_bytes():  # most name none: not parsed
            continue
        try:
            screened = read_screened(Run(path.parent))
        except InspectorError:
            continue  # damaged: its own page says how
        if _is_of(screened.screening.sought.inspection, inspection):
            found.append(screened)
    return tuple(found)


def _is_of(named: str, inspection: Path) -> bool:
    """By its folder; by its id alone where the home was moved since."""
    path = Path(named)
    if not named or path.name != inspection.name:
        return False
    return not path.exists() or path.resolve() == inspection.resolve()


def _record(path: Path, kind: type[T]) -> T | None:
    return read_record(path, kind) if path.exists() else None


def _reviews(path: Path) -> tuple[ExampleReview, ...]:
    lines = path.read_bytes().splitlines() if path.exists() else []
    return tuple(from_json(ExampleReview, line) for line in lines)
