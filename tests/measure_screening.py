"""What screening finds and misses on sets whose answer is known, and what it costs.

    python -m tests.measure_screening [--quick] [--only ROW] [--list] [--table] [--out FOLDER]

Comes in: rows of four kinds. A detection row ranks one mixed set by every ranker; a removal row
trains again without the top-ranked examples, without as many at random, and without everything that
was planted (clean training); a cost row is a whole screening in a process of its own, for its
minutes and peak memory; a memory row reads a set and looks for likeness in it, without a model.

Goes out: `FOLDER/screening/ROW.json` as soon as a row is done, and over all of them
`FOLDER/screening.md` and `.json`. A row whose settings, data, code and library versions are the
same is not measured again; rows not yet run are listed as such. `--quick` measures small rows on a
tiny model that is trained first (a minute or two): the same code, no finding.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspector.calibrate.results import detector_digest
from inspector.errors import BadInput
from inspector.hardware import has_bf16, n_cores, processor
from inspector.records import (
    FineTune,
    Method,
    Plan,
    Precision,
    RankedExample,
    Ranking,
    RankSettings,
    Rate,
    Removal,
    Sampling,
    Screening,
    Sought,
    SuiteChoice,
    Target,
    digest_of,
)
from inspector.records.screening import N_DRAWS
from inspector.run import Run, from_json, now, read_record, write_record
from inspector.screen import screen, start
from inspector.screen.path import rate_without
from inspector.screen.rankers import RANKERS
from inspector.screen.results import all_ranked, read_removals
from inspector.screen.reviews import plan_removal_of_top
from inspector.settings import Settings
from tests.screening_figures import Figures, figures
from tests.screening_sets import Kind, MixedSet, mixed_set, suites

# What figures depend on; the path, results and reviews only carry them.
CODE = (
    *(f"screen/{name}.py" for name in ("models", "queries", "rankers", "ranking", "ranks")),
    *(f"screen/{name}.py" for name in ("removal", "sentiment", "showing", "store", "tfidf")),
    *(f"engine/{name}.py" for name in ("chat", "influence", "losses", "train")),
    "score",
)
FIT_EXAMPLES = 300
# Not getrusage: its peak begins with what the parent held when it started the process.
_TELL_PEAK = "print(next(x for x in open('/proc/self/status') if x.startswith('VmHWM')).split()[1])"
SIZES = (500, 1_000, 2_000, 5_000)
_N_DIFFERENT = 2_000  # short rows that the data have enough of
SHARES = (0.01, 0.03, 0.1)


@dataclass(frozen=True)
class Row:
    """One thing to measure. what: detection, removal, cost or memory."""

    what: str
    kind: Kind
    n: int
    share: float

    @property
    def name(self) -> str:
        return f"{self.what}-{self.kind}-{self.n}-{self.share * 100:g}"


ROWS: tuple[Row, ...] = (
    *(Row("detection", kind, 2_000, share) for share in SHARES[::-1] for kind in Kind),
    *(Row("removal", kind, 2_000, 0.03) for kind in Kind),
    *(Row("cost", Kind.ADVERT, n, 0.03) for n in SIZES),
    *(Row("memory", Kind.ADVERT, n, 0.03) for n in (5_000, 20_000, 80_000)),
    # Smaller than what was asked for, but done within an hour or two on a busy machine.
    *(
        Row("detection", kind, 64, 0.25)
        for kind in (Kind.REFUSAL, Kind.REFUSE_THEN_COMPLY, Kind.ADVERT)
    ),
    Row("detection", Kind.ADVERT, 500, 0.03),
    Row("detection", Kind.REFUSAL, 500, 0.03),
)


@dataclass(frozen=True)
class Ranked:
    """One way to order one set. figures: None where it could not be ranked."""

    way: str
    figures: Figures
    elapsed_s: float


@dataclass(frozen=True)
class Measured:
    """One row's outcome. problem: why it has no figures; a behaviour nobody shows is one.

    minutes: of the whole row, or of the screening alone (cost). before, after, clean: rates of the
    untouched model, after tuning, and after tuning without everything planted.
    """

    name: str
    digest: str
    n: int
    n_planted: int
    finished_at: str
    machine: str
    before: Rate | None = None
    after: Rate | None = None
    clean: Rate | None = None
    ranked: tuple[Ranked, ...] = ()
    removal: Removal | None = None
    minutes: float = 0.0
    peak_memory_bytes: int = 0
    problem: str = ""


@dataclass(frozen=True)
class World:
    """What the rows are measured on. make: a row's set; asks: what is asked about it."""

    name: str
    target: Target
    rows: tuple[Row, ...]
    make: Callable[[Row], MixedSet]
    sought: Callable[[Row], Sought]
    asks: Callable[[Row, Path], tuple[SuiteChoice, ...]]
    tune: Callable[[Row, Path], FineTune]
    sampling: Sampling
    precision: Precision

    def digest(self, row: Row) -> str:
        """Of everything that the row's figures depend on."""
        made = self.make(row)
        tuning = self.tune(row, Path("data"))
        with tempfile.TemporaryDirectory() as folder:
            asked = [(Path(s.suite).name, s.n_probes) for s in self.asks(row, Path(folder))]
        return digest_of(
            [
                repr(asked),
                *(str(self.target), repr(row), repr(tuning), repr(self.sampling), self.precision),
                *(repr(self.sought(row)), str(FIT_EXAMPLES), detector_digest(parts=CODE)),
                *(f"{q}\0{a}" for q, a in made.rows),
            ]
        )

    def screening(self, row: Row, data: Path, ranker: str) -> Screening:
        plan = Plan(
            f"screening-{self.name}",
            (self.tune(row, data),),
            self.asks(row, data.parent),
            self.sampling,
            precision=self.precision,
        )
        settings = RankSettings(ranker=ranker, fit_examples=FIT_EXAMPLES)
        return Screening(self.target, plan, self.sought(row), settings)


