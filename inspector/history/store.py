"""History: every inspection's results in one DuckDB file, to be searched and queried.

Comes in: run folders. Goes out: rows for the pages, tables for a reader's SQL. Run folders are the
truth; this file is an index that `rebuild` makes again from them. One process owns the file.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from types import TracebackType

import duckdb

from inspector.errors import BadInput, HistoryBusy, InspectorError
from inspector.files import disk_errors
from inspector.history import lockdown, migrate, queries
from inspector.history.records import InspectionRow, ResponseRow, Table
from inspector.history.rows import (
    COLUMNS,
    Overview,
    Row,
    overview,
    signature,
    tables,
    unreadable,
)
from inspector.records import Appearance, Behaviour, Coverage, Finding, Metric, Subject
from inspector.run import Run, list_runs

log = logging.getLogger(__name__)


class History:
    """The database. Any thread may call any method; writes wait for one another.

    path: the file, made when missing. Raises HistoryBusy when another process has it open, and
    InspectorError when it is no history or its schema cannot be brought up to date.
    """

    def __init__(self, path: Path, migrations: Path = migrate.MIGRATIONS) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writing = threading.RLock()
        with disk_errors(path):
            self._connection = _connect(path)
        try:
            migrate.migrate(self._connection, migrate.load(migrations))
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> History:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; another process may open it then."""
        with self._writing:
            self._connection.close()

    # ---- writing -------------------------------------------------------------------------------

    def ingest(self, run: Run) -> bool:
        """Index one run folder, finished or not; returns False when nothing changed since.

        All of the run or nothing of it is stored. A folder that cannot be read is listed with
        state `unreadable` and the reason.
        """
        now = signature(run)
        with self._writing, self._cursor() as cursor:
            known = cursor.execute(
                "SELECT signature FROM inspections WHERE run_id = ?", [run.run_id]
            ).fetchall()
            if known == [(now,)]:
                return False
            contents = _read(run, now)
            with self._transaction(cursor):
                for table in ("inspections", *COLUMNS):
                    cursor.execute(f"DELETE FROM {table} WHERE run_id = ?", [run.run_id])
                _append(cursor, *contents)
            return True

    def ingest_new(self, root: Path) -> int:
        """Index what is new or changed under `root`, oldest first; returns how many runs were."""
        return sum(self.ingest(run) for run in reversed(list(list_runs(root))))

    def rebuild(self, root: Path) -> int:
        """Forget everything and index every run folder under `root`; returns how many.

        One transaction: a reader, or a crash half way, finds the old contents or the new.
        """
        runs = list(reversed(list(list_runs(root))))
        with self._writing, self._cursor() as cursor, self._transaction(cursor):
            for table in ("inspections", *COLUMNS):
                cursor.execute(f"DELETE FROM {table}")
            for run in runs:
                _append(cursor, *_read(run, signature(run)))
        return len(runs)

    # ---- reading -------------------------------------------------------------------------------

    def count_inspections(self, search: str = "") -> int:
        """How many inspections `inspections` would list over all its pages."""
        with self._cursor() as cursor:
            return queries.count_inspections(cursor, search)

    def inspections(
        self, search: str = "", limit: int = 50, offset: int = 0
    ) -> list[InspectionRow]:
        """Inspections, newest first; search: in id, target, plan, control, state or level."""
        _check_page(limit, offset)
        with self._cursor() as cursor:
            return queries.inspections(cursor, search, limit, offset)

    def inspection(self, run_id: str) -> InspectionRow:
        """One inspection; raises BadInput where the history holds none of this id."""
        with self._cursor() as cursor:
            return queries.inspection(cursor, run_id)

    def metrics(self, run_id: str) -> list[Metric]:
        """The verdict's metrics in its order; empty while there is no verdict."""
        with self._cursor() as cursor:
            return queries.metrics(cursor, run_id)

    def coverage(self, run_id: str) -> list[Coverage]:
        """The verdict's ledger of what was looked at and what was not."""
        with self._cursor() as cursor:
            return queries.coverage(cursor, run_id)

    def findings(self, run_id: str) -> list[Finding]:
        """The scanners' findings, as soon as the scan has ended."""
        with self._cursor() as cursor:
            return queries.findings(cursor, run_id)

    def appearances(self, run_id: str) -> list[Appearance]:
        """Phrases that spread over unrelated answers, as soon as scoring has ended."""
        with self._cursor() as cursor:
            return queries.appearances(cursor, run_id)

    def scenarios(self, run_id: str) -> list[str]:
        """Names of the scenarios whose answers were compared."""
        with self._cursor() as cursor:
            return queries.scenarios(cursor, run_id)

    def families(self, run_id: str) -> list[str]:
        """Names of the topic families that were asked about."""
        with self._cursor() as cursor:
            return queries.families(cursor, run_id)

    def responses(
        self,
        run_id: str,
        scenario: str | None = None,
        behaviour: Behaviour | None = None,
        changed_only: bool = False,
        search: str = "",
        subject: Subject = Subject.TARGET,
        limit: int = 20,
        offset: int = 0,
        *,
        family: str | None = None,
        late_only: bool = False,
        probe: str | None = None,
    ) -> tuple[int, list[ResponseRow]]:
        """(how many there are, one page of them): answers before and after, in probe order.

        scenario, family: None means all. behaviour: only rows where a scorer gave it at least 0.5
        before or after. late_only: only rows that first differ, or mostly diverge, late (see the
        view answer_pairs). search: in the prompt or any answer, in the words of
        `inspector.searching.terms_of`. probe: one only, as `suite/probe_id`. Raises BadInput where
        the search cannot be understood.
        """
        _check_page(limit, offset)
        which = {
            "run_id": run_id,
            "scenario": scenario,
            "behaviour": behaviour.value if behaviour else None,
            "changed_only": changed_only,
            "subject": subject.value,
            "family": family,
            "late_only": late_only,
            "probe": probe,
        }
        with self._cursor() as cursor:
            return queries.responses(cursor, which, search, limit, offset)

    def sql(self, query: str, max_rows: int = 10_000, timeout_s: float = 30.0) -> Table:
        """Answer a reader's SELECT with at most `max_rows` rows.

        Raises BadInput when it is not one SELECT, cannot be run, or takes longer than `timeout_s`.
        """
        _check_page(max_rows, 0)
        with self._cursor() as cursor:
            lockdown.check(cursor, query)
            return lockdown.run(cursor, query, max_rows, timeout_s)

    # ---- inside --------------------------------------------------------------------------------

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._writing:  # cursors come from one connection, which is not to be shared
            cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def _transaction(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        with disk_errors(self.path):
            cursor.begin()
            try:
                yield
                cursor.commit()
            except BaseException:
                cursor.rollback()
                raise


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(path, config=lockdown.CONFIG)
    except duckdb.IOException as error:
        owner = re.search(r"Conflicting lock is held in (.*?) \(PID (\d+)\)", str(error))
        if owner is None:
            raise InspectorError(
                f"The history {path} cannot be opened ({lockdown.first_line(error)}); it is an "
                "index only: move the file away and run `python -m inspector history rebuild`."
            ) from error
        raise HistoryBusy(
            f"The history {path} is in use by process {owner[2]} ({owner[1]}), most likely a "
            "running dashboard; use its History page, or stop that process first."
        ) from error


def _read(run: Run, run_signature: str) -> tuple[Overview, list[tuple[str, list[Row]]]]:
    """A run's rows, read before the transaction so that a bad file spoils no other run."""
    try:
        return overview(run, run_signature), [(name, list(rows)) for name, rows in tables(run)]
    except (InspectorError, OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        log.warning("run %s cannot be read: %s", run.run_id, error)
        return unreadable(run, run_signature, lockdown.first_line(error)), []


def _append(
    cursor: duckdb.DuckDBPyConnection, row: Overview, contents: list[tuple[str, list[Row]]]
) -> None:
    """Rows through DuckDB's appender: as fast as from a file, without access to files."""
    with cursor.appender("inspections", columns=[f.name for f in fields(Overview)]) as appender:
        appender.append_row(*(_plain(getattr(row, f.name)) for f in fields(Overview)))
    for table, rows in contents:
        with cursor.appender(table, columns=["run_id", *COLUMNS[table]]) as appender:
            for values in rows:
                appender.append_row(row.run_id, *values)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _check_page(limit: int, offset: int) -> None:
    if limit < 1 or offset < 0:
        raise BadInput(
            f"A page of {limit} rows from row {offset} on cannot be had; give a limit of 1 or more "
            "and an offset of 0 or more."
        )
