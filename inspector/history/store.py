"""History: every inspection's results in one DuckDB file, to be searched and queried.

Comes in: run folders. Goes out: rows for the pages, tables for a reader's SQL. Run folders are the
truth; this file is an index that `rebuild` makes again from them. One process owns the file.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from inspector.changes import Topic
from inspector.errors import BadInput, HistoryBusy, InspectorError
from inspector.files import disk_errors
from inspector.history import exports, ingest, lockdown, migrate, queries, studies, targets
from inspector.history.arrow import insert, schemas_of
from inspector.history.exports import Export
from inspector.history.records import (
    Filter,
    InspectionRow,
    KnownTarget,
    ResponseRow,
    Sort,
    Table,
    TrendPoint,
)
from inspector.history.seeing import Seen, glance
from inspector.history.studies import StudyRow
from inspector.history.target_rows import Figures, Look, Review, TargetFilter, TargetRow
from inspector.records import Appearance, Behaviour, Coverage, Finding, Metric, Subject
from inspector.run import Run, list_runs
from inspector.settings import Settings

EVERY = Filter()
EXPORT_ROWS = 100_000
N_WRITERS = 2  # while one commits, which is one thread's work, the next batch goes in


class History:
    """The database. Any thread may call any method; writes wait for one another.

    path: the file, made when missing. batch_bytes: rows read before they are written. Raises
    HistoryBusy when another process has it open, and InspectorError when it is no history or its
    schema cannot be brought up to date.
    """

    def __init__(
        self,
        path: Path,
        migrations: Path = migrate.MIGRATIONS,
        *,
        batch_bytes: int = ingest.BATCH_BYTES,
    ) -> None:
        self.path = path
        self._batch_bytes = batch_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writing = threading.RLock()
        with disk_errors(path):
            self._connection = _connect(path)
        try:
            migrate.migrate(self._connection, migrate.load(migrations))
            self._schemas = schemas_of(self._connection)
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
        return self._ingest([run], {}) == 1

    def ingest_new(self, root: Path) -> int:
        """Index what is new or changed under `root`, oldest first; returns how many runs were.

        Made for every page: of a run that nothing was done to, a few times and sizes are read.
        """
        with self._cursor() as cursor:
            rows = cursor.execute("SELECT run_id, glance FROM inspections").fetchall()
        return self._ingest(_oldest_first(root), dict(rows))

    def ingest_studies(self, home: Settings) -> int:
        """Index the home's studies that are new, changed or gone; returns how many were.

        Made for every page, as `ingest_new`.
        """
        with self._writing, self._cursor() as cursor:
            changes = studies.look(cursor, home)
            found = [(change, studies.read(change)) for change in changes]
            if found:
                with self._transaction(cursor):
                    studies.write(cursor, found)
        return sum(change.n_studies for change in changes)

    def rebuild(self, root: Path, home: Settings | None = None) -> int:
        """Forget everything and index every run folder under `root`; returns how many.

        home: whose studies are indexed anew as well.
        One transaction: a reader, or a crash half way, finds the old contents or the new.
        """
        looks = [Seen(run, glance(run)) for run in _oldest_first(root)]
        with self._writing, self._cursor() as cursor, self._transaction(cursor):
            for table in self._schemas:
                cursor.execute(f"DELETE FROM {table}")
            for parts in ingest.batches(looks, self._schemas, self._batch_bytes):
                insert(cursor, parts)
            for table in studies.TABLES:
                cursor.execute(f"DELETE FROM {table}")
            if home is not None:
                changes = studies.look(cursor, home)
                studies.write(cursor, ((change, studies.read(change)) for change in changes))
        return len(looks)

    def _ingest(self, runs: Iterable[Run], glances: Mapping[str, str]) -> int:
        looks = [Seen(run, glance(run)) for run in runs]
        looks = [seen for seen in looks if seen.glance != glances.get(seen.run.run_id)]
        if not looks:
            return 0
        with self._writing, self._cursor() as cursor:
            known = dict(cursor.execute("SELECT run_id, signature FROM inspections").fetchall())
            changed = []
            for seen in looks:
                before = known.get(seen.run.run_id)
                if before is None or before != seen.signature:
                    changed.append(seen)
                else:  # it goes on, or was touched: nothing that is indexed is another
                    cursor.execute(
                        "UPDATE inspections SET glance = ? WHERE run_id = ?",
                        [seen.glance, seen.run.run_id],
                    )
            batches = ingest.batches(changed, self._schemas, self._batch_bytes)
            work = ((self._connection.cursor(), known, parts) for parts in batches)
            with ThreadPoolExecutor(N_WRITERS, thread_name_prefix="store") as pool:
                for _ in ingest.ahead(pool, self._store, work, n_ahead=1):
                    pass  # a batch that failed raises here
        return len(changed)

    def _store(self, work: tuple[DuckDBPyConnection, Collection[str], dict[str, pa.Table]]) -> None:
        """A batch of whole runs in a transaction of its own, in place of those already known."""
        cursor, known, parts = work
        ids = parts["inspections"].column("run_id").to_pylist()
        with closing(cursor), self._transaction(cursor):
            if again := [run_id for run_id in ids if run_id in known]:
                self._delete(cursor, again)
            insert(cursor, parts)

    def forget_missing(self) -> int:
        """Drop the inspections whose run folder is gone; returns how many were."""
        with self._writing, self._cursor() as cursor:
            known = cursor.execute("SELECT run_id, folder FROM inspections").fetchall()
            gone = [run_id for run_id, folder in known if not Path(folder).is_dir()]
            if gone:
                with self._transaction(cursor):
                    self._delete(cursor, gone)
        return len(gone)

    def _delete(self, cursor: DuckDBPyConnection, run_ids: list[str]) -> None:
        for table in self._schemas:
            cursor.execute(f"DELETE FROM {table} WHERE list_contains(?, run_id)", [run_ids])

    # ---- reading -------------------------------------------------------------------------------

    def count_inspections(self, search: str = "", which: Filter = EVERY) -> int:
        """How many inspections `inspections` would list over all its pages."""
        with self._cursor() as cursor:
            return queries.count_inspections(cursor, search, which)

    def inspections(
        self,
        search: str = "",
        limit: int = 50,
        offset: int = 0,
        *,
        which: Filter = EVERY,
        sort: Sort = Sort.NEWEST,
    ) -> list[InspectionRow]:
        """One page of the inspections that fit both the search and the filter.

        search: in id, target, commit, plan, control, state or level, whatever the case.
        """
        _check_page(limit, offset)
        with self._cursor() as cursor:
            return queries.inspections(cursor, search, which, sort, limit, offset)

    def inspection(self, run_id: str) -> InspectionRow:
        """One inspection; raises BadInput where the history holds none of this id."""
        with self._cursor() as cursor:
            return queries.inspection(cursor, run_id)

    def studies(self, kind: str, limit: int = 25, offset: int = 0) -> tuple[int, list[StudyRow]]:
        """(how many there are, one page of them) of one kind of study, newest first.

        kind: screening, hardening or federated.
        """
        _check_page(limit, offset)
        with self._cursor() as cursor:
            return studies.studies(cursor, kind, limit, offset)

    def known_targets(self, limit: int = 1000) -> list[KnownTarget]:
        """What was inspected, whatever the revision; the newest first."""
        with self._cursor() as cursor:
            return queries.known_targets(cursor, limit)

    def plans(self) -> list[str]:
        """Names of the plans that were used."""
        with self._cursor() as cursor:
            return queries.plans(cursor)

    def trend(self, target: str, behaviour: Behaviour, limit: int = 100) -> list[TrendPoint]:
        """A target's newest `limit` inspections in time order, with how often it did that.

        target: with a revision only that one, without one all of them.
        """
        _check_page(limit, 0)
        with self._cursor() as cursor:
            return queries.trend(cursor, target, behaviour, limit)

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

    def topics(self, run_id: str, scenario: str, behaviour: Behaviour) -> list[Topic]:
        """In how many of each topic's answers a behaviour was seen, most of all new ones first.

        Only answers that were scored before and after count, as in the verdict's rates.
        """
        with self._cursor() as cursor:
            return queries.topics(cursor, run_id, scenario, behaviour)

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

    def figures(self, today: date) -> Figures:
        """Counts over all targets. today: UTC, to tell which decisions have ended."""
        with self._cursor() as cursor:
            return targets.figures(cursor, today)

    def targets(
        self,
        wanted: TargetFilter,
        live: Collection[str],
        today: date,
        limit: int = 25,
        offset: int = 0,
    ) -> tuple[int, list[TargetRow]]:
        """(how many there are, one page of them). live: ids of the runs that are at work."""
        _check_page(limit, offset)
        with self._cursor() as cursor:
            return targets.targets(cursor, wanted, live, today, limit, offset)

    def reviews(self, today: date, limit: int) -> list[Review]:
        """Revisions that wait for a person, the most pressing first."""
        _check_page(limit, 0)
        with self._cursor() as cursor:
            return targets.reviews(cursor, today, limit)

    def looks(self, asked: Sequence[str]) -> dict[str, tuple[Look, ...]]:
        """Every inspection of these targets, each as it was asked for, newest first."""
        with self._cursor() as cursor:
            return targets.looks(cursor, asked)

    def sql(self, query: str, max_rows: int = 10_000, timeout_s: float = 30.0) -> Table:
        """Answer a reader's SELECT with at most `max_rows` rows.

        Raises BadInput when it is not one SELECT, cannot be run, or takes longer than `timeout_s`.
        """
        _check_page(max_rows, 0)
        with self._cursor() as cursor, lockdown.reading(cursor, query, timeout_s):
            rows = cursor.execute(query).fetchmany(max_rows + 1)
            columns = tuple(column[0] for column in cursor.description or ())
        return Table(columns, tuple(rows[:max_rows]), truncated=len(rows) > max_rows)

    def export(
        self, query: str, export: Export, max_rows: int = EXPORT_ROWS, timeout_s: float = 60.0
    ) -> bytes:
        """The answer to a reader's SELECT as a file of at most `max_rows` rows.

        Raises BadInput as `sql` does, and where a column's type has no place in such a file.
        """
        _check_page(max_rows, 0)
        with self._cursor() as cursor, lockdown.reading(cursor, query, timeout_s):
            answer = cursor.sql(query).to_arrow_reader(exports.BATCH_ROWS)
            return export.write(answer.schema, exports.up_to(answer, max_rows))

    # ---- inside --------------------------------------------------------------------------------

    @contextmanager
    def _cursor(self) -> Iterator[DuckDBPyConnection]:
        with self._writing:  # cursors come from one connection, which is not to be shared
            cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def _transaction(self, cursor: DuckDBPyConnection) -> Iterator[None]:
        with disk_errors(self.path):
            cursor.begin()
            try:
                yield
                cursor.commit()
            except BaseException:
                cursor.rollback()
                raise


def _connect(path: Path) -> DuckDBPyConnection:
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


def _oldest_first(root: Path) -> list[Run]:
    return list(list_runs(root))[::-1]


def _check_page(limit: int, offset: int) -> None:
    if limit < 1 or offset < 0:
        raise BadInput(
            f"A page of {limit} rows from row {offset} on cannot be had; give a limit of 1 or more "
            "and an offset of 0 or more."
        )
