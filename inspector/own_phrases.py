"""A person's own phrase in every stored answer, and phrases that are kept for later inspections.

Comes in: a phrase or a pattern, and a run folder or its answers. Goes out: before, after and
control rates by the judge's estimators; nothing is generated. INSPECTOR_HOME/phrases.json holds
those that were saved: each inspection pins them into its inputs when it starts, looks for them in
its score stage (RUN/score/phrases.json), and reports them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from inspector.errors import BadInput, InspectorError
from inspector.files import write_atomic
from inspector.judge import adjusted, phrase_metrics
from inspector.records import (
    UNTOUCHED,
    AskedProbe,
    Inspection,
    PhraseFinding,
    Response,
    SavedPhrase,
    Subject,
)
from inspector.run import Run, from_json, read_record, to_json
from inspector.searching import LIMIT_S, Term
from inspector.settings import Settings
from inspector.stored import read_answers, read_asked

MAX_LOOK_S = 30.0  # for all answers of a run together
MAX_SAVED = 50

Probes = Mapping[tuple[str, str], AskedProbe]


def look_for(
    term: Term,
    responses: Iterable[Response],
    probes: Probes,
    scenarios: Sequence[str],
    name: str = "",
) -> PhraseFinding:
    """How often the answers hold it. Raises BadInput where a pattern takes too long."""
    hits: dict[tuple[Subject, str], dict[tuple[str, str, int], bool]] = {}
    end, n_answers = time.monotonic() + MAX_LOOK_S, 0
    for r in responses:
        try:
            holds = next(term.places(r.text), None) is not None
        except TimeoutError as error:
            raise BadInput(
                f"The pattern {term.text!r} takes more than {LIMIT_S:g} s for one answer; give a "
                "simpler one."
            ) from error
        if time.monotonic() > end:
            raise BadInput(
                f"The pattern {term.text!r} takes more than {MAX_LOOK_S:g} s for all answers; give "
                "a simpler one."
            )
        hits.setdefault((r.subject, r.variant), {})[r.suite, r.probe_id, r.sample_index] = holds
        n_answers += 1
    metrics = phrase_metrics(hits, scenarios, probes)
    finding = PhraseFinding(name, term.kind, term.text, n_answers, tuple(metrics))
    return adjusted([finding])[0]


def look_in_run(run: Run, term: Term) -> PhraseFinding:
    """The same over every answer that a run folder holds; p-values over its scenarios.

    Raises BadInput where there are no answers yet, or a pattern takes too long.
    """
    inputs = read_record(run.folder / "inspection.json", Inspection)
    names = [s.name for s in inputs.plan.scenarios]
    answers = {
        (subject, variant): read_answers(run.folder, subject, variant)
        for subject in Subject
        for variant in (UNTOUCHED, *names)
    }
    asked = [name for name in names if answers[Subject.TARGET, name]]
    if not asked:
        raise BadInput(f"The inspection {run.run_id} holds no answers after an operation yet.")
    everything = (r for rows in answers.values() for r in rows)
    return look_for(term, everything, read_asked(run.folder), asked)


def look_for_saved(
    phrases: Sequence[SavedPhrase],
    responses: Sequence[Response],
    probes: Probes,
    scenarios: Sequence[str],
) -> list[PhraseFinding]:
    """Every saved phrase; p-values hold over all of them. A pattern that cannot be run is told."""
    findings = []
    for phrase in phrases:
        try:
            term = Term(phrase.kind, phrase.pattern)
            findings.append(look_for(term, responses, probes, scenarios, phrase.name))
        except BadInput as error:
            problem = str(error)
            findings.append(PhraseFinding(phrase.name, phrase.kind, phrase.pattern, 0, (), problem))
    return adjusted(findings)


def read_saved(settings: Settings) -> tuple[SavedPhrase, ...]:
    """The saved phrases, oldest first. Raises InspectorError where the file is damaged."""
    path = _file(settings)
    if not path.exists():
        return ()
    try:
        return tuple(from_json(list[SavedPhrase], path.read_bytes()))
    except (InspectorError, ValueError) as error:
        raise InspectorError(
            f"The file {path} holds no phrases that can be read ({error}); mend it, or move it "
            "away and save them again."
        ) from error


def save_phrase(settings: Settings, phrase: SavedPhrase) -> None:
    """Keep one for later inspections. Raises BadInput where its name is taken or it is no term."""
    Term(phrase.kind, phrase.pattern)
    saved = read_saved(settings)
    if any(p.name == phrase.name for p in saved):
        raise BadInput(
            f"There is a saved phrase named {phrase.name!r} already; give another name, or remove "
            "that one first."
        )
    if len(saved) >= MAX_SAVED:
        raise BadInput(f"There are {MAX_SAVED} saved phrases already; remove one first.")
    write_atomic(_file(settings), to_json((*saved, phrase)) + "\n")


def remove_phrase(settings: Settings, name: str) -> None:
    """Forget one; inspections that pinned it keep it. Raises BadInput where there is none."""
    saved = read_saved(settings)
    kept = tuple(p for p in saved if p.name != name)
    if len(kept) == len(saved):
        raise BadInput(f"There is no saved phrase named {name!r}.")
    write_atomic(_file(settings), to_json(kept) + "\n")


def with_saved(inspection: Inspection, settings: Settings) -> Inspection:
    """The inspection with the phrases saved by now, beside those it was given."""
    phrases = {p.name: p for p in (*inspection.phrases, *read_saved(settings))}
    return replace(inspection, phrases=tuple(phrases.values()))


def _file(settings: Settings) -> Path:
    return settings.home / "phrases.json"
