"""The stages of a hardening as people meet them, for `inspector/study_progress.py`."""

from __future__ import annotations

from inspector.records import Arm
from inspector.run import Run
from inspector.study_progress import Stage, StudyFollower

STAGE_WORDS = {
    "fetch": "Fetch and pin the model and the data",
    "scan": "Scan the files without running them",
    "align": "Align",
    "aligned": "Ask the aligned model",
    "tune": "Tune as a later user does, and measure drift",
    "tuned": "Ask the tuned model",
    "measure": "Score the answers, weigh both scores",
    "adapter": "Write the adapters",
}
ARM_WORDS = {Arm.PLAIN: "plain", Arm.HARDENED: "hardened"}
TRAINING_WORDS = {"align": "alignment", "tune": "later tuning"}


def follower(run: Run) -> StudyFollower:
    return StudyFollower(run, _Hardening())


def stage_names() -> list[str]:
    """Every stage in the order of the path."""
    middle = [f"{part}/{arm}" for arm in Arm for part in ("align", "aligned", "tune", "tuned")]
    return ["fetch", "scan", *middle, "measure", "adapter"]


class _Hardening:
    def stages(self) -> list[Stage]:
        return [Stage(name, _words(name, STAGE_WORDS)) for name in stage_names()]

    def stage_of(self, folder: str) -> str:
        return folder

    def place(self, folder: str) -> str:
        return folder.partition("/")[2]

    def curve(self, folder: str) -> str:
        return _words(folder, TRAINING_WORDS)


def _words(name: str, words: dict[str, str]) -> str:
    group, _, arm = name.partition("/")
    return words[group] + (f" ({ARM_WORDS[Arm(arm)]})" if arm else "")
