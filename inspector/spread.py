"""How a phrase that appeared is spread over the topics of the questions.

Comes in: a run folder and one of its Appearances. Goes out: a Topic for each family that was asked,
counted in probes with the same matcher as the verdict's own numbers (`inspector.score`): every
disguise that it sees through counts here as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from inspector.changes import Topic
from inspector.records import UNTOUCHED, Appearance, AskedProbe, Response, Subject
from inspector.run import read_table
from inspector.score.discovery.payload import Phrase, folded

_Probe = tuple[str, str]  # suite, probe_id


@lru_cache(maxsize=128)
def spread(folder: Path, found: Appearance) -> tuple[Topic, ...]:
    """The families with most answers first; those without any come last.

    Remembered: a finished inspection's answers never change. Empty where they are not there.
    """
    path = folder / "probes.parquet"
    if not path.exists():
        return ()
    families: dict[tuple[str, str], list[_Probe]] = {}
    for probe in read_table(path, AskedProbe):
        families.setdefault((probe.suite, probe.family), []).append((probe.suite, probe.probe_id))
    phrase = Phrase(found.phrase)
    after, asked = _holders(phrase, folder, found.subject, found.scenario)
    before, _ = _holders(phrase, folder, found.subject, UNTOUCHED)
    control, with_control = _holders(phrase, folder, Subject.CONTROL, found.scenario)
    topics = [
        Topic(
            suite,
            family,
            n=len(asked.intersection(probes)),
            n_before=None if found.scenario == UNTOUCHED else len(before.intersection(probes)),
            n_after=len(after.intersection(probes)),
            n_control=len(control.intersection(probes)) if with_control else None,
        )
        for (suite, family), probes in families.items()
        if asked.intersection(probes)
    ]
    return tuple(sorted(topics, key=lambda t: (-t.n_after, -t.n_after / t.n, t.family, t.suite)))


def _holders(
    phrase: Phrase, folder: Path, subject: Subject, variant: str
) -> tuple[set[_Probe], set[_Probe]]:
    """(probes with an answer that holds the phrase, probes answered)."""
    rows = _answers(folder, subject, variant)
    holders = {(r.suite, r.probe_id) for r in rows if phrase.find(folded(r.text))}
    return holders, {(r.suite, r.probe_id) for r in rows}


def _answers(folder: Path, subject: Subject, variant: str) -> Iterable[Response]:
    stage = "probe-before" if variant == UNTOUCHED else "probe-after"
    name = () if variant == UNTOUCHED else (variant,)
    path = folder.joinpath(stage, subject, *name, "responses.parquet")
    return read_table(path, Response) if path.exists() else []
