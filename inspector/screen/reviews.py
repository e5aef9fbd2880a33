"""What people say of single examples, and the removals they ask for.

Comes in: a screening and a person's word. Goes out: one line more in RUN/reviews.jsonl, which is
only ever appended to; and RUN/removal-plan.json, what to train again without. No data are deleted
by either: removing means training on the others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from inspector.errors import BadInput
from inspector.files import disk_errors
from inspector.records import ExampleReview, ExampleVerdict, RemovalPlan
from inspector.run import Run, write_record
from inspector.screen.results import PLAN, ranked_example, read_ranked, read_ranking, read_store

_FILE = "reviews.jsonl"
_REVIEW = TypeAdapter(ExampleReview)


def review_example(
    run: Run, example: int, verdict: ExampleVerdict, name: str, reason: str
) -> ExampleReview:
    """Record a person's word on one example, as of now.

    Raises BadInput where no such example was ranked, or the review says too little.
    """
    ranked_example(run, example)
    store = read_store(run)
    assert store is not None  # what is ranked was read
    at = datetime.now(UTC).isoformat(timespec="seconds")
    review = ExampleReview(example, store.text_sha256(example), verdict, name, reason, at)
    path = run.folder / _FILE
    with disk_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, _REVIEW.dump_json(review) + b"\n")
        finally:
            os.close(handle)
    return review


def read_example_reviews(run: Run) -> list[ExampleReview]:
    """Every review in its order. Raises BadInput at a line that was tampered with."""
    path = run.folder / _FILE
    reviews = []
    lines = path.read_bytes().splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            reviews.append(_REVIEW.validate_json(line))
        except ValidationError as error:
            raise BadInput(
                f"Line {number} of {path} is no review; restore the file from a copy, or remove "
                "that line."
            ) from error
    return reviews


def standing_reviews(run: Run) -> Mapping[int, ExampleReview]:
    """The last accept or reject of each example; notes change nothing."""
    return {r.example: r for r in read_example_reviews(run) if r.verdict is not ExampleVerdict.NOTE}


def plan_removal_of_rejected(run: Run, n_draws: int, seed: int = 0) -> RemovalPlan:
    """Ask for training without what reviewers rejected."""
    rejected = [k for k, r in standing_reviews(run).items() if r.verdict is ExampleVerdict.REJECT]
    names = sorted({r.name for k, r in standing_reviews(run).items() if k in rejected})
    words = f"{len(rejected)} examples rejected by {', '.join(names)}" if rejected else ""
    return _ask(run, RemovalPlan(tuple(sorted(rejected)), words, n_draws, seed))


def plan_removal_of_top(run: Run, k: int, n_draws: int, seed: int = 0) -> RemovalPlan:
    """Ask for training without the k top-ranked examples. Raises BadInput where k is too large."""
    ranking = read_ranking(run)
    if ranking is None:
        raise BadInput(f"The screening {run.run_id} has no ranking yet; let it finish first.")
    if not 1 <= k < ranking.n_scored:
        raise BadInput(
            f"{k} examples cannot be left out of {ranking.n_scored} ranked ones; give 1 to "
            f"{ranking.n_scored - 1}."
        )
    top = tuple(sorted(r.example for r in read_ranked(run, 0, k)))
    return _ask(
        run, RemovalPlan(top, f"the {k} top-ranked examples, as no person chose", n_draws, seed)
    )


def _ask(run: Run, plan: RemovalPlan) -> RemovalPlan:
    write_record(run.folder / PLAN, plan)
    return plan
