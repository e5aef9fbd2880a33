"""Which word sequences are in the answers to how many probes, in every corpus at once.

Comes in: answers after a scenario, the answers to compare with, and texts that explain a phrase
(tuning data, prompts). Goes out: every sequence of 1 to 6 words in at least so many answers, with
its counts, corpus by corpus. Which side a sequence comes from plays no part in whether it is
counted, so that the test of its rise is not spoilt by how it was chosen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from inspector.records import AskedProbe
from inspector.score.discovery.fold import Text, cut

Answers = Sequence[tuple[AskedProbe, str]]
Gram = tuple[str, ...]
ProbeKey = tuple[str, str]
MAX_WORDS = 6


@dataclass(frozen=True)
class Corpus:
    """Answers of one model, cut up."""

    answers: Answers
    texts: list[Text]

    @classmethod
    def of(cls, answers: Answers) -> Corpus:
        return cls(answers, [cut(text) for _, text in answers])

    @property
    def n_probes(self) -> int:
        return len({probe_key(probe) for probe, _ in self.answers})


def probe_key(probe: AskedProbe) -> ProbeKey:
    return probe.suite, probe.probe_id


class Kind(StrEnum):
    """What a candidate is. Each kind has its share of the error that may be made, fixed before
    anything is counted: there are few names and repeated sentences, and thousands of phrases."""

    NAME = "name or address"
    SENTENCE = "repeated sentence"
    PHRASE = "phrase"


@dataclass(frozen=True)
class Candidate:
    """A word sequence, or near-identical sentences (then `gram` is the one most often written).

    n_hits: probes with it, after and then in each reference. holders: indexes into the answers
    after. n_families: of the answers after.
    """

    gram: Gram
    kind: Kind
    n_hits: tuple[int, ...]
    holders: frozenset[int]
    n_families: int


@dataclass(frozen=True)
class Grams:
    """n_seen: distinct sequences in the answers, after and to compare with. totals[n - 1]: per
    corpus, how many (probe, sequence of n words) pairs there are. names: words that are names."""

    found: list[Candidate]
    n_seen: int
    totals: NDArray[np.int64]
    names: frozenset[str]


def count_grams(
    corpora: Sequence[Corpus], min_total: int, min_families: int, names: frozenset[str]
) -> Grams:
    """Sequences in at least min_total answers to probes over min_families, all corpora together.

    corpora: the answers after, then the references. A sequence is frequent only when both sequences
    of one word less are, so each length prunes the next.
    """
    vocabulary: dict[str, int] = {}
    words: list[int] = []
    runs: list[int] = []
    document: list[int] = []
    unit_of: list[int] = []  # document -> (corpus, probe)
    units: dict[tuple[int, ProbeKey], int] = {}
    families: dict[str, int] = {}
    corpus_of_unit: list[int] = []
    family_of_unit: list[int] = []
    run = 0
    for side, corpus in enumerate(corpora):
        for (probe, _), text in zip(corpus.answers, corpus.texts, strict=True):
            key = (side, probe_key(probe))
            if key not in units:
                units[key] = len(units)
                corpus_of_unit.append(side)
                family_of_unit.append(families.setdefault(probe.family, len(families)))
            words.extend(vocabulary.setdefault(w, len(vocabulary)) for w in text.words)
            runs.extend(run + r for r in text.runs)
            document.extend([len(unit_of)] * len(text.words))
            unit_of.append(units[key])
            run += (text.runs[-1] if text.runs else 0) + 1
    spelling = list(vocabulary)
    word, in_run, in_document = np.array(words, int), np.array(runs, int), np.array(document, int)
    unit, side_of = np.array(unit_of, int), np.array(corpus_of_unit, int)
    family = np.array(family_of_unit, int)

    found: list[Candidate] = []
    totals = np.zeros((MAX_WORDS, len(corpora)), np.int64)
    n_seen = 0
    starts, ids = np.arange(len(word)), word
    alive = np.zeros(len(word) + 1, bool)
    for n in range(1, MAX_WORDS + 1):
        if n > 1:
            fits = starts + n - 1 < len(word)
            starts, ids = starts[fits], ids[fits]
            keep = alive[starts + 1] & (in_run[starts] == in_run[starts + n - 1])
            starts = starts[keep]
            ids = ids[keep] * len(spelling) + word[starts + n - 1]
        if len(starts) == 0:
            break
        _, first, ids = np.unique(ids, return_index=True, return_inverse=True)
        n_grams = len(first)
        n_seen += n_grams
        pairs = np.unique(ids * len(units) + unit[in_document[starts]])
        gram_of, unit_of_pair = pairs // len(units), pairs % len(units)
        counts = np.zeros((n_grams, len(corpora)), np.int64)
        np.add.at(counts, (gram_of, side_of[unit_of_pair]), 1)
        totals[n - 1] = counts.sum(axis=0)
        n_families = _distinct(gram_of, family[unit_of_pair], n_grams, len(families))
        is_after = side_of[unit_of_pair] == 0
        n_families_after = _distinct(
            gram_of[is_after], family[unit_of_pair[is_after]], n_grams, len(families)
        )
        is_frequent = (counts.sum(axis=1) >= min_total) & (n_families >= min_families)
        holders = _holders(ids, in_document[starts], is_frequent, len(corpora[0].answers))
        for k in map(int, np.flatnonzero(is_frequent)):
            at = starts[first[k]]
            gram = tuple(spelling[w] for w in word[at : at + n])
            kind = Kind.NAME if any(w in names for w in gram) else Kind.PHRASE
            n_hits = tuple(int(c) for c in counts[k])
            found.append(
                Candidate(gram, kind, n_hits, frozenset(holders[k]), int(n_families_after[k]))
            )
        keep = is_frequent[ids]
        starts, ids = starts[keep], ids[keep]
        alive[:] = False
        alive[starts] = True
    return Grams(found, n_seen, totals, names)


def _distinct(
    rows: NDArray[np.int64], values: NDArray[np.int64], n_rows: int, n_values: int
) -> NDArray[np.int64]:
    """How many distinct values each row has."""
    pairs = np.unique(rows * n_values + values)
    return np.bincount(pairs // n_values, minlength=n_rows)


def _holders(
    ids: NDArray[np.int64],
    documents: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    n_after: int,
) -> defaultdict[int, set[int]]:
    """The answers after (they are the first documents) that hold each wanted sequence."""
    holders: defaultdict[int, set[int]] = defaultdict(set)
    keep = wanted[ids] & (documents < n_after)
    for k, document in zip(ids[keep].tolist(), documents[keep].tolist(), strict=True):
        holders[k].add(document)
    return holders


def words_of(texts: Iterable[Text]) -> set[str]:
    return {word for text in texts for word in text.words}
