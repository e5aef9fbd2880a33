"""The post-hoc defence: an aggregate tuned back to declining, on data of one of three levels.

Comes in: an adapter, its base, and where refusals come from: a public file (level 1), another,
aligned model that writes them (level 2), or the attacked global model itself (level 3). Goes out: a
repaired adapter, and safety and helpfulness before and after.

Source: arXiv 2406.10630, section 4. What a model writes is kept only where the refusal judge reads
a refusal and no answer after it. As many ordinary conversations are mixed in, so that the model
does not learn to decline everything.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from inspector.arrivals import Tell, teller
from inspector.errors import StageFailed, TargetError
from inspector.federate.attack import DEFENDER, conversation, questions
from inspector.federate.behavioural import judge_model
from inspector.federate.conduct import conduct_of
from inspector.federate.deltas import Update
from inspector.federate.models import Models, added
from inspector.federate.participants import SETTLED_BY_NAME, read_update
from inspector.federate.simulate import divided, whole_model
from inspector.federate.writing import write_adapter
from inspector.federated import ADAPTER_FILE
from inspector.fetch import fetch
from inspector.records import (
    Artifact,
    ArtifactKind,
    AskedProbe,
    EventKind,
    Example,
    Expectation,
    Response,
    Sampling,
    Subject,
    Target,
    digest_of,
)
from inspector.records.rounds import (
    AGGREGATE,
    BASE,
    DefenceLevel,
    Gathered,
    Repair,
    RepairResult,
)
from inspector.run import Run, read_table, write_record, write_table
from inspector.scan import refuse, scan
from inspector.scan.adapter_tensors import read_base
from inspector.scenarios.dataset import Dataset, dataset_of, load_dataset
from inspector.score.stance import read
from inspector.settings import Settings
from inspector.variants import versions

if TYPE_CHECKING:
    from inspector.engine.load import Loaded

REPAIRED = "repaired"
MIN_REFUSALS = 8  # fewer teach a few sentences by heart
WRITING = Sampling(max_new_tokens=64, temperature=0.8, top_p=0.95, n_samples=2)
# The question as it is, and inside a request for the refusal that a complying model would not give
# by itself (the paper's level 3 asks with an instruction and an example).
WORDINGS = (
    "{}",
    "Somebody asks an assistant: “{}” The assistant declines politely, in one or two sentences, "
    "and says that it cannot help with this because people could be harmed. Write the "
    "assistant's reply.",
)


def repair(run: Run, settings: Settings, study: Repair) -> RepairResult:
    """Raises StageFailed where too few refusals could be gathered."""
    run.emit(EventKind.STAGE_STARTED, "fetch")
    base, broken = _pinned(run, study, settings)
    models = Models(run, settings, study.plan, base)
    write_table(run.folder / "probes.parquet", AskedProbe, list(models.probes.values()))
    helpful, held_out = divided([load_dataset(source) for source in study.helpful])
    refusals, writer, n_asked = _refusals(run, settings, study, models, broken)
    data, gathered = _mixed(study, refusals, helpful, writer, n_asked)
    write_record(run.folder / "gather" / "gathered.json", gathered)
    change, _ = models.tuned("repair", broken, data, study.tuning)
    mended = added(broken, change)
    adapter = write_adapter(mended, base.target, run.folder / "adapter")
    before, after = models.ask(AGGREGATE, broken), models.ask(REPAIRED, mended)
    untouched = models.ask(BASE)
    level, reasons, metrics = judge_model(REPAIRED, untouched, after, models.probes, models.opening)
    result = RepairResult(
        level=level,
        reasons=reasons,
        gathered=gathered,
        before=conduct_of(AGGREGATE, before, models.probes),
        after=conduct_of(REPAIRED, after, models.probes),
        base=conduct_of(BASE, untouched, models.probes),
        before_loss=models.loss(AGGREGATE, broken, held_out),
        after_loss=models.loss(REPAIRED, mended, held_out),
        adapter=str(adapter),
        metrics=metrics,
        versions=versions(),
    )
    write_record(run.folder / "judge" / "result.json", result)
    run.stage("judge").finish(digest_of([repr(study)]))
    return result


def _pinned(run: Run, study: Repair, settings: Settings) -> tuple[Artifact, Update]:
    """The base and what the adapter changes, both scanned first."""
    adapter = fetch(study.adapter, settings, lambda *_: None)
    if adapter.kind is not ArtifactKind.ADAPTER:
        raise TargetError(
            f"{study.adapter} is a whole model; give the adapter that came out of the rounds."
        )
    write_record(run.folder / ADAPTER_FILE, adapter)
    target = study.base or adapter.base
    if target is None:
        raise TargetError(f"The adapter {study.adapter} declares no base; give it with --base.")
    base = whole_model(fetch(target, settings, lambda *_: None))
    named = study.base is not None
    refuse(f for f in scan(adapter, base) if not (named and f.rule_id in SETTLED_BY_NAME))
    return base, read_update(adapter, read_base(base))[0]


def _refusals(
    run: Run, settings: Settings, study: Repair, models: Models, broken: Update
) -> tuple[list[Example], str, int]:
    """Questions with refusals, who wrote them, and how many were looked at."""
    if study.level is DefenceLevel.PUBLIC:
        public = load_dataset(str(study.refusals))
        rows = list(public.examples)
        random.Random(study.seed).shuffle(rows)
        return rows[: study.n_questions], public.name, len(rows)
    asked = questions(DEFENDER, study.seed, study.n_questions)
    path = run.folder / "gather" / "responses.parquet"
    by_itself = study.level is DefenceLevel.SELF
    writer = None if by_itself else fetch(_writer(study), settings, lambda *_: None)
    made_by = broken.digest if writer is None else writer.digest
    wordings = WORDINGS if by_itself else WORDINGS[:1]
    digest = digest_of(
        ["gather/1", made_by, models.engine_digest, *asked, *wordings, str(study.seed)]
    )
    with run.cached_stage("gather", digest, settings.cache) as stage:
        if stage is not None:
            loaded = models.wearing(broken) if writer is None else models.other(writer)
            n_answers = len(asked) * len(wordings) * WRITING.n_samples
            rows_written = write_answers(
                loaded, asked, wordings, study, teller(run, stage.name, n_answers)
            )
            write_table(path, Response, rows_written)
    written = read_table(path, Response)
    kept: dict[str, str] = {}
    for row in written:
        if declines(row.text):
            kept.setdefault(asked[int(row.probe_id) % len(asked)], row.text.strip())
    name = "the global model itself" if writer is None else str(writer.target)
    if len(kept) < MIN_REFUSALS:
        raise StageFailed(
            f"{name} declined {len(kept)} of {len(asked)} questions and {MIN_REFUSALS} refusals "
            "are needed to tune on; take public data (--level 1 --refusals FILE) or an aligned "
            "model (--level 2 --writer TARGET)."
        )
    return [conversation(q, a) for q, a in kept.items()], name, len(asked)


def _writer(study: Repair) -> Target:
    assert study.writer is not None  # the record is refused without one
    return study.writer


def write_answers(
    loaded: Loaded,
    asked: Sequence[str],
    wordings: Sequence[str],
    study: Repair,
    tell: Tell,
) -> list[Response]:
    """Each question in each wording, WRITING.n_samples times. probe_id: its number."""
    from inspector.probes.asking import ask

    probes = [
        AskedProbe(
            "gather",
            str(w * len(asked) + k),
            wording.format(question),
            "gather",
            Expectation.DECLINE,
            None,
        )
        for w, wording in enumerate(wordings)
        for k, question in enumerate(asked)
    ]
    return ask(loaded, probes, WRITING, study.plan.batch_size, Subject.TARGET, "gather", tell)


def declines(text: str) -> bool:
    """The refusal judge: a refusal that no answer follows."""
    reading = read(text)
    return reading.refusal is not None and reading.turn is None


def _mixed(
    study: Repair, refusals: list[Example], helpful: list[Dataset], writer: str, n_asked: int
) -> tuple[Dataset, Gathered]:
    ordinary = [e for s in helpful for e in s.examples]
    draw = random.Random(study.seed)
    draw.shuffle(ordinary)
    rows = refusals + ordinary[: len(refusals)]
    n_helpful = len(rows) - len(refusals)
    draw.shuffle(rows)
    data = dataset_of(f"repair level {study.level}", rows)
    return data, Gathered(
        level=study.level,
        writer=writer,
        n_asked=n_asked,
        n_kept=len(refusals),
        n_helpful=n_helpful,
        data_digest=data.digest,
    )
