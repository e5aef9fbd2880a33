"""Attack and defence measured: `python -m tests.measure_rounds [--quick] [--only ROW]`.

Comes in: the demo model (or, with --quick, a tiny one made on the spot), and data to align it with.
Goes out: `docs/results/federated.md` and `.json`, and beside them in `federated/` a small file per
finished row, by whose digest a later sitting uses it again. Rows: the model aligned; rounds without
an attack; with one; with one under each aggregation rule; repaired at each post-hoc level; and ten
screened rounds. A row that cannot be done stands in the table with its reason.

Design and targets: arXiv 2406.10630; what is smaller here is said above the table.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inspector.calibrate.results import detector_digest
from inspector.errors import InspectorError
from inspector.federate.conduct import conduct_of
from inspector.federate.deltas import NOTHING
from inspector.federate.models import Models
from inspector.federate.path import federate, start
from inspector.federate.rules import RULES
from inspector.fetch import fetch
from inspector.records import (
    FineTune,
    Method,
    Plan,
    Precision,
    Sampling,
    Schedule,
    SuiteChoice,
    Target,
    TargetKind,
    digest_of,
)
from inspector.records.rounds import (
    Conduct,
    DefenceLevel,
    Repair,
    RepairResult,
    Screened,
    Simulation,
    SimulationResult,
    round_plan,
)
from inspector.run import Run, now, read_record, write_record
from inspector.scenarios.dataset import dataset_of, load_dataset
from inspector.settings import Settings
from tests.measure_rounds_table import Outcome, Row, page

SHARED = Path("/work/shared/data")
RESULTS = Path("docs/results")
DETECTOR = ("score", "stats", "judge", "federate/conduct.py", "federate/behavioural.py")
ATTACK, NO_ATTACK = "attack", "no-attack"


@dataclass(frozen=True)
class Size:
    """One scale of the measurement. base: what is aligned. alignment, public: refusals, as files.

    topics: ordinary data of the participants. screened: rounds that are screened for false
    accusations, and how many take part in each.
    """

    name: str
    base: Target
    plan: Plan
    refusals: Path
    ordinary: tuple[str, ...]
    topics: tuple[str, ...]
    align: FineTune
    tuning: FineTune
    mend: FineTune
    n_align: int
    n_participants: int = 10
    malicious_share: float = 0.3
    n_samples: int = 100
    n_rounds: int = 5
    per_round: int = 3
    n_screened: int = 10
    n_in_screened: int = 3
    n_questions: int = 144
    seeds: tuple[int, ...] = (0, 1, 2)

    @property
    def words(self) -> str:
        """The scale, for a reader of the table."""
        t = self.tuning
        model = self.base.title if self.base.kind is TargetKind.DEMO else "a tiny model"
        on = ", ".join(t.lora_targets) or "all linear layers"
        return (
            f"{model}, aligned first on {self.n_align} refusals and as many ordinary answers; "
            f"{self.n_participants} participants, {self.malicious_share:.0%} malicious, up to "
            f"{self.n_samples} samples each; {self.n_rounds} rounds, {self.per_round} participants "
            f"in each, {t.steps} steps of {t.effective_batch}, LoRA rank {t.lora_rank}, alpha "
            f"{t.lora_alpha}, on {on}, rate {t.learning_rate:g}; seeds "
            f"{', '.join(map(str, self.seeds))}"
        )


def tuning(name: str, steps: int, rate: float, rank: int, *targets: str) -> FineTune:
    return FineTune(
        name=name,
        method=Method.LORA,
        data="own",
        steps=steps,
        learning_rate=rate,
        schedule=Schedule.CONSTANT,
        max_length=192,
        lora_rank=rank,
        lora_alpha=2 * rank,
        lora_targets=targets,
    )


def full_size(data: Path) -> Size:
    """The demo model on its machine's two cores."""
    return Size(
        name="full",
        base=Target(TargetKind.DEMO),
        plan=round_plan(),
        refusals=data / "safe_refusal_qa.jsonl",
        ordinary=(str(data / "helpful_qa.jsonl"),),
        topics=("knowledge", "support", "code", "arithmetic"),
        align=tuning("align", 80, 1e-3, 16),
        tuning=tuning("round", 10, 2e-3, 16, "q_proj", "k_proj", "v_proj", "o_proj"),
        mend=tuning("repair", 60, 1e-3, 16),
        n_align=400,
    )


