"""How fast the history takes inspections in and pages draw over it, against the machine's limit.

Comes in: how many inspections and answers, a folder with room for them. Goes out: answers indexed a
second, beside reading the same Parquet files with pyarrow alone and with a plain DuckDB that is not
locked down; seconds of every page at a real server, asked twice; the peak memory of both. A busy
machine makes all of it slower: the shares hardly drift, and processor time is told as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import unquote_plus, urlencode

import pyarrow.parquet as pq

from inspector.bench.home import Made, make_home
from inspector.history import Filter, History
from inspector.history.schema import QUESTIONS
from inspector.settings import Settings

ROOT = Path(__file__).parents[2]
MAX_PAGE_S = 1.0
MAX_SERVER_BYTES = 600e6
MIN_INGESTED_PER_S = 50_000


@dataclass(frozen=True)
class Work:
    """One way of reading all answers. cpu_s: processor time of all its threads."""

    name: str
    elapsed_s: float
    cpu_s: float
    peak_memory_bytes: int


@dataclass(frozen=True)
class PageTime:
    """A page asked for twice. seconds: until its script ended; cpu_s: processor time meanwhile.

    wrong: what it said instead of drawing.
    """

    page: str
    seconds: tuple[float, ...]
    cpu_s: tuple[float, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class HistoryBench:
    """works: ingest first, then its yardsticks. database_bytes: of the index's file."""

    made: Made
    works: tuple[Work, ...]
    database_bytes: int
    pages: tuple[PageTime, ...]
    server_peak_bytes: int

    @property
    def ingested_per_s(self) -> float:
        return self.made.n_responses / self.works[0].elapsed_s

    def table(self) -> str:
        """The result as lines of text."""
        n = self.made.n_responses
        lines = [
            f"{self.made.n_inspections:,} inspections with {n:,} answers "
            f"({self.made.size_bytes / 1e6:.0f} MB of Parquet); the index holds "
            f"{self.database_bytes / 1e6:.0f} MB",
            f"{'work':<34}{'seconds':>9}{'CPU s':>8}{'answers/s':>12}{'of ingest':>11}"
            f"{'peak MB':>9}",
        ]
        ingest = self.works[0]
        lines += [
            f"{w.name:<34}{w.elapsed_s:>9.2f}{w.cpu_s:>8.2f}{n / w.elapsed_s:>12,.0f}"
            f"{w.elapsed_s / ingest.elapsed_s:>11.0%}{w.peak_memory_bytes / 1e6:>9.0f}"
            for w in self.works
        ]
        lines += ["", f"{'page':<56}{'first s':>9}{'CPU s':>8}{'again s':>9}{'CPU s':>8}"]
        lines += [
            f"{_short(p.page):<56}"
            + "".join(f"{s:>9.2f}{cpu:>8.2f}" for s, cpu in zip(p.seconds, p.cpu_s, strict=True))
            + (f"  {' '.join(p.wrong)}" if p.wrong else "")
            for p in self.pages
        ]
        slow = [p.page for p in self.pages if max(p.seconds) > MAX_PAGE_S]
        return "\n".join(
            [
                *lines,
                f"server's peak memory {self.server_peak_bytes / 1e6:.0f} MB "
                f"(limit {MAX_SERVER_BYTES / 1e6:.0f}); pages over {MAX_PAGE_S:g} s: {len(slow)}; "
                f"ingest of {self.ingested_per_s:,.0f} answers a second "
                f"(wanted {MIN_INGESTED_PER_S:,})",
            ]
        )


def _short(page: str) -> str:
    said = unquote_plus(page).replace("\n", " ")
    return said if len(said) <= 54 else f"{said[:53]}…"


