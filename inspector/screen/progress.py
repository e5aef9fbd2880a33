"""The stages of a screening as people meet them, for `inspector/study_progress.py`.

They are those of path.py; what a removal trains again is one of them.
"""

from __future__ import annotations

from inspector.run import Run
from inspector.screen.results import read_inputs, read_plan
from inspector.study_progress import Stage, StudyFollower

STAGE_WORDS = {
    "fetch": "Fetch and pin the model and the data",
    "data": "Read the set, row by row",
    "ask-before": "Ask the untouched model",
    "tokens": "Turn the examples into tokens",
    "tune": "Tune on the whole set",
    "ask-after": "Ask the tuned model",
    "queries": "Choose the answers to explain",
    "rank": "Rank the examples",
    "isolate": "Set the suspects apart",
    "removal": "Train again without, and at random",
}
_ASKED = ("ask-before", "ask-after")


def follower(run: Run) -> StudyFollower:
    """Raises OSError or InspectorError where its inputs cannot be read."""
    return StudyFollower(run, _Screening(run))


class _Screening:
    def __init__(self, run: Run) -> None:
        self._run = run
        self._of_inspection = bool(read_inputs(run).sought.inspection)

    def stages(self) -> list[Stage]:
        plan = read_plan(self._run)
        stored = "as the inspection stored them" if self._of_inspection else ""
        found = [
            Stage(name, word, not_run=stored if name in _ASKED else "")
            for name, word in STAGE_WORDS.items()
            if name != "removal"
        ]
        if plan is not None:
            found.append(Stage("removal", STAGE_WORDS["removal"], 1 + plan.n_draws))
        return found

    def stage_of(self, folder: str) -> str:
        return folder.partition("/")[0]

    def place(self, folder: str) -> str:
        return self.curve(folder)

    def curve(self, folder: str) -> str:
        """Of which training a curve is: the folder's own words."""
        place = folder.rpartition("/")[2]
        if place == "tune":
            return "whole set"
        return "without the chosen" if place == "without" else f"random {place.replace('-', ' ')}"
