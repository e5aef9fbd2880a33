"""`federate screen|aggregate|simulate|repair`: organisations that tune one model together."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from inspector.cli.app import app, say
from inspector.cli.federate_options import (
    BaseOption,
    BatchOption,
    JsonOption,
    MaliciousOption,
    Participants,
    PlanOption,
    ProbesOption,
    RankOption,
    RateOption,
    ResumeOption,
    RuleOption,
    RunOption,
    SamplesOption,
    StepsOption,
    TargetsOption,
    carried_out,
    check_rule,
    print_outcome,
    samples_of,
    target_or_none,
)
from inspector.cli.federate_tables import draw_repair, draw_round, draw_simulation
from inspector.errors import BadInput
from inspector.federate.asking import (
    BUILT_IN,
    existing,
    participants_folder,
    questions_of,
    tuning_of,
)
from inspector.records import Target
from inspector.records.rounds import (
    DefenceLevel,
    Repair,
    RepairResult,
    RoundScreening,
    RoundVerdict,
    Screened,
    Simulation,
    SimulationResult,
)
from inspector.settings import Settings

federate_app = typer.Typer(
    help="Organisations that tune one model together: who of a round does harm, what the "
    "aggregate has become, and how it is repaired. Participants send PEFT LoRA adapters "
    "(adapter_config.json and adapter_model.safetensors), one folder each.",
    no_args_is_help=True,
)
app.add_typer(federate_app, name="federate")


@federate_app.command()
def screen(
    participants: Participants = None,
    base: BaseOption = None,
    rule: RuleOption = "fedavg",
    malicious: MaliciousOption = None,
    samples: SamplesOption = None,
    plan: PlanOption = None,
    probes: ProbesOption = None,
    leave_one_out: Annotated[
        bool,
        typer.Option(
            "--leave-one-out/--no-leave-one-out",
            help="Ask the aggregates without each participant too (about doubles the time).",
        ),
    ] = True,
    run: RunOption = None,
    resume: ResumeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say which participant of a round does harm, and what the aggregate has become.

    Every participant's model, the aggregate and the aggregates without each of them are asked the
    same probes as the base. A participant's change is held against that of the participant in the
    middle of the others; p-values hold over all participants. What the weights alone say stands
    beside it. One that cannot be used (NaN, empty, another kind) is set aside, and said.

    Exit codes: 0 no evidence found, 1 evidence, 2 bad input, 3 review or inconclusive, 4 failed.

    Example: python -m inspector federate screen ./round-7 --samples acme=500 --samples globex=120
    """
    settings = Settings()
    study = None
    if not resume:
        study = RoundScreening(
            participants=str(participants_folder(participants, settings)),
            plan=questions_of(plan, probes),
            base=target_or_none(base),
            rule=rule,
            n_malicious=malicious,
            samples=samples_of(samples),
            leave_one_out=leave_one_out,
        )
        check_rule(rule)
    verdict = carried_out(study, settings, run, RoundVerdict)
    if as_json:
        print_outcome(verdict)
    else:
        draw_round(Console(), verdict)
    raise typer.Exit(verdict.level.exit_code)


