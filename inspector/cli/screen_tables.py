"""What `screen` prints: rankings, single examples, lists; as tab-separated lines or JSON."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from inspector.cli.app import say
from inspector.errors import BadInput
from inspector.run import Run
from inspector.settings import Settings
from inspector.terminal import visible

if TYPE_CHECKING:
    from inspector.records import RankedExample

TOP = 20  # examples that `screen rank` prints
_TEXT_CHARS = 120


def tell_ranking(run: Run, as_json: bool) -> NoReturn:
    from inspector.screen.results import read_ranking

    ranking = read_ranking(run)
    assert ranking is not None  # the job finished
    tell_rows(run, TOP, as_json)
    raise typer.Exit(ranking.level.exit_code)


def tell_rows(run: Run, top: int, as_json: bool) -> None:
    from inspector.screen.results import read_ranked, read_ranking, read_store
    from inspector.screen.reviews import standing_reviews

    ranking, store = read_ranking(run), read_store(run)
    if ranking is None or store is None:
        raise BadInput(
            f"The screening {run.run_id} has no ranking yet; wait for its end, or see "
            f"{run.log_path} for why it stopped."
        )
    rows, said = read_ranked(run, 0, top), standing_reviews(run)
    texts = dict(
        zip((r.example for r in rows), store.texts([r.example for r in rows]), strict=True)
    )
    if as_json:
        print_json(
            {
                "screening": run.run_id,
                "folder": str(run.folder),
                "ranking": asdict(ranking),
                "examples": [
                    asdict(r)
                    | {
                        "text": texts[r.example],
                        "review": said[r.example].verdict if r.example in said else None,
                    }
                    for r in rows
                ],
            }
        )
        return
    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    writer.writerow(["rank", "example", "row", "copies", "z", "marks", "review", "text"])
    for row in rows:
        writer.writerow(
            [
                row.rank,
                row.example,
                row.row,
                row.n_copies,
                "" if row.score is None else f"{row.score:.1f}",
                _marks(row),
                said[row.example].verdict if row.example in said else "",
                visible(" ".join(texts[row.example].split()))[:_TEXT_CHARS],
            ]
        )
    sys.stdout.flush()
    say(visible(ranking.sentence))
    say(
        f"By the sentiment rule (arXiv 2504.09026) {ranking.n_critical} are critical, "
        f"{ranking.n_both} by both rules. Next: screen review {run.run_id} --help"
    )


def _marks(row: RankedExample) -> str:
    marks = {"suspect": row.is_suspect, "critical": row.is_critical, "not scored": not row.scored}
    return ", ".join(name for name, is_so in marks.items() if is_so)


def tell_example(run: Run, example: int, as_json: bool) -> None:
    from inspector.screen.results import ranked_example, read_store
    from inspector.screen.reviews import read_example_reviews

    row, store = ranked_example(run, example), read_store(run)
    assert store is not None  # what is ranked was read
    reviews = [r for r in read_example_reviews(run) if r.example == example]
    turns = [asdict(m) for m in store[example].messages]
    if as_json:
        print_json(asdict(row) | {"messages": turns, "reviews": [asdict(r) for r in reviews]})
        return
    sys.stdout.write(f"rank {row.rank}, row {row.row}, {row.n_copies} copies, {_marks(row)}\n")
    for turn in turns:
        lines = "\n".join(map(visible, turn["content"].splitlines()))
        sys.stdout.write(f"\n{turn['role']}:\n{lines}\n")
    for review in reviews:
        sys.stdout.write(
            f"\n{review.verdict} by {visible(review.name)} at {review.at}: "
            f"{visible(review.reason)}\n"
        )


def list_all(settings: Settings, as_json: bool) -> None:
    from inspector.screen.results import list_screenings, read_inputs, read_ranking

    found = []
    for run in list_screenings(settings):
        inputs, ranking = read_inputs(run), read_ranking(run)
        found.append(
            {
                "screening": run.run_id,
                "target": str(inputs.target),
                "data": inputs.tuning.data,
                "behaviour": inputs.sought.title,
                "suspects": ranking.n_suspects if ranking else None,
                "examples": ranking.n_examples if ranking else None,
            }
        )
    if as_json:
        print_json(found)
        return
    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    writer.writerow(["screening", "target", "data", "behaviour", "suspects", "examples"])
    for row in found:
        writer.writerow(["" if v is None else v for v in row.values()])


def print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
