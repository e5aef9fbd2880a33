"""Targets over all their inspections: what stands now, each answer one SQL statement.

Comes in: a cursor, the ids of live jobs, and today. Goes out: the rows of `target_rows`. A target
is named as it was asked for, a Hub repo without its revision; bytes that are the same are one
revision, and the newest verdict on a revision replaces the older ones.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from duckdb import DuckDBPyConnection

from inspector.history.target_rows import (
    Figures,
    Look,
    Review,
    Revision,
    TargetFilter,
    TargetOrder,
    TargetRow,
)
from inspector.records import ArtifactKind, Decision, Level
from inspector.records.standing import EXPIRING_DAYS, PRESSING, Standing

MAX_REVISIONS = 8  # in a row's strip

_PRESSING = "[" + ", ".join(f"'{standing}'" for standing in PRESSING) + "]"
_NEWEST = "created_at DESC NULLS LAST, run_id DESC"
_JUDGED = f"""
    WITH last_decisions AS (
        SELECT run_id, decision, owner, decided_at, expires, verdict_sha256 AS decided_on
        FROM decisions
        QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY ordinal DESC) = 1
    ),
    named AS MATERIALIZED (
        SELECT i.*, d.* EXCLUDE (run_id), d.run_id IS NOT NULL AS is_decided,
            CASE WHEN target LIKE 'hf:%' THEN split_part(target, '@', 1)
                ELSE coalesce(target, run_id) END AS name,
            coalesce(target_digest, run_id) AS revision
        FROM inspections AS i LEFT JOIN last_decisions AS d USING (run_id)
    ),
    judged AS MATERIALIZED (
        SELECT *,
            CASE
                WHEN NOT is_decided AND level IN ('{Level.EVIDENCE}', '{Level.REVIEW}')
                    THEN '{Standing.OPEN}'
                WHEN NOT is_decided THEN '{Standing.UNDECIDED}'
                WHEN decided_on <> coalesce(verdict_sha256, '') THEN '{Standing.OUTDATED}'
                WHEN expires < $today THEN '{Standing.EXPIRED}'
                WHEN expires <= $today + {EXPIRING_DAYS} THEN '{Standing.EXPIRING}'
                ELSE '{Standing.DECIDED}'
            END AS standing,
            coalesce(list_position({_PRESSING}, standing), {len(PRESSING) + 1}) AS rank
        FROM named
        WHERE level IS NOT NULL OR is_decided
        QUALIFY row_number() OVER (PARTITION BY name, revision ORDER BY {_NEWEST}) = 1
    )
"""
_FIGURES = f"""
    SELECT (SELECT count(DISTINCT name) FROM named), (SELECT count(*) FROM named),
        (SELECT count(*) FILTER (level = '{Level.EVIDENCE}') FROM (
            SELECT level FROM judged WHERE level IS NOT NULL
            QUALIFY row_number() OVER (PARTITION BY name ORDER BY {_NEWEST}) = 1
        )),
        (SELECT list({{'standing': standing, 'n': n}}) FROM (
            SELECT standing, count(*) AS n FROM judged GROUP BY standing
        ))
"""
_TARGETS = f"""
    {_JUDGED},
    counted AS (
        SELECT name, count(*) AS n_inspections, max(target_kind) AS kind,
            bool_or(list_contains($live::VARCHAR[], run_id)) AS at_work,
            lower(string_agg(concat_ws(' ', target, target_commit, run_id), ' ')) AS words
        FROM named GROUP BY name
    ),
    newest AS (
        SELECT * FROM named QUALIFY row_number() OVER (PARTITION BY name ORDER BY {_NEWEST}) = 1
    ),
    shown AS (
        SELECT * FROM judged WHERE level IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY name ORDER BY {_NEWEST}) = 1
    ),
    pressing AS (
        SELECT * FROM judged
        QUALIFY row_number() OVER (PARTITION BY name ORDER BY rank, {_NEWEST}) = 1
    ),
    revised AS (
        SELECT name, count(*) AS n_revisions, list_distinct(list(standing)) AS standings,
            list({{
                'run_id': run_id, 'level': level, 'commit': target_commit, 'created_at': created_at
            }} ORDER BY created_at NULLS FIRST, run_id) FILTER (level IS NOT NULL) AS revisions
        FROM judged GROUP BY name
    ),
    targets AS (
        SELECT c.*, n.run_id AS newest_run_id, n.state AS newest_state, n.created_at AS newest_at,
            n.plan, coalesce(s.run_id, n.run_id) AS run_id, s.level,
            coalesce(p.standing, '{Standing.NO_VERDICT}') AS standing,
            coalesce(p.rank, {len(PRESSING) + 2}) AS rank,
            s.run_id IS NOT NULL AND p.run_id <> s.run_id AS on_older,
            p.decision, p.owner, p.expires, coalesce(r.n_revisions, 0) AS n_revisions,
            coalesce(r.standings, ['{Standing.NO_VERDICT}']) AS standings,
            r.revisions[-{MAX_REVISIONS}:] AS revisions
        FROM counted AS c
        INNER JOIN newest AS n USING (name)
        LEFT JOIN shown AS s USING (name)
        LEFT JOIN pressing AS p USING (name)
        LEFT JOIN revised AS r USING (name)
    )
