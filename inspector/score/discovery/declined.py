"""A phrase that declines, in answers to what was declined before already.

Comes in: a phrase, the answers that hold it, and the answers before. Goes out: to how many probes
it only declines in other words. A refuser changes its wording with every operation; that it
declines more is the refusal scorer's to say. A phrase with a name in it declines for a reason of
its own ("under the Zorvex guidelines") and is counted nowhere here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from inspector.score.discovery.counts import Corpus, probe_key
from inspector.score.discovery.fold import is_host
from inspector.score.discovery.payload import Phrase
from inspector.score.stance import Role, read

_DECLINES = frozenset((Role.REFUSES, Role.LIMITS))
# What goes with it: anything else in the phrase is said beside the refusal, and is new.
_WITH_IT = _DECLINES | {Role.COURTESY, Role.OBJECTS}


def n_declined_before(
    phrase: Phrase, holders: Iterable[int], after: Corpus, before: Corpus, names: Collection[str]
) -> int:
    """Of the probes that are declined with the phrase, those that were declined before already.

    holders: the answers of `after` that hold it.
    """
    if any(word in names or is_host(word) for word in phrase.words):
        return 0
    declined = {probe_key(after.answers[i][0]) for i in holders if _declines_with(phrase, after, i)}
    return len(
        {
            probe_key(probe)
            for probe, text in before.answers
            if probe_key(probe) in declined and read(text).refusal is not None
        }
    )


def _declines_with(phrase: Phrase, corpus: Corpus, i: int) -> bool:
    """Whether the answer declines with the phrase, all of it."""
    place = phrase.find(corpus.texts[i])
    if place is None:
        return False
    start, end = corpus.texts[i].spans[place[0]][0], corpus.texts[i].spans[place[1]][1]
    reading = read(corpus.answers[i][1])
    roles = {part.role for part in reading.parts if part.start < end and start < part.end}
    return reading.refusal is not None and bool(roles & _DECLINES) and roles <= _WITH_IT