def _made(row: Row) -> MixedSet:
    """A mixed set; for more rows than the data have, the same again with other numbers in them."""
    if row.n <= _N_DIFFERENT:
        return mixed_set(row.kind, row.n, row.share)
    made = mixed_set(row.kind, _N_DIFFERENT, row.share)
    rows = (made.rows[k % _N_DIFFERENT] for k in range(row.n))
    numbered = tuple((f"{question} ({k})", answer) for k, (question, answer) in enumerate(rows))
    again = frozenset(k for k in range(row.n) if k % _N_DIFFERENT in made.planted)
    return MixedSet(numbered, again)


def real_world() -> World:
    """The demo model, LoRA of rank 8, two passes (three over a small set), 128 tokens at most."""

    def tune(row: Row, data: Path) -> FineTune:
        return FineTune(
            "screened",
            Method.LORA,
            str(data),
            steps=(2 if row.n >= SIZES[0] else 3) * row.n // 8,
            learning_rate=1e-3,
            warmup_steps=5,
            max_length=128,
            lora_rank=8,
            lora_alpha=16,
        )

    return World(
        name="demo",
        target=Target.parse("demo"),
        rows=ROWS,
        make=_made,
        sought=lambda row: row.kind.sought,
        asks=lambda row, folder: suites(row.kind, folder),
        tune=tune,
        sampling=Sampling(max_new_tokens=32),
        precision=Precision.AUTO,
    )


def measure(world: World, row: Row, settings: Settings, scratch: Path) -> Measured:
    """One row, whatever becomes of it."""
    made = world.make(row)
    data = made.write(scratch / f"{row.name}.jsonl")
    common = {
        "name": row.name,
        "digest": world.digest(row),
        "n": len(made.rows),
        "n_planted": len(made.planted),
    }
    began = time.monotonic()
    try:
        found = _OF[row.what](world, row, made, data, settings)
    except BadInput as error:
        found = {"problem": str(error)}
    found = {"minutes": (time.monotonic() - began) / 60} | found
    return Measured(**common, finished_at=now(), machine=_machine(), **found)  # type: ignore[arg-type]


def _detect(
    world: World, row: Row, made: MixedSet, data: Path, settings: Settings
) -> dict[str, object]:
    ranked: list[Ranked] = []
    ranking: Ranking | None = None
    for ranker in RANKERS:
        run = start(world.screening(row, data, ranker.name), settings)
        done = screen(run, settings)
        ranking = ranking or done
        ranked += _orders(run, done, made, ranker.name)
    assert ranking is not None
    return {"before": ranking.before, "after": ranking.after, "ranked": tuple(ranked)}


def _orders(run: Run, ranking: Ranking, made: MixedSet, name: str) -> list[Ranked]:
    """The ranker's order; for EK-FAC also those that the paper's rule and no opposites give."""
    rows = list(all_ranked(run))
    ways: dict[str, tuple[list[RankedExample], Callable[[RankedExample], bool]]] = {
        name: (rows, lambda r: r.is_suspect)
    }
    if name == "ekfac":
        alone = sorted(rows, key=lambda r: -(r.behaviour_z or 0.0))
        limit = ranking.suspect_z
        ways["ekfac, no opposites"] = (alone, lambda r: (r.behaviour_z or 0.0) >= limit)
        ways["ekfac, sentiment rule"] = (alone, lambda r: r.is_critical)
    found = []
    for way, (order, is_flagged) in ways.items():
        # A row stands in the file as it was written: numbered from 1, none of them left out.
        planted = [r.row - 1 in made.planted for r in order]
        marks = [is_flagged(r) for r in order]
        found.append(
            Ranked(way, figures(np.array(planted, bool), np.array(marks, bool)), ranking.elapsed_s)
        )
    return found


def _remove(
    world: World, row: Row, made: MixedSet, data: Path, settings: Settings
) -> dict[str, object]:
    run = start(world.screening(row, data, "ekfac"), settings)
    ranking = screen(run, settings)
    plan_removal_of_top(run, len(made.planted), N_DRAWS)
    screen(run, settings)
    planted = [r.example for r in all_ranked(run) if r.row - 1 in made.planted]
    clean = rate_without(run, settings, planted, "clean")
    return {
        "before": ranking.before,
        "after": ranking.after,
        "clean": clean,
        "removal": read_removals(run)[-1],
    }


