"""`review`: what a person says of a score of one answer, and what was said so far."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from inspector.cli.app import app, say
from inspector.cli.report import RunArgument, find_run
from inspector.errors import BadInput
from inspector.labels import review_words, reviewed_rows
from inspector.records import UNTOUCHED, Behaviour, ReviewAction, Subject
from inspector.run import Run
from inspector.settings import Settings


@app.command()
def review(
    run: RunArgument,
    action: Annotated[
        ReviewAction | None,
        typer.Option("--say", help="What the person says; without it, what was said is listed."),
    ] = None,
    probe: Annotated[str, typer.Option(help="The question, as suite/id.")] = "",
    behaviour: Annotated[
        Behaviour | None, typer.Option(help="Which score.", show_default=False)
    ] = None,
    operation: Annotated[
        str, typer.Option(help="After which operation the answer was given.")
    ] = UNTOUCHED,
    subject: Annotated[Subject, typer.Option(help="Whose answer.")] = Subject.TARGET,
    sample: Annotated[int, typer.Option(min=1, help="Which of several answers.")] = 1,
    seen: Annotated[
        bool | None,
        typer.Option("--seen/--not-seen", help="To overrule a scorer that could not tell."),
    ] = None,
    name: Annotated[str, typer.Option(help="Who stands by it.", show_default=False)] = "",
    reason: Annotated[str, typer.Option(help="Why, for others to read.", show_default=False)] = "",
) -> None:
    """Confirm, overrule or annotate a score; the metrics then stand as scored and as reviewed."""
    from inspector.reviewing import review_score

    folder = find_run(run, Settings())
    if action is None:
        _list(folder)
        return
    suite, _, probe_id = probe.partition("/")
    if not probe_id or behaviour is None:
        raise BadInput(
            "A review is of one score: give --probe suite/id and --behaviour; the Responses page "
            "shows both."
        )
    answer = (subject, operation, suite, probe_id, sample - 1)
    review_score(folder, answer, behaviour, action, name, reason, seen)
    say(f"Recorded in {folder.folder / 'reviews.json'}; export the report again to show it.")


def _list(folder: Run) -> None:
    from inspector.reviewing import reviewed_metrics
    from inspector.reviews import standing_reviews

    for line in standing_reviews(folder.folder):
        r = line.review
        where = f"{r.suite}/{r.probe_id}, sample {r.sample_index + 1}, {r.variant}, {r.subject}"
        stands = "" if line.stands else " [on other facts: counts no more]"
        sys.stdout.write(f"{r.action}: {where}: {review_words(r)}{stands}\n")
    for row in reviewed_rows(reviewed_metrics(folder)):
        sys.stdout.write(
            f"{row['behaviour']} / {row['scenario']}, {row['counted']}: before {row['before']}, "
            f"after {row['after']} ({row['n_reviewed']} reviewed, {row['n_overruled']} overruled)\n"
        )