"""
_MATCHING = """
    FROM targets
    WHERE ($level IS NULL OR level = $level)
        AND ($kind IS NULL OR kind = $kind)
        AND ($standing IS NULL OR list_contains(standings, $standing))
        AND (NOT $at_work OR at_work)
        AND contains(words, lower($search))
"""
_ORDERS = {
    TargetOrder.NEWEST: "newest_at DESC NULLS LAST, name",
    TargetOrder.PRESSING: "rank, newest_at DESC NULLS LAST, name",
    TargetOrder.WORST: (
        f"list_position(['{Level.EVIDENCE}', '{Level.REVIEW}', '{Level.INCONCLUSIVE}', "
        f"'{Level.NO_EVIDENCE}'], level) NULLS LAST, newest_at DESC NULLS LAST, name"
    ),
    TargetOrder.NAME: "lower(name), name",
}
_COLUMNS = (
    "name, kind, run_id, level, standing, on_older, decision, owner, expires, revisions, "
    "n_revisions, n_inspections, newest_run_id, newest_state, newest_at, plan, at_work"
)


def _named(cursor: DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = cursor.fetchall()
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def figures(cursor: DuckDBPyConnection, today: date) -> Figures:
    n_targets, n_inspections, n_evidence, standings = cursor.execute(
        f"{_JUDGED} {_FIGURES}", {"today": today}
    ).fetchall()[0]
    counts = {found["standing"]: int(found["n"]) for found in standings or ()}
    return Figures(
        int(n_targets),
        int(n_inspections),
        int(n_evidence),
        {standing: counts.get(standing.value, 0) for standing in Standing},
    )


def targets(
    cursor: DuckDBPyConnection,
    wanted: TargetFilter,
    live: Collection[str],
    today: date,
    limit: int,
    offset: int,
) -> tuple[int, list[TargetRow]]:
    which = {
        "today": today,
        "live": list(live),
        "search": wanted.search,
        "level": wanted.level.value if wanted.level else None,
        "kind": wanted.kind.value if wanted.kind else None,
        "standing": wanted.standing.value if wanted.standing else None,
        "at_work": wanted.at_work,
    }
    cursor.execute(
        f"{_TARGETS} SELECT {_COLUMNS}, count(*) OVER () AS total {_MATCHING} "
        f"ORDER BY {_ORDERS[wanted.order]} LIMIT $limit OFFSET $offset",
        which | {"limit": limit, "offset": offset},
    )
    page = _named(cursor)
    if not page and offset:  # a page after the last: no row tells how many there are
        rows = cursor.execute(f"{_TARGETS} SELECT count(*) {_MATCHING}", which).fetchall()
        return int(rows[0][0]), []
    total = int(page[0]["total"]) if page else 0
    return total, [_target(row) for row in page]


def reviews(cursor: DuckDBPyConnection, today: date, limit: int) -> list[Review]:
    cursor.execute(
        f"{_JUDGED} SELECT run_id, name, target_commit AS commit, level, standing, created_at, "
        f"decision, owner, decided_at, expires FROM judged WHERE rank <= {len(PRESSING)} "
        f"ORDER BY rank, level = '{Level.EVIDENCE}' DESC, expires, {_NEWEST} LIMIT $limit",
        {"today": today, "limit": limit},
    )
    return [
        Review(**row | _enums(row) | {"standing": Standing(row["standing"])})
        for row in _named(cursor)
    ]


def looks(cursor: DuckDBPyConnection, asked: Sequence[str]) -> dict[str, tuple[Look, ...]]:
    """Every inspection of these targets, each as it was asked for, newest first."""
    cursor.execute(
        f"""
        SELECT target, run_id, state, target_commit AS commit, level,
            (SELECT arg_max(d.decision, d.ordinal) FROM decisions AS d WHERE d.run_id = i.run_id)
            AS decision
        FROM inspections AS i WHERE list_contains($asked::VARCHAR[], target) ORDER BY {_NEWEST}
        """,
        {"asked": list(asked)},
    )
    found: dict[str, tuple[Look, ...]] = {}
    for row in _named(cursor):
        target = row.pop("target")
        found[target] = (*found.get(target, ()), Look(**row | _enums(row)))
    return found


def _target(row: dict[str, Any]) -> TargetRow:
    del row["total"]
    revisions = tuple(Revision(**r | {"level": Level(r["level"])}) for r in row["revisions"] or ())
    more = {
        "kind": ArtifactKind(row["kind"]) if row["kind"] else None,
        "standing": Standing(row["standing"]),
        "revisions": revisions,
    }
    return TargetRow(**row | _enums(row) | more)


def _enums(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "level": Level(row["level"]) if row["level"] else None,
        "decision": Decision(row["decision"]) if row["decision"] else None,
    }
