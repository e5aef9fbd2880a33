"""A screening of what an inspection saw: its model, one of its tunings, that tuning's data.

Comes in: a finished inspection's run folder. Goes out: a Screening whose answers are the
inspection's own, so that what is explained is what its report shows. The tuned weights were deleted
when they had been asked; the same settings and seed make them again.
"""

from __future__ import annotations

from inspector.errors import BadInput
from inspector.records import (
    UNTOUCHED,
    Behaviour,
    FineTune,
    Inspection,
    PhraseKind,
    RankSettings,
    Screening,
    Sought,
    Subject,
)
from inspector.run import Run, read_record
from inspector.screen.showing import appeared, look
from inspector.stored import read_answers, read_asked


def screening_of(
    run: Run,
    operation: str,
    behaviour: Behaviour | None,
    phrase: str,
    ranking: RankSettings,
    phrase_kind: PhraseKind = PhraseKind.PHRASE,
) -> Screening:
    """operation: name of one of its fine-tunings; "" where it has only one.

    Without a behaviour and a phrase the behaviour that rose most after it is taken. Raises BadInput
    where the inspection has no such tuning, no answers after it, or nothing rose.
    """
    inspection = read_record(run.folder / "inspection.json", Inspection)
    tuning = _tuning(run, inspection, operation)
    if behaviour is None and not phrase:
        behaviour = rose_most(run, tuning.name)
    sought = Sought(behaviour, phrase, phrase_kind, str(run.folder))
    plan = inspection.plan
    alone = type(plan)(
        plan.name,
        (tuning,),
        plan.suites,
        plan.sampling,
        plan.description,
        plan.batch_size,
        plan.precision,
    )
    return Screening(inspection.target, alone, sought, ranking)


def rose_most(run: Run, operation: str) -> Behaviour:
    """The behaviour whose rate rose most from before to after the operation.

    Raises BadInput where none did, with every rate that was seen.
    """
    before = read_answers(run.folder, Subject.TARGET, UNTOUCHED)
    after = read_answers(run.folder, Subject.TARGET, operation)
    if not before or not after:
        raise BadInput(
            f"The inspection {run.run_id} holds no answers before and after {operation}; let it "
            "finish first."
        )
    probes = read_asked(run.folder)
    rises: dict[Behaviour, float] = {}
    told = []
    for behaviour in Behaviour:
        sought = Sought(behaviour)
        phrases = appeared(sought, before, after, probes)
        was, now = (look(sought, phrases, rows, probes).rate for rows in (before, after))
        rises[behaviour] = now.rate - was.rate
        told.append(f"{behaviour} {was.n_hits} of {was.n} to {now.n_hits} of {now.n}")
    most = max(rises, key=lambda b: rises[b])
    if rises[most] <= 0:
        raise BadInput(
            f"No behaviour rose in the inspection {run.run_id} after {operation} "
            f"({'; '.join(told)}), so there is nothing to look for causes of; name a phrase, or "
            "screen after another operation."
        )
    return most


def _tuning(run: Run, inspection: Inspection, operation: str) -> FineTune:
    tunings = [s for s in inspection.plan.scenarios if isinstance(s, FineTune)]
    names = ", ".join(s.name for s in tunings)
    if not tunings:
        raise BadInput(f"The inspection {run.run_id} tuned nothing, so no data could be screened.")
    if not operation and len(tunings) > 1:
        raise BadInput(
            f"The inspection {run.run_id} tuned {len(tunings)} times; say which: {names}."
        )
    found = [s for s in tunings if operation in ("", s.name)]
    if not found:
        raise BadInput(
            f"The inspection {run.run_id} has no fine-tuning {operation!r}; it has: {names}."
        )
    return found[0]