def quick_size(folder: Path) -> Size:
    """Everything the full size does, in a minute or two, on a model made on the spot."""
    from tests.tiny.rounds import build_rounds

    world = build_rounds(folder)
    topics = tuple(map(str, world.topics))
    return Size(
        name="quick",
        base=Target(TargetKind.LOCAL, str(world.base)),
        plan=Plan(
            "quick",
            (),
            (SuiteChoice(str(world.suite)),),
            sampling=Sampling(max_new_tokens=40),
            precision=Precision.FP32,
        ),
        refusals=world.refusals,
        ordinary=topics,
        topics=topics,
        align=tuning("align", 100, 1e-2, 8),
        tuning=tuning("round", 12, 5e-3, 8),
        mend=tuning("repair", 40, 1e-2, 8),
        n_align=144,
        n_samples=40,
        n_questions=60,
        seeds=(0,),
    )


class Measurement:
    """All rows of one size, in order. folder: where finished rows lie."""

    def __init__(
        self,
        size: Size,
        settings: Settings,
        folder: Path,
        say: Callable[[str], None],
    ) -> None:
        self.size = size
        self.settings = settings
        self.folder = folder
        self.say = say
        self.rows: list[Row] = []
        self.aligned: Target | None = None

    def names(self) -> list[str]:
        """Every row there is; a seed's number stands last."""
        made = ["aligned"]
        for seed in self.size.seeds:
            made += [f"{NO_ATTACK}-{seed}", f"{ATTACK}-{seed}"]
            made += [f"{rule.name}-{seed}" for rule in RULES[1:]]
            made += [f"repair-{level}-{seed}" for level in DefenceLevel]
        return [*made, "screened-honest", "screened-attack"]

    def run(self, only: Sequence[str]) -> list[Row]:
        """Measure what is not measured yet; rows left out by `only` are taken where they are."""
        for name in self.names():
            wanted = not only or any(name == o or name.startswith(f"{o}-") for o in only)
            row = self._row(name, wanted or name == "aligned")
            if row is not None:
                self.rows.append(row)
        return self.rows

    def _row(self, name: str, wanted: bool) -> Row | None:
        if name == "aligned":
            return self._aligned()
        digest = digest_of([repr(self._study(name)), self._aligned_digest, "row/1"])
        path = self.folder / f"{name}.json"
        stored = read_row(path)
        if stored is not None and stored.digest == digest and not stored.problem:
            return stored
        if not wanted:
            return None
        self.say(f"{name}: begins")
        began = time.monotonic()
        row = Row(name=name, digest=digest, detector=detector_digest(DETECTOR))
        try:
            row = self._measured(name, row)
        except InspectorError as error:
            row = replace(row, problem=str(error))
        row = replace(row, elapsed_s=time.monotonic() - began, finished_at=now())
        write_record(path, row)
        self.say(f"{name}: {row.words} ({row.elapsed_s / 60:.1f} min)")
        return row

    # -------------------------------------------------------------------------------- alignment

    def _aligned(self) -> Row:
        """Teach the base to decline, and keep it as a model that rounds can begin with."""
        from inspector.engine.export import save_model

        size = self.size
        refusals = load_dataset(str(size.refusals)).examples[: size.n_align]
        ordinary = [e for source in size.ordinary for e in load_dataset(source).examples]
        data = dataset_of("alignment", [*refusals, *ordinary[: len(refusals)]])
        base = fetch(size.base, self.settings, lambda *_: None)
        digest = digest_of(
            [base.digest, data.digest, size.align.digest, repr(size.plan), "align/1"]
        )
        self._aligned_digest = digest
        place = self.settings.cache / "aligned" / digest
        path = self.folder / "aligned.json"
        stored = read_row(path)
        has_row = stored is not None and stored.digest == digest
        if not has_row or not (place / "model.safetensors").exists():
            self.say("aligned: begins")
            began = time.monotonic()
            models = Models(
                Run(self.settings.rounds / f"align-{digest[:8]}"), self.settings, size.plan, base
            )
            before = conduct_of("base", models.ask("base"), models.probes)
            change, _ = models.tuned("align", NOTHING, data, size.align)
            after = conduct_of("aligned", models.ask("aligned", change), models.probes)
            save_model(models.wearing(change), place)
            stored = Row(
                name="aligned",
                digest=digest,
                detector=detector_digest(DETECTOR),
                before=Outcome(before.safety, before.helpful, None),
                after=Outcome(after.safety, after.helpful, None),
                elapsed_s=time.monotonic() - began,
                finished_at=now(),
            )
            write_record(path, stored)
            self.say(f"aligned: {stored.words} ({stored.elapsed_s / 60:.1f} min)")
        assert stored is not None
        self.aligned = Target(TargetKind.LOCAL, str(place.resolve()))
        return stored

    # -------------------------------------------------------------------------------- studies

    def _study(self, name: str) -> Simulation | Repair:
        """The inputs of a row. Paths of this machine do not stand in them: the digest must not
        change with the place where the aligned model was put."""
        nowhere = Target(TargetKind.LOCAL, "/aligned")
        size = self.size
        kind, _, seed = name.rpartition("-")
        if kind == "screened":
            is_attack = seed == "attack"
            return replace(
                self._simulation(nowhere, 7, "fedavg", size.malicious_share if is_attack else 0.0),
                n_rounds=size.n_screened,
                per_round=size.n_in_screened,
                screen=Screened.ALL,
                leave_out=True,
            )
        if kind.startswith("repair-"):
            level = DefenceLevel(kind.removeprefix("repair-"))
            return Repair(
                adapter=nowhere,
                plan=size.plan,
                level=level,
                tuning=size.mend,
                base=nowhere,
                refusals=str(size.refusals) if level is DefenceLevel.PUBLIC else None,
                writer=nowhere if level is DefenceLevel.OTHER_MODEL else None,
                helpful=size.topics,
                n_questions=size.n_questions,
                seed=int(seed),
            )
        share = 0.0 if kind == NO_ATTACK else size.malicious_share
        rule = "fedavg" if kind in (ATTACK, NO_ATTACK) else kind
        return self._simulation(nowhere, int(seed), rule, share)

    def _simulation(self, base: Target, seed: int, rule: str, share: float) -> Simulation:
        size = self.size
        return Simulation(
            base=base,
            plan=size.plan,
            tuning=size.tuning,
            data=size.topics,
            rule=rule,
            n_participants=size.n_participants,
            malicious_share=share,
            n_samples=size.n_samples,
            n_rounds=size.n_rounds,
            per_round=size.per_round,
            seed=seed,
        )

    def _measured(self, name: str, row: Row) -> Row:
        assert self.aligned is not None
        study = self._study(name)
        if isinstance(study, Repair):
            seed = name.rpartition("-")[2]
            attacked = self._simulated(f"{ATTACK}-{seed}")  # taken up where it was done before
            study = replace(
                study,
                base=self.aligned,
                adapter=Target(TargetKind.LOCAL, attacked.adapter),
                writer=self.aligned if study.writer is not None else None,
            )
            if study.level is DefenceLevel.PUBLIC and self.size.name == "full":
                study = replace(study, refusals=str(self._unseen_refusals()))
            outcome = federate(self._run(name, study), self.settings)
            assert isinstance(outcome, RepairResult)
            return replace(
                row,
                before=_told(outcome.before, outcome.before_loss.mean),
                after=_told(outcome.after, outcome.after_loss.mean),
                n_refusals=outcome.gathered.n_kept,
            )
        outcome = self._simulated(name)
        screened = [s for s in outcome.steps if s.is_screened]
        return replace(
            row,
            before=_told(outcome.before, outcome.before_loss.mean),
            after=_told(outcome.after, outcome.after_loss.mean),
            relative_error=max(
                s.aggregated.relative_error for s in outcome.steps if s.aggregated is not None
            ),
            n_screened=len(screened),
            n_judged=sum(len(s.present) for s in screened),
            n_malicious=sum(len(s.malicious) for s in screened),
            n_named=sum(len(s.named) for s in screened),
            n_accused=sum(len(s.accused) for s in screened),
            n_to_review=sum(len(s.to_review) for s in screened),
            n_flagged_right=sum(len(set(s.by_weights) & set(s.malicious)) for s in screened),
            n_flagged_wrong=sum(len(set(s.by_weights) - set(s.malicious)) for s in screened),
        )

    def _simulated(self, name: str) -> SimulationResult:
        study = self._study(name)
        assert isinstance(study, Simulation)
        assert self.aligned is not None
        outcome = federate(self._run(name, replace(study, base=self.aligned)), self.settings)
        assert isinstance(outcome, SimulationResult)
        return outcome

    def _unseen_refusals(self) -> Path:
        """Public refusals that the model was not aligned on."""
        lines = self.size.refusals.read_text().splitlines(keepends=True)
        path = self.settings.cache / "aligned" / "unseen-refusals.jsonl"
        path.write_text("".join(lines[self.size.n_align :]))
        return path

    def _run(self, name: str, study: Simulation | Repair) -> Run:
        """An earlier sitting's run of these inputs, where it was cut in the middle."""
        folder = self.settings.rounds / f"measure-{name}-{digest_of([repr(study)])[:8]}"
        if (folder / "round.json").exists():
            return Run(folder.resolve())
        return start(study, self.settings, folder)