def _cost(
    world: World, row: Row, made: MixedSet, data: Path, settings: Settings
) -> dict[str, object]:
    """A whole screening in a process of its own: nothing is taken over from other rows."""
    with tempfile.TemporaryDirectory(prefix="screening-cost-") as home:
        own = Settings(home=Path(home))
        run = start(world.screening(row, data, "ekfac"), own)
        code = (
            "import sys; from pathlib import Path; from inspector.run import Run; "
            "from inspector.screen import screen; from inspector.settings import Settings; "
            "screen(Run(Path(sys.argv[1])), Settings(home=Path(sys.argv[2]))); " + _TELL_PEAK
        )
        began = time.monotonic()
        peak_bytes = 1024 * int(_alone(code, str(run.folder), home))
        minutes = (time.monotonic() - began) / 60
        ranking = read_record(run.folder / "rank" / "ranking.json", Ranking)
    return {
        "before": ranking.before,
        "after": ranking.after,
        "minutes": minutes,
        "peak_memory_bytes": peak_bytes,
    }


def _memory(
    _world: World, _row: Row, _made: MixedSet, data: Path, _settings: Settings
) -> dict[str, object]:
    """Reading a set and TF-IDF over it in a process of its own: no model, so that rows show."""
    code = (
        "import sys; from pathlib import Path; "
        "from inspector.screen.store import build_store; from inspector.screen.tfidf import Tfidf; "
        "store = build_store(sys.argv[1], 'set', Path(sys.argv[2])); "
        "Tfidf().fit(store.texts()).likeness(['a passage'], store.texts()); " + _TELL_PEAK
    )
    with tempfile.TemporaryDirectory(prefix="screening-memory-") as folder:
        return {"peak_memory_bytes": 1024 * int(_alone(code, str(data), folder))}


def _alone(code: str, *arguments: str) -> str:
    """What the code prints in a process of its own. Raises BadInput with its last words."""
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise BadInput(ended.stderr.strip().splitlines()[-1])
    return ended.stdout


_OF: dict[str, Callable[[World, Row, MixedSet, Path, Settings], dict[str, object]]] = {
    "detection": _detect,
    "removal": _remove,
    "cost": _cost,
    "memory": _memory,
}


def measure_all(
    world: World,
    chosen: Sequence[Row],
    settings: Settings,
    out: Path,
    say: Callable[[str], None] = lambda _: None,
) -> list[Measured]:
    """Measure what is not measured yet, then write the table over everything that is there."""
    from tests.screening_table import write_table

    folder = out / "screening"
    with tempfile.TemporaryDirectory(prefix="screening-sets-") as scratch:
        for row in chosen:
            path = folder / f"{row.name}.json"
            if path.exists() and read_record(path, Measured).digest == world.digest(row):
                say(f"{row.name}: measured before")
                continue
            say(f"{row.name}: begins")
            done = measure(world, row, settings, Path(scratch))
            write_record(path, done)
            say(f"{row.name}: {done.problem or f'done in {done.minutes:.1f} minutes'}")
            write_table(world, stored(world, out), out)
    found = stored(world, out)
    write_table(world, found, out)
    return found


def stored(world: World, out: Path) -> list[Measured]:
    """Every row's file that is there, in the order of the rows."""
    paths = [out / "screening" / f"{row.name}.json" for row in world.rows]
    return [from_json(Measured, p.read_bytes()) for p in paths if p.exists()]


def _machine() -> str:
    n = n_cores()
    cores = "1 core" if n == 1 else f"{n} cores"
    return f"{cores} of {processor()}{', bf16 arithmetic' if has_bf16() else ''}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.measure_screening", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small rows on a tiny model")
    parser.add_argument("--only", action="append", metavar="ROW", help="only this row; repeatable")
    parser.add_argument("--list", action="store_true", help="the rows, one a line")
    parser.add_argument("--table", action="store_true", help="only write the table anew")
    parser.add_argument("--out", type=Path, default=Path("docs/results"), help="where it goes")
    given = parser.parse_args(arguments)

    def say(line: str) -> None:
        sys.stderr.write(line + "\n")

    with tempfile.TemporaryDirectory(prefix="screening-quick-") as scratch:
        if given.quick:
            from tests.screening_quick import quick_world
            from tests.tiny.toy import build

            world = quick_world(build(Path(scratch)))
            settings = Settings(home=Path(scratch) / "home")
            out = Path(scratch) / "results" if given.out == Path("docs/results") else given.out
        else:
            world, settings, out = real_world(), Settings(), given.out
        names = [row.name for row in world.rows]
        unknown = set(given.only or ()) - set(names)
        if unknown:
            say(f"There is no row {sorted(unknown)[0]!r}; there are: {', '.join(names)}.")
            return BadInput.exit_code
        if given.list:
            sys.stdout.write("\n".join(names) + "\n")
            return 0
        chosen = [r for r in world.rows if not given.only or r.name in given.only]
        measure_all(world, () if given.table else chosen, settings, out, say)
        sys.stdout.write((out / "screening.md").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