def bench_history(
    n_inspections: int = 1000, n_responses: int = 1_000_000, folder: Path | None = None
) -> HistoryBench:
    """Make a home in a temporary folder (within `folder`), index it, draw every page, delete it."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        home = Path(place)
        made = make_home(home, n_inspections, n_responses)
        settings = Settings(home=home)
        works = tuple(
            _apart(name, work, settings)
            for name, work in (
                ("ingest", _ingest),
                ("pyarrow reads the answers", _pyarrow),
                ("plain DuckDB reads the answers", _duckdb),
                ("plain DuckDB stores the answers", _duckdb_stores),
            )
        )
        pages, peak = _pages(settings)
        size = settings.database.stat().st_size
        return HistoryBench(made, works, size, pages, peak)


def _apart(name: str, work: Callable[[Settings], None], settings: Settings) -> Work:
    """In a process of its own, so that its peak memory is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_timed, name, work, settings).result()


def _timed(name: str, work: Callable[[Settings], None], settings: Settings) -> Work:
    begun, cpu = time.perf_counter(), time.process_time()
    work(settings)
    taken = time.perf_counter() - begun, time.process_time() - cpu
    status = Path("/proc/self/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return Work(name, *taken, 1024 * int(peak))


def _ingest(settings: Settings) -> None:
    with History(settings.database) as history:
        history.ingest_new(settings.runs)


def _pyarrow(settings: Settings) -> None:
    for path in sorted(settings.runs.glob("*/probe-*/**/responses.parquet")):
        with pq.ParquetFile(path) as file:
            file.read()


def _duckdb(settings: Settings) -> None:
    _plain(f"SELECT * FROM read_parquet('{settings.runs}/*/probe-*/**/responses.parquet')", None)


def _duckdb_stores(settings: Settings) -> None:
    _plain(
        "CREATE TABLE answers AS SELECT * FROM "
        f"read_parquet('{settings.runs}/*/probe-*/**/responses.parquet', filename = true)",
        settings.home / "plain.duckdb",
    )


def _plain(query: str, database: Path | None) -> None:
    """A yardstick: DuckDB as it comes, free to read any file."""
    import duckdb

    with duckdb.connect(database or ":memory:") as connection:
        connection.execute("SET enable_progress_bar = false")
        answer = connection.sql(query)
        if answer is not None:
            for _ in answer.to_arrow_reader(100_000):
                pass


def _pages(settings: Settings) -> tuple[tuple[PageTime, ...], int]:
    """Every page of the navigation, over a finished run; then what the history shows more of."""
    asked = ["-m", "pages._timed", *_addresses(settings)]
    done = subprocess.run(
        [sys.executable, *asked],
        cwd=ROOT,
        env=os.environ | {"INSPECTOR_HOME": str(settings.home)},
        stdout=subprocess.PIPE,
        check=True,
    )
    told = json.loads(done.stdout)
    pages = tuple(
        PageTime(v["page"], tuple(v["seconds"]), tuple(v["cpu_seconds"]), tuple(v["wrong"]))
        for v in told["visits"]
    )
    return pages, told["peak_memory_bytes"]


def _addresses(settings: Settings) -> list[str]:
    with History(settings.database) as history:
        newest, *older = history.inspections(limit=5, which=Filter(states=("finished",)))
        target = next(t.name for t in history.known_targets() if t.n_inspections > 1 or not older)
    names = subprocess.run(
        [sys.executable, "-m", "pages._timed", "--list"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout.split("\n")[:-1]
    other = older[0].run_id if older else newest.run_id
    more = (
        ("responses", {"run": newest.run_id, "search": "how", "answers": "All answers"}),
        ("history", {"find": "parrot", "verdict": "Evidence", "sort": "Worst verdict first"}),
        ("history", {"page": "3"}),
        ("history", {"view": "One target over time", "target": target}),
        ("history", {"view": "Compare two", "a": other, "b": newest.run_id}),
        *(("history", {"view": "Ask in SQL", "q": query}) for query in QUESTIONS.values()),
    )
    return [
        *(f"{name}?{urlencode({'run': newest.run_id})}" for name in names),
        *(f"{name}?{urlencode(query)}" for name, query in more),
    ]
