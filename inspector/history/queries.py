"""The questions the pages ask, each one SQL statement with parameters, paged by the database.

Comes in: a cursor and plain values. Goes out: frozen rows, or the inspector's own records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection, InvalidInputException

from inspector.changes import Topic
from inspector.errors import BadInput
from inspector.history import lockdown
from inspector.history.records import (
    ControlAnswers,
    Filter,
    InspectionRow,
    KnownTarget,
    ResponseRow,
    ScoreMark,
    Sort,
    TrendPoint,
)
from inspector.records import (
    SEEN,
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
    ReviewAction,
    ScoreReview,
    Severity,
    Stance,
    StopReason,
    Subject,
)
from inspector.searching import terms_of

WORST_FIRST = (Level.EVIDENCE, Level.REVIEW, Level.INCONCLUSIVE, Level.NO_EVIDENCE)

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


def families(cursor: DuckDBPyConnection, run_id: str) -> list[str]:
    rows = cursor.execute(
        "SELECT DISTINCT family FROM probes WHERE run_id = ? ORDER BY family", [run_id]
    ).fetchall()
    return [row[0] for row in rows]


_MATCHING = f"""
    FROM answer_pairs AS p
    LEFT JOIN responses AS c
        ON c.run_id = $run_id AND p.subject = 'target' AND c.subject = 'control'
        AND c.variant = p.scenario AND c.suite = p.suite AND c.probe_id = p.probe_id
        AND c.sample_index = p.sample_index
    WHERE p.run_id = $run_id AND p.subject = $subject
        AND ($scenario IS NULL OR p.scenario = $scenario)
        AND ($family IS NULL OR p.family = $family)
        AND ($probe IS NULL OR concat(p.suite, '/', p.probe_id) = $probe)
        AND (NOT $changed_only OR p.changed)
        AND (NOT $late_only OR p.is_late)
        AND ($behaviour IS NULL OR EXISTS (
            FROM scores AS s
            WHERE s.run_id = p.run_id AND s.subject = p.subject
                AND s.suite = p.suite AND s.probe_id = p.probe_id
                AND s.sample_index = p.sample_index
                AND s.variant IN ('{UNTOUCHED}', p.scenario)
                AND s.behaviour = $behaviour AND s.value >= {SEEN}
        ))
"""
# One more condition for each term of a search: in the question or in any of the answers.
_HOLDS = """
        AND (
            regexp_matches(p.prompt, ${name}) OR regexp_matches(p.before_text, ${name})
            OR regexp_matches(p.after_text, ${name})
            OR (c.text IS NOT NULL AND regexp_matches(c.text, ${name}))
        )
"""
# The joins name the run themselves: of the page's run_id the planner knows no value, and would read
# every answer of every run.
_PAGE = f"""
    WITH page AS (
        SELECT p.* {{matching}}
        ORDER BY p.scenario, p.probe_ordinal, p.sample_index
        LIMIT $limit OFFSET $offset
    )
    SELECT p.subject, p.scenario, p.suite, p.probe_id, p.sample_index, p.family, p.expectation,
           p.prompt, p.answer, p.before_text, p.after_text, b.stop_reason AS before_stop,
           a.stop_reason AS after_stop, p.similarity, p.first_difference, p.is_late,
           cb.text AS control_before, ca.text AS control_after, ca.stop_reason AS control_stop
    FROM page AS p
    INNER JOIN responses AS b
        ON b.run_id = $run_id AND b.subject = p.subject AND b.variant = '{UNTOUCHED}'
        AND b.suite = p.suite AND b.probe_id = p.probe_id AND b.sample_index = p.sample_index
    INNER JOIN responses AS a
        ON a.run_id = $run_id AND a.subject = p.subject AND a.variant = p.scenario
        AND a.suite = p.suite AND a.probe_id = p.probe_id AND a.sample_index = p.sample_index
    LEFT JOIN responses AS cb
        ON cb.run_id = $run_id AND p.subject = 'target' AND cb.subject = 'control'
        AND cb.variant = '{UNTOUCHED}' AND cb.suite = p.suite AND cb.probe_id = p.probe_id
        AND cb.sample_index = p.sample_index
    LEFT JOIN responses AS ca
        ON ca.run_id = $run_id AND p.subject = 'target' AND ca.subject = 'control'
        AND ca.variant = p.scenario AND ca.suite = p.suite AND ca.probe_id = p.probe_id
        AND ca.sample_index = p.sample_index
    ORDER BY p.scenario, p.probe_ordinal, p.sample_index
"""
# Of the page's answers, whose weights they are and under which variant comes first.
_OF_PAGE = """
    INNER JOIN (
        SELECT DISTINCT suite, probe_id
        FROM (SELECT unnest($suites::VARCHAR[]) AS suite, unnest($probe_ids::VARCHAR[]) AS probe_id)
    ) AS wanted USING (suite, probe_id)
    WHERE t.run_id = $run_id
