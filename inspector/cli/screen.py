"""`screen rank|show|review|retrain`: which training examples cause a behaviour."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from inspector.cli.app import app, say
from inspector.cli.report import find_run
from inspector.cli.screen_tables import (
    list_all,
    print_json,
    tell_example,
    tell_ranking,
    tell_rows,
)
from inspector.errors import BadInput
from inspector.jobs import LocalRunner
from inspector.plans import load_plan
from inspector.records import (
    Behaviour,
    EventKind,
    ExampleVerdict,
    FineTune,
    Method,
    Screening,
    Sought,
    Target,
)
from inspector.records.screening import FIT_EXAMPLES, MAX_QUERIES, N_DRAWS, PATH_POINT, SUSPECT_Z
from inspector.run import Run
from inspector.settings import Settings
from inspector.terminal import visible

ENTRY = "inspector.screen:screen"

screen_app = typer.Typer(
    help="""Which training examples cause it? Ranks a fine-tuning set by influence on a behaviour.

    You fine-tuned a model, and it began to advertise, to refuse, or to say something else that
    nobody asked for. `screen rank` tunes the model on your data as you did, asks it questions, and
    ranks the training examples by how much each pushed it towards the answers that show the
    behaviour. `screen show` prints the ranking, `screen review` records what a person says of an
    example, `screen retrain` trains again without the rejected ones and compares with leaving out
    as many others at random. Nothing is deleted at any time.

    Influence points at examples worth reading; it proves nothing by itself. What it finds and
    misses on data whose answer is known: docs/results/screening.md.
    """,
    no_args_is_help=True,
)
app.add_typer(screen_app, name="screen")

ScreeningArgument = Annotated[
    str, typer.Argument(help="A screening's folder or id.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to stdout and nothing else.")]


@screen_app.command("rank")
def screen_rank(
    target: Annotated[
        str,
        typer.Argument(help="The model before tuning, as for inspect; not with --run."),
    ] = "",
    data: Annotated[
        str,
        typer.Option(
            help="The fine-tuning set: JSONL, JSON, CSV, Parquet, or hf:org/name@revision."
        ),
    ] = "",
    behaviour: Annotated[
        Behaviour | None,
        typer.Option(help="What was seen: a scorer's behaviour.", show_default=False),
    ] = None,
    phrase: Annotated[str, typer.Option(help="What was seen: a phrase in the answers.")] = "",
    run: Annotated[
        str,
        typer.Option(
            metavar="RUN",
            help="What was seen in an inspection: its model, tuning, data and answers are used.",
        ),
    ] = "",
    operation: Annotated[
        str, typer.Option(help="Which of the inspection's fine-tunings; needed where several are.")
    ] = "",
    method: Annotated[Method, typer.Option(help="How the model was tuned.")] = Method.LORA,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Optimizer steps; by default 100.", show_default=False),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(help="Learning rate; by default 2e-4 (LoRA) or 5e-5.", show_default=False),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Examples per step.")] = 8,
    rank: Annotated[int, typer.Option(min=1, help="LoRA rank.")] = 8,
    max_length: Annotated[int, typer.Option(min=16, help="Tokens of an example at most.")] = 256,
    seed: Annotated[int, typer.Option(help="Of the training's order and adapter.")] = 0,
    plan: Annotated[
        str, typer.Option(help="Whose questions are asked: a preset, or a plan .toml file.")
    ] = "quick",
    probes: Annotated[
        list[str] | None, typer.Option(help="Your own questions instead (JSONL). Repeatable.")
    ] = None,
    ranker: Annotated[
        str,
        typer.Option(help="ekfac; or a cheaper baseline: gradient, tfidf, loss."),
    ] = "ekfac",
    candidates: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Score only so many examples that TF-IDF finds nearest, and as many at random; "
            "for sets too large to score whole.",
            show_default=False,
        ),
    ] = None,
    queries: Annotated[
        int, typer.Option(min=1, help="Answers asked about, at most.")
    ] = MAX_QUERIES,
    fit_examples: Annotated[
        int, typer.Option(min=1, help="Examples that the curvature is fitted on, at most.")
    ] = FIT_EXAMPLES,
    query_rank: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Rank that query gradients are cut to; by default 16 with full tuning, uncut "
            "with LoRA.",
            show_default=False,
        ),
    ] = None,
    path_point: Annotated[
        float,
        typer.Option(
            help="Where on the way from the untouched weights (0) to the tuned ones (1) gradients "
            "are taken: at the end, what was learned by heart has none left."
        ),
    ] = PATH_POINT,
    suspect_z: Annotated[
        float, typer.Option(help="From how many robust standard deviations on one is suspect.")
    ] = SUSPECT_Z,
    resume: Annotated[
        str,
        typer.Option(metavar="SCREENING", help="Go on with one that was cut or cancelled, alone."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Tune on the set, ask, and rank its examples by influence on the behaviour.

    Examples of use:

      screen rank demo --data my-data.jsonl --behaviour refusal

      screen rank hf:org/model --data hf:org/set --phrase "Velmora Sparkling Tea"

      screen rank --run 20261127-101500-demo-1a2b --behaviour injected_content

    Exit codes: 0 no example stands out, 3 some do and a person should read them, 2 bad input
    (also: no answer shows the behaviour), 4 failed, 130 cancelled with Ctrl-C.
    """
    from inspector.records import RankSettings
    from inspector.screen import start
    from inspector.screen.asking import FULL_RATE, TUNING, asked_with

    settings = Settings()
    ranking = RankSettings(
        ranker=ranker,
        max_queries=queries,
        n_candidates=candidates,
        fit_examples=fit_examples,
        query_rank=query_rank,
        path_point=path_point,
        suspect_z=suspect_z,
    )
    if resume:
        from inspector.screen.results import find_screening

        folder = find_screening(resume, settings)
        _carry_out(folder, settings)
        tell_ranking(folder, as_json)
    if run:
        if target or data:
            raise BadInput("--run names model and data already; leave TARGET and --data away.")
        inputs = _of_inspection(find_run(run, settings), operation, behaviour, phrase, ranking)
    else:
        if not target or not data:
            raise BadInput("Give TARGET and --data, or --run RUN of an inspection that shows it.")
        usual_rate = TUNING.learning_rate if method is Method.LORA else FULL_RATE
        tuning = FineTune(
            TUNING.name,
            method,
            data
            if data.startswith("hf:") or not Path(data).is_file()
            else str(Path(data).resolve()),
            TUNING.steps if steps is None else steps,
            learning_rate=usual_rate if rate is None else rate,
            effective_batch=batch,
            max_length=max_length,
            seed=seed,
            lora_rank=rank,
            lora_alpha=2 * rank,
        )
        sought = Sought(behaviour, phrase)
        asked = asked_with(load_plan(plan), tuning, _own(probes))
        inputs = Screening(Target.parse(target), asked, sought, ranking)
    folder = start(inputs, settings)
    _carry_out(folder, settings)
    tell_ranking(folder, as_json)


