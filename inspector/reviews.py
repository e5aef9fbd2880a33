"""What people said of single scores: read from the run folder, and held against what is there now.

Comes in: a run folder with RUN/reviews.json, oldest first. Goes out: ScoreReviews, each with
whether it still stands: the answer's text and the score are those it was written on. After a run
was done again some may not; they are listed, and change nothing. `inspector.reviewing` writes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from inspector.errors import InspectorError
from inspector.records import (
    Reviewed,
    Score,
    ScoreReview,
    StandingReview,
    digest_of,
)
from inspector.run import from_json, read_record
from inspector.stored import read_answers, read_scores

FILE = "reviews.json"


def text_digest(text: str) -> str:
    """SHA-256 of an answer; half a surrogate pair, which has no UTF-8, counts as it is."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_reviews(folder: Path) -> tuple[ScoreReview, ...]:
    """Every review, oldest first. Raises InspectorError where the file is damaged."""
    path = folder / FILE
    if not path.exists():
        return ()
    try:
        return tuple(from_json(list[ScoreReview], path.read_bytes()))
    except (InspectorError, ValueError) as error:
        raise InspectorError(
            f"The file {path} holds no reviews that can be read ({error}); mend it, or move it "
            "away and review again."
        ) from error


def standing_reviews(folder: Path) -> tuple[StandingReview, ...]:
    """Every review, oldest first, with whether its answer and its score are still the same."""
    reviews = read_reviews(folder)
    if not reviews:
        return ()
    scores = {_of_score(s): s for s in read_scores(folder)}
    texts = {
        (r.subject, r.variant, r.suite, r.probe_id, r.sample_index): text_digest(r.text)
        for subject, variant in {(review.subject, review.variant) for review in reviews}
        for r in read_answers(folder, subject, variant)
    }
    return tuple(
        StandingReview(
            review,
            texts.get(review.answer) == review.text_sha256
            and (score := scores.get((*review.answer, review.behaviour))) is not None
            and (score.scorer, score.value) == (review.scorer, review.said),
        )
        for review in reviews
    )


def _of_score(score: Score) -> tuple[object, ...]:
    return (
        *(score.subject, score.variant, score.suite, score.probe_id, score.sample_index),
        score.behaviour,
    )


def facts_digest(folder: Path) -> str:
    """Of what `Reviewed` is made from: the reviews, the scores and the verdict."""
    files = (FILE, "score/scores.parquet", "judge/verdict.json")
    return digest_of(
        hashlib.sha256((folder / name).read_bytes()).hexdigest() if (folder / name).exists() else ""
        for name in files
    )


def read_reviewed(folder: Path) -> Reviewed | None:
    """The metrics as reviewed; None where there are none, or they are not of the present facts."""
    path = folder / "reviewed.json"
    if not path.exists():
        return None
    reviewed = read_record(path, Reviewed)
    return reviewed if reviewed.digest == facts_digest(folder) else None
