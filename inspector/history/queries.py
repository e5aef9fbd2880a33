"""The questions the pages ask, each one SQL statement with parameters, paged by the database.

Comes in: a cursor and plain values. Goes out: frozen rows, or the inspector's own records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from duckdb import DuckDBPyConnection

from inspector.changes import Topic
from inspector.errors import BadInput
from inspector.history.records import (
    Filter,
    InspectionRow,
    KnownTarget,
    ResponseRow,
    ScoreMark,
    Sort,
    TrendPoint,
)
from inspector.records import (
    UNTOUCHED,
    Appearance,
    Behaviour,
    Coverage,
    CoverageStatus,
    Expectation,
    Finding,
    Level,
    Metric,
    Rate,
    Severity,
    StopReason,
    Subject,
)

WORST_FIRST = (Level.EVIDENCE, Level.REVIEW, Level.INCONCLUSIVE, Level.NO_EVIDENCE)
SEEN = 0.5  # a score from here on says that the behaviour was seen

_INSPECTION = """
    SELECT run_id, folder, target, target_kind, target_commit, target_digest, target_size_bytes,
           plan, control_asked, control, created_at, finished_at, state, message, level, reasons
    FROM inspections
"""
# What a target is called whatever its revision: `hf:org/name` of `hf:org/name@main`.
NAME = "if(starts_with(target, 'hf:'), split_part(target, '@', 1), target)"
_WANTED = f"""
    WHERE contains(
        lower(concat_ws(' ', run_id, target, target_commit, plan, control, state, level)),
        lower($search)
    )
        AND (len($levels::VARCHAR[]) = 0 OR list_contains($levels, level))
        AND (len($states::VARCHAR[]) = 0 OR list_contains($states, state))
        AND ($target IS NULL OR $target IN (target, {NAME}))
        AND ($plan IS NULL OR plan = $plan)
        AND ($since::TIMESTAMP IS NULL OR created_at >= $since)
"""
_NEWEST = "created_at DESC NULLS LAST, run_id DESC"
_ORDERS = {
    Sort.NEWEST: _NEWEST,
    Sort.OLDEST: "created_at ASC NULLS LAST, run_id ASC",
    Sort.VERDICT: f"list_position({[level.value for level in WORST_FIRST]}, level) NULLS LAST, "
    f"{_NEWEST}",
    Sort.TARGET: f"lower(target) NULLS LAST, {_NEWEST}",
    Sort.PLAN: f"lower(plan) NULLS LAST, {_NEWEST}",
}


def _named(cursor: DuckDBPyConnection) -> list[dict[str, Any]]:
    """The executed statement's rows, each by column name."""
    rows = cursor.fetchall()
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def count_inspections(cursor: DuckDBPyConnection, search: str, which: Filter) -> int:
    rows = cursor.execute(
        f"SELECT count(*) FROM inspections {_WANTED}", _parameters(search, which)
    ).fetchall()
    return int(rows[0][0])


def inspections(
    cursor: DuckDBPyConnection, search: str, which: Filter, sort: Sort, limit: int, offset: int
) -> list[InspectionRow]:
    cursor.execute(
        f"{_INSPECTION} {_WANTED} ORDER BY {_ORDERS[sort]} LIMIT $limit OFFSET $offset",
        _parameters(search, which) | {"limit": limit, "offset": offset},
    )
    return [_inspection(row) for row in _named(cursor)]


def _parameters(search: str, which: Filter) -> dict[str, Any]:
    return {
        "search": search,
        "levels": [level.value for level in which.levels],
        "states": list(which.states),
        "target": which.target,
        "plan": which.plan,
        "since": which.since,
    }


def inspection(cursor: DuckDBPyConnection, run_id: str) -> InspectionRow:
    cursor.execute(f"{_INSPECTION} WHERE run_id = ?", [run_id])
    rows = _named(cursor)
    if not rows:
        raise BadInput(
            f"The history holds no inspection {run_id!r}; `python -m inspector history list` shows "
            "those it holds."
        )
    return _inspection(rows[0])


def _inspection(row: dict[str, Any]) -> InspectionRow:
    level = Level(row["level"]) if row["level"] else None
    return InspectionRow(**row | {"level": level, "reasons": tuple(row["reasons"])})


def known_targets(cursor: DuckDBPyConnection, limit: int) -> list[KnownTarget]:
    rows = cursor.execute(
        f"SELECT {NAME} AS name, count(*), max(created_at) FROM inspections "
        "WHERE target IS NOT NULL GROUP BY name "
        "ORDER BY max(created_at) DESC NULLS LAST, name LIMIT ?",
        [limit],
    ).fetchall()
    return [KnownTarget(*row) for row in rows]


def plans(cursor: DuckDBPyConnection) -> list[str]:
    rows = cursor.execute(
        "SELECT DISTINCT plan FROM inspections WHERE plan IS NOT NULL ORDER BY lower(plan)"
    ).fetchall()
    return [row[0] for row in rows]