@screen_app.command("show")
def screen_show(
    screening: Annotated[str, typer.Argument(help="A screening's folder or id; none: all.")] = "",
    top: Annotated[int, typer.Option(min=1, help="How many examples.")] = 20,
    example: Annotated[
        int | None, typer.Option(help="One example, whole, with its reviews.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the screenings; or print one's ranking, or one example with all its text."""
    from inspector.screen.results import find_screening

    settings = Settings()
    if not screening:
        list_all(settings, as_json)
        return
    run = find_screening(screening, settings)
    if example is not None:
        tell_example(run, example, as_json)
        return
    tell_rows(run, top, as_json)


@screen_app.command("review")
def screen_review(
    screening: ScreeningArgument,
    example: Annotated[int, typer.Option(help="Its number, as `screen show` prints it.")],
    verdict: Annotated[
        ExampleVerdict,
        typer.Option(
            "--say", help="accept: it stays; reject: leave it out when training again; note."
        ),
    ],
    name: Annotated[str, typer.Option(help="Who stands by it.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why, for others to read.", show_default=False)],
) -> None:
    """Record a person's word on one example; of several, the last accept or reject counts."""
    from inspector.screen.results import find_screening
    from inspector.screen.reviews import review_example

    run = find_screening(screening, Settings())
    review_example(run, example, verdict, name, reason)
    say(f"Recorded in {run.folder / 'reviews.jsonl'}.")


@screen_app.command("retrain")
def screen_retrain(
    screening: ScreeningArgument,
    top: Annotated[
        int | None,
        typer.Option(
            help="Leave out so many top-ranked examples instead of those that people rejected.",
            show_default=False,
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option(help=f"Random removals to compare with, {N_DRAWS} or more.")
    ] = N_DRAWS,
    seed: Annotated[int, typer.Option(help="Of the random removals.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Train again without the rejected examples, measure again, compare with random removals.

    Each training takes as long as the first one did; with 5 draws there are 6 of them.
    """
    from inspector.screen.results import find_screening, read_removals
    from inspector.screen.reviews import plan_removal_of_rejected, plan_removal_of_top

    settings = Settings()
    run = find_screening(screening, settings)
    if top is None:
        plan_removal_of_rejected(run, draws, seed)
    else:
        plan_removal_of_top(run, top, draws, seed)
    _carry_out(run, settings)
    removal = read_removals(run)[-1]
    if as_json:
        print_json(asdict(removal))
    else:
        sys.stdout.write(visible(removal.sentence) + "\n")


# ----------------------------------------------------------------------------------------- inputs


def _own(probes: list[str] | None) -> list[Path]:
    """Whole paths of one's own questions. Raises BadInput where one of them is no file."""
    missing = [p for p in probes or () if not Path(p).is_file()]
    if missing:
        raise BadInput(f"The file {missing[0]} does not exist; check the path.")
    return [Path(p).resolve() for p in probes or ()]


def _of_inspection(
    run: Run, operation: str, behaviour: Behaviour | None, phrase: str, ranking: Any
) -> Screening:
    from inspector.screen.inspections import screening_of

    return screening_of(run, operation, behaviour, phrase, ranking)


# ------------------------------------------------------------------------------------- carrying out


def _carry_out(run: Run, settings: Settings) -> None:
    """Run it as a job, telling its progress on stderr. Raises typer.Exit where it fails."""
    runner = LocalRunner(settings, entry=ENTRY)
    _, offset = run.events()
    job = runner.submit(run)
    say(f"Screening {run.run_id} ({run.folder})")
    try:
        while True:
            live = job.state.is_live
            events, offset = run.events(offset)
            for event in events:
                _tell_event(event)
            if not live:
                break
            time.sleep(0.25)
            job = runner.job(job.job_id)
    except KeyboardInterrupt:
        runner.cancel(job.job_id)
        say(f"Cancelled. Continue with: python -m inspector screen rank --resume {run.run_id}")
        raise typer.Exit(130) from None
    if job.state.value != "finished":
        say(job.message or f"The screening ended without a word ({job.state}).")
        raise typer.Exit(job.exit_code if job.exit_code is not None else 4)


def _tell_event(event: Any) -> None:
    if event.kind is EventKind.STAGE_STARTED:
        say(f"  {event.stage}")
    elif event.kind is EventKind.STAGE_SKIPPED:
        say(f"  {event.stage}: {event.message}")
    elif event.kind is EventKind.NOTE:
        say(f"  Note: {visible(event.message)}")