"""
_SCORES = f"""
    SELECT t.subject, t.variant, t.suite, t.probe_id, t.sample_index,
           t.behaviour, t.scorer, t.value, t.start, t."end", t.detail
    FROM scores AS t {_OF_PAGE}
    ORDER BY t.behaviour, t.scorer
"""
_TURNS = f"SELECT t.* EXCLUDE (run_id) FROM stances AS t {_OF_PAGE} AND t.tail_start IS NOT NULL"
_REVIEWS = f"""
    SELECT t.* EXCLUDE (run_id, ordinal, said_at), t.said_at AS "at"
    FROM reviews AS t {_OF_PAGE}
    ORDER BY t.ordinal
"""

_Key = tuple[str, str, str, str, int]  # subject, variant, suite, probe id, sample index


@dataclass(frozen=True)
class _Notes:
    """What is on record about the answers of one page."""

    marks: Mapping[_Key, Sequence[ScoreMark]]
    turns: Mapping[_Key, Stance]
    reviews: Sequence[ScoreReview]


def responses(
    cursor: DuckDBPyConnection, which: Mapping[str, Any], search: str, limit: int, offset: int
) -> tuple[int, list[ResponseRow]]:
    """which: the named parameters of _MATCHING."""
    terms = {f"term_{k}": term.re2 for k, term in enumerate(terms_of(search))}
    asked = {**which, **terms}
    matching = _MATCHING + "".join(_HOLDS.format(name=name) for name in terms)
    try:
        total = int(cursor.execute(f"SELECT count(*) {matching}", asked).fetchall()[0][0])
    except InvalidInputException as error:
        raise BadInput(
            f"The search {search!r} uses what the database's patterns do not have "
            f"({lockdown.first_line(error)}); they know no look-around and no back-reference."
        ) from error
    cursor.execute(_PAGE.format(matching=matching), {**asked, "limit": limit, "offset": offset})
    page = _named(cursor)
    notes = _notes(cursor, which["run_id"], page)
    return total, [_response(row, notes) for row in page]


def _notes(cursor: DuckDBPyConnection, run_id: str, page: list[dict[str, Any]]) -> _Notes:
    wanted = {
        "run_id": run_id,
        "suites": [row["suite"] for row in page],
        "probe_ids": [row["probe_id"] for row in page],
    }
    marks: defaultdict[_Key, list[ScoreMark]] = defaultdict(list)
    for *key, behaviour, scorer, value, start, end, detail in cursor.execute(
        _SCORES, wanted
    ).fetchall():
        mark = ScoreMark(Behaviour(behaviour), scorer, value, start, end, detail or "")
        marks[tuple(key)].append(mark)
    cursor.execute(_TURNS, wanted)
    turns = [Stance(**row | {"subject": Subject(row["subject"])}) for row in _named(cursor)]
    cursor.execute(_REVIEWS, wanted)
    reviews = [_review(row) for row in _named(cursor)]
    return _Notes(marks, {_key(s.subject, s.variant, vars(s)): s for s in turns}, reviews)


def _review(row: dict[str, Any]) -> ScoreReview:
    return ScoreReview(
        **row
        | {
            "subject": Subject(row["subject"]),
            "behaviour": Behaviour(row["behaviour"]),
            "action": ReviewAction(row["action"]),
        }
    )


def _key(subject: Subject, variant: str, row: Mapping[str, Any]) -> _Key:
    return (subject.value, variant, row["suite"], row["probe_id"], row["sample_index"])


def _response(row: dict[str, Any], notes: _Notes) -> ResponseRow:
    subject = Subject(row["subject"])
    before, after = (_key(subject, v, row) for v in (UNTOUCHED, row["scenario"]))
    control_after = _key(Subject.CONTROL, row["scenario"], row)
    shown = {before, after, control_after} if subject is Subject.TARGET else {before, after}
    texts = [row.pop(f"control_{name}") for name in ("before", "after", "stop")]
    control = None
    if texts[1] is not None:
        control = ControlAnswers(
            texts[0],
            texts[1],
            StopReason(texts[2]),
            tuple(notes.marks.get(control_after, ())),
            notes.turns.get(control_after),
        )
    return ResponseRow(
        **row
        | {
            "subject": subject,
            "expectation": Expectation(row["expectation"]),
            "before_stop": StopReason(row["before_stop"]),
            "after_stop": StopReason(row["after_stop"]),
        },
        before_scores=tuple(notes.marks.get(before, ())),
        after_scores=tuple(notes.marks.get(after, ())),
        before_turn=notes.turns.get(before),
        after_turn=notes.turns.get(after),
        control=control,
        reviews=tuple(r for r in notes.reviews if _key(*r.answer[:2], vars(r)) in shown),
    )