def trend(
    cursor: DuckDBPyConnection, target: str, behaviour: Behaviour, limit: int
) -> list[TrendPoint]:
    rows = inspections(cursor, "", Filter(target=target), Sort.NEWEST, limit, 0)
    found = cursor.execute(
        f"SELECT run_id, {_METRIC} FROM metrics WHERE run_id IN "
        "(SELECT unnest($run_ids::VARCHAR[])) AND behaviour = $behaviour "
        f"AND scenario <> '{UNTOUCHED}' "
        "QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY after_rate DESC, ordinal) = 1",
        {"run_ids": [row.run_id for row in rows], "behaviour": behaviour.value},
    ).fetchall()
    worst = {run_id: _metric(rest) for run_id, *rest in found}
    return [TrendPoint(row, worst.get(row.run_id)) for row in reversed(rows)]


_METRIC = "COLUMNS(* EXCLUDE (run_id, ordinal))"


def metrics(cursor: DuckDBPyConnection, run_id: str) -> list[Metric]:
    rows = cursor.execute(
        f"SELECT {_METRIC} FROM metrics WHERE run_id = ? ORDER BY ordinal", [run_id]
    ).fetchall()
    return [_metric(row) for row in rows]


def _metric(row: Sequence[Any]) -> Metric:
    """From the columns of `metrics` after run_id and ordinal."""
    return Metric(
        Behaviour(row[0]),
        row[1],
        tuple(row[2]),
        Rate(*row[3:8]),
        Rate(*row[8:13]),
        Rate(*row[13:18]) if row[13] is not None else None,
        Rate(*row[18:23]) if row[18] is not None else None,
        *row[23:],
    )


def coverage(cursor: DuckDBPyConnection, run_id: str) -> list[Coverage]:
    rows = cursor.execute(
        "SELECT what, status, detail FROM coverage WHERE run_id = ? ORDER BY ordinal", [run_id]
    ).fetchall()
    return [Coverage(what, CoverageStatus(status), detail) for what, status, detail in rows]


def findings(cursor: DuckDBPyConnection, run_id: str) -> list[Finding]:
    rows = cursor.execute(
        "SELECT rule_id, severity, title, location, evidence, advice FROM findings "
        "WHERE run_id = ? ORDER BY ordinal",
        [run_id],
    ).fetchall()
    return [Finding(rule_id, Severity(severity), *rest) for rule_id, severity, *rest in rows]


def appearances(cursor: DuckDBPyConnection, run_id: str) -> list[Appearance]:
    cursor.execute(
        "SELECT * EXCLUDE (run_id, ordinal) FROM appearances WHERE run_id = ? ORDER BY ordinal",
        [run_id],
    )
    return [
        Appearance(**r | {"subject": Subject(r["subject"]), "examples": tuple(r["examples"])})
        for r in _named(cursor)
    ]


def scenarios(cursor: DuckDBPyConnection, run_id: str) -> list[str]:
    rows = cursor.execute(
        "SELECT DISTINCT scenario FROM pairs WHERE run_id = ? ORDER BY scenario", [run_id]
    ).fetchall()
    return [row[0] for row in rows]


_TOPICS = f"""
    WITH seen AS (
        SELECT subject, variant, suite, probe_id, sample_index, max(value) >= {SEEN} AS hit
        FROM scores
        WHERE run_id = $run_id AND behaviour = $behaviour AND value IS NOT NULL
        GROUP BY ALL
    )
    SELECT q.suite, q.family, count(*) AS n, count_if(b.hit) AS n_before,
           count_if(a.hit) AS n_after, CASE WHEN count(c.hit) > 0 THEN count_if(c.hit) END
    FROM seen AS b
    INNER JOIN seen AS a USING (suite, probe_id, sample_index)
    INNER JOIN probes AS q ON q.run_id = $run_id AND q.suite = b.suite AND q.probe_id = b.probe_id
    LEFT JOIN seen AS c
        ON c.subject = '{Subject.CONTROL}' AND c.variant = $scenario AND c.suite = b.suite
        AND c.probe_id = b.probe_id AND c.sample_index = b.sample_index
    WHERE b.subject = $compared AND b.variant = '{UNTOUCHED}'
        AND a.subject = '{Subject.TARGET}' AND a.variant = $scenario
    GROUP BY q.suite, q.family
    ORDER BY n_after - n_before DESC, n_after DESC, q.family, q.suite
"""


def topics(
    cursor: DuckDBPyConnection, run_id: str, scenario: str, behaviour: Behaviour
) -> list[Topic]:
    # As in the judge's rates, an untouched target is compared with its untouched control.
    compared = Subject.CONTROL if scenario == UNTOUCHED else Subject.TARGET
    which = {"scenario": scenario, "behaviour": behaviour.value, "compared": compared.value}
    rows = cursor.execute(_TOPICS, {"run_id": run_id, **which}).fetchall()
    return [
        Topic(suite, family, n, None if scenario == UNTOUCHED else before, after, control)
        for suite, family, n, before, after, control in rows
    ]


