"""What two published scanners say about a pickle, in the inspector's words.

Comes in: the bytes of one pickle (or several, one after the other). Goes out: an Opinion each. Both
are asked as libraries on bytes in memory: neither reads the network, another file or the pickle's
own imports; modelaudit's walk through the source of installed packages is off, because it would
make the result depend on the machine.

Sources: modelaudit-picklescan 0.1.12 (`scan_bytes`), picklescan 1.0.5 (`scan_pickle_bytes`).
Pitfalls (docs/scanners.md): picklescan counts an unknown module as no issue.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Collection
from dataclasses import dataclass

from inspector.scan.opcodes import Import

TIMEOUT_S = 30.0
# modelaudit's rules about what strings and bytes look like, and about torch's tensor references.
# Only an import could act on those, and imports are judged one by one; texts about code and random
# bytes would be accused. A call found inside such bytes has another code, and counts.
ABOUT_DATA = {"PERSISTENT_ID", "SUSPICIOUS_STRING", "S213", "S601", "S602"}
UNFINISHED_DATA = {"nested_pickle_incomplete"}


@dataclass(frozen=True)
class Opinion:
    """dangerous: calls it knows to run code. doubts: what it would not vouch for. problem: why it
    could not read everything, None if it did."""

    scanner: str
    dangerous: tuple[str, ...]
    doubts: tuple[str, ...]
    problem: str | None


def ask(data: bytes, plain: Collection[Import]) -> tuple[Opinion, ...]:
    """Both opinions; doubts about imports in `plain` are left out."""
    return _ask_modelaudit(data, plain), _ask_picklescan(data, plain)


def _ask_modelaudit(data: bytes, plain: Collection[Import]) -> Opinion:
    # Imported where it is needed: it takes most of a second, and few artifacts hold a pickle.
    from modelaudit_picklescan import ScanOptions, ScanStatus, Severity, scan_bytes

    options = ScanOptions(timeout_s=TIMEOUT_S, max_known_stream_read_bytes=len(data) + 1)
    report = scan_bytes(data, source="pickle", options=options, enrich_call_graph=False)
    dangerous, doubts = [], []
    for finding in report.findings:
        about = Import(str(finding.details.get("module")), str(finding.details.get("name")))
        if finding.rule_code in ABOUT_DATA:
            continue
        if finding.severity is Severity.CRITICAL:
            dangerous.append(finding.message)
        elif about not in plain:
            doubts.append(finding.message)
    problem = None
    if report.status is not ScanStatus.COMPLETE:
        codes = {str(n.code) for n in report.notices} | {e.category for e in report.errors}
        if not codes or codes - UNFINISHED_DATA:
            problem = f"{report.status.value}: {', '.join(sorted(codes))}"
    return Opinion("modelaudit-picklescan", tuple(dangerous), tuple(doubts), problem)


def _ask_picklescan(data: bytes, plain: Collection[Import]) -> Opinion:
    from picklescan.scanner import SafetyLevel, scan_pickle_bytes

    # It writes each finding to standard error, where a run's own messages are.
    logging.getLogger("picklescan").setLevel(logging.CRITICAL + 1)
    try:
        result = scan_pickle_bytes(io.BytesIO(data), "pickle")
    except Exception as error:  # it lets parser errors of many kinds through
        return Opinion("picklescan", (), (), f"{type(error).__name__}: {error}")
    dangerous, doubts = [], []
    for one in result.globals:
        if one.safety is SafetyLevel.Dangerous:
            dangerous.append(f"imports {one.module}.{one.name}")
        elif one.safety is SafetyLevel.Suspicious and Import(one.module, one.name) not in plain:
            doubts.append(f"imports {one.module}.{one.name}, which it does not know")
    problem = "its parser stopped with an error" if result.scan_err else None
    return Opinion("picklescan", tuple(dangerous), tuple(doubts), problem)
