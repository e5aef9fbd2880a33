"""A reader's SQL can read the history and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from inspector.errors import BadInput
from inspector.history import History
from inspector.history.lockdown import CONFIG
from tests.history.make_run import make_run

SECRET = "a,b\nsecret,1\n"


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """One filled history for all: no query may change it."""
    folder = tmp_path_factory.mktemp("lockdown")
    with History(folder / "history.duckdb") as history:
        history.ingest(make_run(folder / "runs"))
        yield history


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; DROP TABLE inspections",
        "DROP TABLE inspections",
        "UPDATE inspections SET level = 'no evidence found'",
        "MERGE INTO inspections USING (SELECT 1) AS s ON true WHEN MATCHED THEN DELETE",
        # DuckDB 2.0 calls these SELECT statements, and runs what they hold.
        "WITH x AS (INSERT INTO schema_migrations VALUES (9, 'x', 'y') RETURNING *) FROM x",
        "WITH x AS (DELETE FROM responses RETURNING *) SELECT count(*) FROM x",
        "WITH x AS (COPY responses TO '{out}') SELECT * FROM x",
        "SELECT 1 UNION (WITH x AS (UPDATE inspections SET level = 'x' RETURNING 1) FROM x)",
        "COPY inspections TO '{out}'",
        "EXPORT DATABASE '{out}'",
        "ATTACH '{out}' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '100GB'",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "CHECKPOINT",
        "BEGIN TRANSACTION",
        "CREATE TEMP TABLE t (i INTEGER)",
        "CREATE MACRO f(x) AS x",
        "PREPARE p AS SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "FROM '{secret}'",
        'SELECT * FROM "{secret}"',
        "SELECT * FROM read_csv('{secret}')",
        "SELECT (SELECT content FROM read_text('{secret}'))",
        "SELECT * FROM system.main.read_blob('{secret}')",
        "SELECT * FROM inspections, LATERAL (FROM sniff_csv('{secret}'))",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM pandas_scan(140000000000000)",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM SECRET",
        "SELECT repeat('x', 3000000000)",
        "SELECT list_transform([1], lambda x : system.main.lpad('x', 2000000000, 'y'))",
        "SELECT write_log('x')",
    ],
)
def test_hostile_queries_are_refused_and_change_nothing(
    history: History, tmp_path: Path, query: str
) -> None:
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text(SECRET)
    with pytest.raises(BadInput) as refusal:
        history.sql(query.format(secret=secret, out=out))
    assert "secret,1" not in str(refusal.value)
    assert not out.exists()
    assert history.sql("SELECT count(*), max(level) FROM inspections").rows == ((1, "evidence"),)
    assert history.sql("SELECT count(*) FROM responses").rows == ((240,),)
    assert history.sql("SELECT count(*) FROM schema_migrations WHERE number = 9").rows == ((0,),)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("SELECT count(*) FROM responses WHERE text ILIKE '%zorvex%'", (20,)),
        ("FROM inspections SELECT plan", ("quick",)),
        ("WITH x AS (SELECT scenario, count(*) AS n FROM pairs GROUP BY 1) SELECT n FROM x", (80,)),
        ("SELECT count(*) FROM answer_pairs WHERE changed AND subject = 'control'", (52,)),
        ("VALUES (1, 'drop')", (1, "drop")),
        ("SELECT 'DROP TABLE inspections; --'", ("DROP TABLE inspections; --",)),
        ("SELECT r FROM range(2, 5) AS t(r)", (2,)),
        ("SELECT 1 UNION ALL SELECT 2 ORDER BY 1", (1,)),
    ],
)
def test_honest_questions_are_answered(
    history: History, query: str, first: tuple[object, ...]
) -> None:
    assert history.sql(query).rows[0] == first


def test_tables_and_their_columns_can_be_listed(history: History) -> None:
    assert ("responses",) in history.sql("SHOW TABLES").rows
    assert history.sql("DESCRIBE responses").columns[0] == "column_name"


def test_answers_are_cut_at_max_rows_and_say_so(history: History) -> None:
    cut = history.sql("FROM range(1_000_000_000_000)", max_rows=3)
    assert (cut.columns, cut.rows, cut.truncated) == (("range",), ((0,), (1,), (2,)), True)
    whole = history.sql("FROM range(3)", max_rows=3)
    assert (len(whole.rows), whole.truncated) == (3, False)


def test_a_long_query_is_stopped_and_the_history_goes_on(history: History) -> None:
    endless = "SELECT count(*) FROM range(10_000_000_000) AS a, range(10_000_000_000) AS b"
    with pytest.raises(BadInput, match=r"longer than 0\.1 s"):
        history.sql(endless, timeout_s=0.1)
    assert history.sql("SELECT 1").rows == ((1,),)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "holds 0 statements"),
        ("selct 1", "not valid SQL"),
        ("SELECT * FROM nobody", "does not exist"),
        ("SELECT 'a'::INTEGER", "Conversion Error"),
    ],
)
def test_mistakes_are_one_sentence(history: History, query: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as error:
        history.sql(query)
    assert "\n" not in str(error.value)
    assert history.sql("SELECT 1").rows == ((1,),)


def test_each_inner_fence_holds_alone(tmp_path: Path) -> None:
    """Without a look at the syntax tree, read-only transaction and settings still hold."""
    connection = duckdb.connect(tmp_path / "plain.duckdb", config=CONFIG)
    try:
        connection.execute("CREATE TABLE t (i INTEGER)")
        for query in ("COPY t TO 'out.csv'", "FROM read_text('/etc/hosts')", "ATTACH 'x.db'"):
            with pytest.raises(duckdb.PermissionException):
                connection.execute(query)
        with pytest.raises(duckdb.InvalidInputException, match="locked"):
            connection.execute("SET enable_external_access = true")
        connection.execute("BEGIN TRANSACTION READ ONLY")
        with pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("WITH x AS (INSERT INTO t VALUES (1) RETURNING i) FROM x")
    finally:
        connection.close()


def test_python_variables_are_not_tables(history: History) -> None:
    rows = history.inspections()
    assert len(rows) == 1
    with pytest.raises(BadInput, match="rows does not exist"):
        history.sql("SELECT * FROM rows")
