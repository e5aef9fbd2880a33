"""Two inspections of one Target: what is another in the later one.

Comes in: the runs, the earlier one None at first. Goes out: a Change: the commit, files by digest,
findings that are new or gone, the verdict's level before and after.
"""

from __future__ import annotations

from inspector.recheck.deployed import compare_files, inspected, level_of
from inspector.records import Artifact, Finding
from inspector.records.recheck import Change
from inspector.run import Run, read_record


def what_changed(before: Run | None, after: Run) -> Change:
    """Compare the runs' targets. Raises BadInput where the later one never pinned its target."""
    now = inspected(after)
    was: Artifact | None = None
    findings_before: tuple[Finding, ...] = ()
    if before is not None:
        was, findings_before = inspected(before), _findings(before)
    old, new = _told(findings_before), _told(_findings(after))
    return Change(
        target=str(now.target),
        commit_before=was.commit if was is not None else None,
        commit_after=now.commit,
        level_before=level_of(before) if before is not None else None,
        level_after=level_of(after),
        files=compare_files(was.files, now.files) if was is not None else (),
        findings_new=tuple(f for key, f in new.items() if key not in old),
        findings_gone=tuple(f for key, f in old.items() if key not in new),
    )


def _findings(run: Run) -> tuple[Finding, ...]:
    path = run.folder / "scan" / "findings.json"
    return read_record(path, tuple[Finding, ...]) if path.exists() else ()


def _told(findings: tuple[Finding, ...]) -> dict[tuple[str, str], Finding]:
    """By rule and place: evidence holds numbers and commits, which are never twice the same."""
    return {(f.rule_id, f.location): f for f in findings}
