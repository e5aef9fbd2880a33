"""What the first page shows beside the index's rows: jobs at work, and alarms of the watch list.

Comes in: live jobs, the lines of the watch list and the index's looks at their targets, rows of
targets. Goes out: records to draw as they are. Costs what is at work, whatever the number of runs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from inspector.errors import BadInput, InspectorError
from inspector.harden import progress as hardening
from inspector.history.target_rows import Look, TargetRow
from inspector.jobs import Job
from inspector.labels import DECISIONS, LEVELS, STANDINGS, TRENDS, Label
from inspector.naming import run_title
from inspector.progress import Follower, Progress
from inspector.recheck.watching import WatchList
from inspector.records import Decision, Plan
from inspector.records.recheck import Watched
from inspector.records.standing import Trend, trend_of
from inspector.run import Run
from inspector.study_progress import StudyFollower, StudyProgress

COMMIT_CHARS = 7


@dataclass(frozen=True)
class AtWork:
    """One live job. progress: None where its run folder cannot be read."""

    job: Job
    title: str
    progress: Progress | StudyProgress | None


class Followers:
    """Reads the events of live runs, each from where the last look ended."""

    def __init__(self) -> None:
        self._known: dict[str, Follower | StudyFollower] = {}

    def look(self, live: Sequence[Job]) -> tuple[AtWork, ...]:
        """live: as `LocalRunner.live` gives them; those that run come before those that wait."""
        ids = {job.job_id for job in live}
        self._known = {k: follower for k, follower in self._known.items() if k in ids}
        ordered = sorted(live, key=lambda job: (job.position or 0, job.job_id))
        return tuple(AtWork(job, run_title(job.folder), self._progress(job)) for job in ordered)

    def _progress(self, job: Job) -> Progress | StudyProgress | None:
        try:
            if job.job_id not in self._known:
                self._known[job.job_id] = _follower(Run(job.folder))
            return self._known[job.job_id].read()
        except (OSError, InspectorError):
            return None


def _follower(run: Run) -> Follower | StudyFollower:
    """By the file that holds its inputs. Two of them bring scipy along: not for every start."""
    if (run.folder / "hardening.json").exists():
        return hardening.follower(run)
    if (run.folder / "screening.json").exists():
        from inspector.screen import progress as screening

        return screening.follower(run)
    if (run.folder / "round.json").exists():
        from inspector.federate import progress as federated

        return federated.follower(run)
    return Follower(run)


class AlarmKind(StrEnum):
    """What is the matter with a watched target."""

    MORE = "more"  # its revision moved, and more was found than before
    UNDECIDED = "undecided"  # its revision moved, and the approval was for the one before
    NO_VERDICT = "no-verdict"
    UNREADABLE = "unreadable"  # the watch list itself


ALARMS: dict[AlarmKind, Label] = {
    AlarmKind.MORE: Label(
        "Watched: more found",
        "The watched revision moved, and its verdict is worse than before.",
        ":material/notification_important:",
        "red",
    ),
    AlarmKind.UNDECIDED: Label(
        "Watched: moved",
        "The watched revision moved after it had been approved; nobody decided on the new one.",
        ":material/move_up:",
        "orange",
    ),
    AlarmKind.NO_VERDICT: Label(
        "Watched: no verdict",
        "The newest inspection of this watched target came to no verdict.",
        ":material/hourglass_disabled:",
        "orange",
    ),
    AlarmKind.UNREADABLE: Label(
        "Watch list unreadable", "The file cannot be read.", ":material/error:", "red"
    ),
}


@dataclass(frozen=True)
class Alarm:
    """One sentence about a watched target. run_id: where to look, "" for none."""

    kind: AlarmKind
    target: str
    said: str
    run_id: str = ""


def read_watched(watched: WatchList) -> tuple[tuple[Watched, ...], tuple[Alarm, ...]]:
    """The lines of the watch list; a list that cannot be read is an alarm, not an error."""
    try:
        return watched.entries(), ()
    except BadInput as error:
        return (), (Alarm(AlarmKind.UNREADABLE, str(watched.path), str(error)),)


def alarms(
    entries: Sequence[Watched], looks: Mapping[str, Sequence[Look]], live: Collection[str]
) -> list[Alarm]:
    """What the newest looks at watched targets call for. looks: newest first, by target.

    No alarm where a person has decided on the revision that stands now, while an inspection is at
    work, or before the first one: `watch check` makes it.
    """
    found = []
    for entry in entries:
        seen = looks.get(entry.target, ())
        if seen and seen[0].run_id not in live and (alarm := _alarm(entry.target, seen)):
            found.append(alarm)
    return found


def _alarm(target: str, seen: Sequence[Look]) -> Alarm | None:
    now = seen[0]
    if now.level is None:
        said = f"The newest inspection is {now.state}: what stands there now was not looked at."
        return Alarm(AlarmKind.NO_VERDICT, target, said, now.run_id)
    before = next((k for k in seen if k.level and k.commit != now.commit), None)
    if before is None or before.level is None or now.decision is not None:
        return None
    moved = f"moved from {_short(before.commit)} to {_short(now.commit)}"
    if trend_of((before.level, now.level)) is Trend.MORE:
        said = f"It {moved}: {LEVELS[before.level].word}, now {LEVELS[now.level].word}."
        return Alarm(AlarmKind.MORE, target, said, now.run_id)
    if before.decision in (Decision.APPROVE, Decision.APPROVE_WITH_CONDITIONS):
        said = f"It {moved} after the approval; nobody has decided on what stands there now."
        return Alarm(AlarmKind.UNDECIDED, target, said, now.run_id)
    return None


def _short(commit: str | None) -> str:
    return commit[:COMMIT_CHARS] if commit else "no commit"


def target_record(row: TargetRow) -> dict[str, Any]:
    """A target as a line of a file."""
    return {
        "target": row.name,
        "kind": row.kind.value if row.kind else "",
        "verdict": LEVELS[row.level].word if row.level else "",
        "trend": TRENDS[row.trend].word if row.trend else "",
        "standing": STANDINGS[row.standing].word,
        "decision": DECISIONS[row.decision].word if row.decision else "",
        "owner": row.owner or "",
        "expires": row.expires.isoformat() if row.expires else "",
        "inspections": row.n_inspections,
        "revisions": row.n_revisions,
        "run": row.run_id,
        "newest_run": row.newest_run_id,
        "newest_state": row.newest_state,
        "newest_at": row.newest_at.isoformat() if row.newest_at else "",
    }


def demo_in_words(plan: Plan) -> str:
    """What a press on the demo's button starts, in one sentence."""
    n_probes = sum(suite.n_probes or 0 for suite in plan.suites)
    return (
        f"The {plan.name} plan asks the small demo model that came with the installation "
        f"{n_probes} questions, does {len(plan.scenarios)} things to it that people do to models "
        "they build on, and asks again after each: about 10 minutes on two processor cores, and "
        "nothing leaves this machine."
    )