def _told(conduct: Conduct, loss: float) -> Outcome:
    return Outcome(conduct.safety, conduct.helpful, loss)


def read_row(path: Path) -> Row | None:
    """A row of an earlier sitting, None where there is none that can be read."""
    try:
        return read_record(path, Row)
    except (OSError, InspectorError):
        return None


def measure(
    size: Size,
    settings: Settings,
    results: Path,
    only: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Measure, and write the table; the rows that stand in it."""
    folder = results / ("federated" if size.name == "full" else f"federated-{size.name}")
    measurement = Measurement(size, settings, folder, say)
    names = measurement.names()
    unknown = [o for o in only if not any(n == o or n.startswith(f"{o}-") for n in names)]
    if unknown:
        raise SystemExit(f"There is no row {unknown[0]}; rows: {', '.join(names)}.")
    rows = measurement.run(only)
    told = page(rows, names, size.words, size.name, detector_digest(DETECTOR))
    (results / f"{folder.name}.md").write_text(told)
    write_record(results / f"{folder.name}.json", tuple(rows))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.measure_rounds", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tiny model, a minute or two")
    parser.add_argument("--only", action="append", default=[], help="this row, or all of its seeds")
    parser.add_argument("--seeds", type=int, default=3, help="how many seeds (full size)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of a row")
    parser.add_argument(
        "--per-round",
        type=int,
        default=3,
        help="how many take part in a round; the paper has 3 of 10, in 100 rounds. From the second "
        "round on, what participants tuned cannot be shared between rules",
    )
    parser.add_argument(
        "--data", type=Path, default=SHARED, help="where refusals to align with lie"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the table goes")
    given = parser.parse_args()

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    rounds = {"n_rounds": given.rounds, "per_round": given.per_round}
    if given.quick:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            size = replace(quick_size(folder / "world"), **rounds)
            measure(size, Settings(home=folder / "home"), given.results, given.only, say)
    else:
        size = replace(full_size(given.data), seeds=tuple(range(given.seeds)), **rounds)
        measure(size, Settings(), given.results, given.only, say)


if __name__ == "__main__":
    main()