_MATCHING = f"""
    FROM answer_pairs AS p
    WHERE p.run_id = $run_id AND p.subject = $subject
        AND ($scenario IS NULL OR p.scenario = $scenario)
        AND (NOT $changed_only OR p.changed)
        AND (
            $search = ''
            OR contains(lower(p.prompt), lower($search))
            OR contains(lower(p.before_text), lower($search))
            OR contains(lower(p.after_text), lower($search))
        )
        AND ($behaviour IS NULL OR EXISTS (
            FROM scores AS s
            WHERE s.run_id = p.run_id AND s.subject = p.subject
                AND s.suite = p.suite AND s.probe_id = p.probe_id
                AND s.sample_index = p.sample_index
                AND s.variant IN ('{UNTOUCHED}', p.scenario)
                AND s.behaviour = $behaviour AND s.value >= {SEEN}
        ))
"""
# The joins name the run themselves: of the page's run_id the planner knows no value, and would read
# every answer of every run.
_PAGE = f"""
    WITH page AS (
        SELECT p.* {_MATCHING}
        ORDER BY p.scenario, p.probe_ordinal, p.sample_index
        LIMIT $limit OFFSET $offset
    )
    SELECT p.subject, p.scenario, p.suite, p.probe_id, p.sample_index, p.family, p.expectation,
           p.prompt, p.answer, p.before_text, p.after_text, b.stop_reason AS before_stop,
           a.stop_reason AS after_stop, c.text AS control_after_text, p.similarity,
           p.first_difference
    FROM page AS p
    INNER JOIN responses AS b
        ON b.run_id = $run_id AND b.subject = p.subject AND b.variant = '{UNTOUCHED}'
        AND b.suite = p.suite AND b.probe_id = p.probe_id AND b.sample_index = p.sample_index
    INNER JOIN responses AS a
        ON a.run_id = $run_id AND a.subject = p.subject AND a.variant = p.scenario
        AND a.suite = p.suite AND a.probe_id = p.probe_id AND a.sample_index = p.sample_index
    LEFT JOIN responses AS c
        ON c.run_id = $run_id AND p.subject = 'target' AND c.subject = 'control'
        AND c.variant = p.scenario AND c.suite = p.suite AND c.probe_id = p.probe_id
        AND c.sample_index = p.sample_index
    ORDER BY p.scenario, p.probe_ordinal, p.sample_index
"""
_SCORES = f"""
    SELECT s.variant, s.suite, s.probe_id, s.sample_index,
           s.behaviour, s.scorer, s.value, s.start, s."end", s.detail
    FROM scores AS s
    INNER JOIN (
        SELECT DISTINCT suite, probe_id
        FROM (SELECT unnest($suites::VARCHAR[]) AS suite, unnest($probe_ids::VARCHAR[]) AS probe_id)
    ) AS wanted USING (suite, probe_id)
    WHERE s.run_id = $run_id AND s.subject = $subject
        AND ($scenario IS NULL OR s.variant IN ('{UNTOUCHED}', $scenario))
    ORDER BY s.behaviour, s.scorer
"""


def responses(
    cursor: DuckDBPyConnection,
    run_id: str,
    scenario: str | None,
    behaviour: Behaviour | None,
    changed_only: bool,
    search: str,
    subject: Subject,
    limit: int,
    offset: int,
) -> tuple[int, list[ResponseRow]]:
    which = {
        "run_id": run_id,
        "scenario": scenario,
        "behaviour": behaviour.value if behaviour else None,
        "changed_only": changed_only,
        "search": search,
        "subject": subject.value,
    }
    total = int(cursor.execute(f"SELECT count(*) {_MATCHING}", which).fetchall()[0][0])
    cursor.execute(_PAGE, which | {"limit": limit, "offset": offset})
    page = _named(cursor)
    marks = _marks(cursor, run_id, scenario, subject, page)
    return total, [_response(row, marks) for row in page]


def _marks(
    cursor: DuckDBPyConnection,
    run_id: str,
    scenario: str | None,
    subject: Subject,
    page: list[dict[str, Any]],
) -> dict[tuple[Any, ...], list[ScoreMark]]:
    """The page's scores by (variant, suite, probe id, sample index)."""
    rows = cursor.execute(
        _SCORES,
        {
            "run_id": run_id,
            "subject": subject.value,
            "scenario": scenario,
            "suites": [row["suite"] for row in page],
            "probe_ids": [row["probe_id"] for row in page],
        },
    ).fetchall()
    marks = defaultdict(list)
    for *key, behaviour, scorer, value, start, end, detail in rows:
        mark = ScoreMark(Behaviour(behaviour), scorer, value, start, end, detail or "")
        marks[tuple(key)].append(mark)
    return marks


def _response(row: dict[str, Any], marks: dict[tuple[Any, ...], list[ScoreMark]]) -> ResponseRow:
    probe = (row["suite"], row["probe_id"], row["sample_index"])
    return ResponseRow(
        **row
        | {
            "subject": Subject(row["subject"]),
            "expectation": Expectation(row["expectation"]),
            "before_stop": StopReason(row["before_stop"]),
            "after_stop": StopReason(row["after_stop"]),
        },
        before_scores=tuple(marks.get((UNTOUCHED, *probe), ())),
        after_scores=tuple(marks.get((row["scenario"], *probe), ())),
    )
