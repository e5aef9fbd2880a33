"""The corpus: every hostile case found by the rule that names it, no benign one above `info`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspector.errors import TargetError
from inspector.fetch.local import fetch_local
from inspector.records import Artifact, Finding, Severity, Target, TargetKind
from inspector.scan import scan
from tests.fetch.tiny_files import ignore_progress
from tests.scan.corpus import REFUSED, Case, gather

CASES = gather()
HOSTILE = [name for name, case in CASES.items() if case.is_hostile]
BENIGN = [name for name, case in CASES.items() if not case.is_hostile]


def fetched(folder: Path) -> Artifact:
    return fetch_local(Target(TargetKind.LOCAL, str(folder.resolve())), ignore_progress)


def scanned(case: Case, tmp_path: Path) -> tuple[Finding, ...]:
    """What `python -m inspector scan` finds in the case's folder; raises TargetError as it does."""
    folder = tmp_path / "artifact"
    folder.mkdir()
    case.build(folder)
    base = None
    if case.build_base is not None:
        (tmp_path / "base").mkdir()
        case.build_base(tmp_path / "base")
        base = fetched(tmp_path / "base")
    return scan(replace(fetched(folder), skipped=case.skipped), base)


@pytest.mark.parametrize("name", HOSTILE)
def test_every_hostile_case_is_found(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    if REFUSED in case.rule_ids:
        with pytest.raises(TargetError):
            scanned(case, tmp_path)
        return
    findings = scanned(case, tmp_path)
    found = {f.rule_id for f in findings if f.severity.rank >= case.severity.rank}
    assert set(case.rule_ids) <= found, findings


@pytest.mark.parametrize("name", BENIGN)
def test_no_benign_case_is_flagged(name: str, tmp_path: Path) -> None:
    findings = scanned(CASES[name], tmp_path)
    assert [f for f in findings if f.severity.rank > Severity.INFO.rank] == []