@federate_app.command()
def aggregate(
    participants: Participants = None,
    output: Annotated[
        Path, typer.Option("--output", help="The folder that gets the adapter.")
    ] = Path("aggregate"),
    base: BaseOption = None,
    rule: RuleOption = "fedavg",
    malicious: MaliciousOption = None,
    samples: SamplesOption = None,
    max_rank: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Rank of the adapter that median, trimmed-mean and residual are truncated to; by "
            "default the sum of the participants' ranks. The error is stated.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make one adapter of a round's adapters. No model is loaded, and nobody is asked anything.

    Changes of the weights are averaged (scale times B A), never the factors apart, so adapters may
    differ in rank and in modules. Rules that weigh participants give an exact adapter; rules that
    work on single weights one of limited rank, whose relative error is said.

    Exit codes: 0 written, 2 bad input, 4 failed.
    """
    from inspector.federate.participants import read_round
    from inspector.federate.rules import aggregate as combine
    from inspector.federate.rules import assumed_malicious, rule_named
    from inspector.federate.writing import write_adapter
    from inspector.records.rounds import Standing
    from inspector.run import to_json

    settings = Settings()
    chosen = rule_named(rule)
    if output.exists() and any(output.iterdir()):
        raise BadInput(f"The folder {output} is not empty; give another with --output.")
    folder = participants_folder(participants, settings)
    read = read_round(folder, target_or_none(base), settings, dict(samples_of(samples)))
    for p in read.participants:
        if p.standing is Standing.SET_ASIDE:
            say(f"Set aside: {p.name}: {p.problem}")
        for note in p.notes:
            say(f"Note: {p.name}: {note}")
    expected = assumed_malicious(read.updates.n, malicious)
    update, account = combine(chosen, read.updates, expected, max_rank)
    write_adapter(update, read.base.target, output)
    if as_json:
        names = dict(zip(read.updates.names, account.weights, strict=False))
        told = json.loads(to_json(account)) | {"weights": names, "output": str(output.resolve())}
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
        return
    exact = "exact" if account.is_exact else f"relative error {account.relative_error:.2%}"
    sys.stdout.write(
        f"{output}: {account.rule} of {account.n_participants} participants, rank {account.rank}, "
        f"{exact}\n"
    )
    for name, weight in zip(read.updates.names, account.weights, strict=False):
        sys.stdout.write(f"  {name}\t{weight:.4f}\n")
    if account.note:
        sys.stdout.write(f"Note: {account.note}\n")


@federate_app.command()
def simulate(
    base: Annotated[
        str, typer.Option("--base", help="What rounds begin with: demo, hf:org/name or a folder.")
    ] = "demo",
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            help=f"Sets that honest participants draw from, each one topic: {', '.join(BUILT_IN)} "
            "or your own JSONL; all four else. Repeatable.",
        ),
    ] = None,
    rule: RuleOption = "fedavg",
    malicious: MaliciousOption = None,
    participants: Annotated[int, typer.Option(min=1, help="How many there are.")] = 10,
    malicious_share: Annotated[
        float, typer.Option(help="Share of them that tune on attack data, below 0.5.")
    ] = 0.3,
    samples: Annotated[int, typer.Option(min=1, help="Examples of each participant.")] = 500,
    rounds: Annotated[int, typer.Option(min=1, help="How many rounds.")] = 3,
    per_round: Annotated[
        int | None, typer.Option(min=1, help="How many take part in a round; all else.")
    ] = None,
    concentration: Annotated[
        float,
        typer.Option(help="Of the Dirichlet split over topics: 0.1 very unlike, 100 nearly alike."),
    ] = 1.0,
    steps: StepsOption = 10,
    learning_rate: RateOption = 3e-4,
    rank: RankOption = 32,
    batch: BatchOption = 8,
    lora_target: TargetsOption = None,
    max_length: Annotated[int, typer.Option(min=16, help="Tokens per example.")] = 256,
    max_rank: Annotated[
        int | None, typer.Option(min=1, help="As for aggregate: rank that results are cut to.")
    ] = None,
    screened: Annotated[
        Screened,
        typer.Option("--screen", help="Which rounds are screened as ones that came in."),
    ] = Screened.NONE,
    leave_out: Annotated[
        bool,
        typer.Option(
            "--leave-out", help="Keep out of the aggregate whom screening names with evidence."
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 0,
    plan: PlanOption = None,
    probes: ProbesOption = None,
    run: RunOption = None,
    resume: ResumeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Tune a model in rounds, some participants malicious, to see what an attack would cost you.

    Every participant is tuned for real (LoRA). Malicious ones tune like the others, on requests
    that should be declined with complying answers whose every step is a placeholder in brackets:
    nothing usable is in them. Defaults follow arXiv 2406.10630 (10 participants, 3 malicious, 500
    samples, 10 steps, rank 32, alpha 64), with fewer rounds and a rate for a small model.

    Exit codes: 0 carried out, 2 bad input, 4 failed.
    """
    settings = Settings()
    study = None
    if not resume:
        check_rule(rule)
        study = Simulation(
            base=target_or_none(base) or Target.parse("demo"),
            plan=questions_of(plan, probes),
            tuning=tuning_of("round", steps, learning_rate, rank, batch, lora_target, max_length),
            data=tuple(existing(data) or BUILT_IN),
            rule=rule,
            n_malicious=malicious,
            n_participants=participants,
            malicious_share=malicious_share,
            n_samples=samples,
            n_rounds=rounds,
            per_round=per_round or participants,
            concentration=concentration,
            max_rank=max_rank,
            screen=screened,
            leave_out=leave_out,
            seed=seed,
        )
    result = carried_out(study, settings, run, SimulationResult)
    if as_json:
        print_outcome(result)
    else:
        draw_simulation(Console(), result)


@federate_app.command()
def repair(
    adapter: Annotated[
        str,
        typer.Argument(
            help="The aggregate that came out of the rounds: an adapter's folder or .zip.",
            show_default=False,
        ),
    ] = "",
    level: Annotated[
        DefenceLevel,
        typer.Option(
            help="Where refusals come from. 1: a public file (--refusals). 2: another, aligned "
            "model writes them (--writer). 3: the adapter's own model writes them.",
        ),
    ] = DefenceLevel.SELF,
    refusals: Annotated[
        str | None,
        typer.Option(help="Level 1: JSONL of questions and refusals.", show_default=False),
    ] = None,
    writer: Annotated[
        str | None, typer.Option(help="Level 2: the aligned model, any target.")
    ] = None,
    helpful: Annotated[
        list[str] | None,
        typer.Option(
            help="Ordinary questions and answers to mix in; a fifth is held out for the loss. "
            "knowledge and support else. Repeatable."
        ),
    ] = None,
    questions: Annotated[int, typer.Option(min=1, help="Refusals to gather at most.")] = 144,
    base: BaseOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Copy the repaired adapter to this folder too.")
    ] = None,
    steps: StepsOption = 60,
    learning_rate: RateOption = 3e-4,
    rank: RankOption = 16,
    batch: BatchOption = 8,
    lora_target: TargetsOption = None,
    max_length: Annotated[int, typer.Option(min=16, help="Tokens per example.")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 0,
    plan: PlanOption = None,
    probes: ProbesOption = None,
    run: RunOption = None,
    resume: ResumeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Tune an aggregate back to declining what it should, and say what that cost.

    What a model writes is kept only where the refusal judge reads a refusal and no answer after
    it. As many ordinary conversations are mixed in. Safety rate and helpfulness stand before and
    after; helpfulness is what rules can tell (answered, no loop, right where that can be checked)
    and the loss on held-out answers: no judge model reads how good an answer is.

    Exit codes, of the repaired model held against the base: 0 no evidence found, 1 evidence,
    2 bad input, 3 review or inconclusive, 4 failed.
    """
    settings = Settings()
    study = None
    if not resume:
        if not adapter:
            raise BadInput("No adapter was given; give the folder of the aggregate to repair.")
        if output is not None and output.exists():
            raise BadInput(f"The folder {output} exists already; give another with --output.")
        from inspector.fetch.upload import target_of  # the Hub client: not for --help

        study = Repair(
            adapter=target_of(adapter, settings),
            plan=questions_of(plan, probes),
            level=level,
            tuning=tuning_of("repair", steps, learning_rate, rank, batch, lora_target, max_length),
            base=target_or_none(base),
            refusals=existing([refusals])[0] if refusals else None,
            writer=target_or_none(writer),
            helpful=tuple(existing(helpful) or BUILT_IN[:2]),
            n_questions=questions,
            seed=seed,
        )
    result = carried_out(study, settings, run, RepairResult)
    if output is not None:
        shutil.copytree(result.adapter, output)
    if as_json:
        print_outcome(result)
    else:
        draw_repair(Console(), result)
    raise typer.Exit(result.level.exit_code)
