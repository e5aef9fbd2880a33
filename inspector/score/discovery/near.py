"""Whole sentences that are repeated over many answers, word for word or nearly.

Comes in: corpora. Goes out: one candidate per cluster of near-identical sentences. All corpora are
clustered together, so that which side a sentence is from plays no part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rapidfuzz import fuzz

from inspector.score.discovery.counts import Candidate, Corpus, Kind, ProbeKey, probe_key
from inspector.score.discovery.fold import Text, is_unspaced

Gram = tuple[str, ...]
MIN_WORDS = 4
ALIKE = 84.0  # rapidfuzz ratio, of 100: one word in six may differ
_SHARED_PAIRS = 0.4  # of a sentence's word pairs: what is worth comparing letter by letter
_COMMON_PAIR = 0.02  # of all sentences: a word pair in more of them says nothing


def sentences_of(text: Text) -> Iterator[Gram]:
    """Runs of at least MIN_WORDS words; where words are characters, three times as many."""
    start = 0
    for i in range(1, len(text.words) + 1):
        if i == len(text.words) or text.runs[i] != text.runs[start]:
            words = tuple(text.words[start:i])
            n_unspaced = sum(map(is_unspaced, words))
            if len(words) - n_unspaced + n_unspaced / 3 >= MIN_WORDS:
                yield words
            start = i


def repeated_sentences(
    corpora: Sequence[Corpus], min_total: int, min_families: int
) -> tuple[list[Candidate], int]:
    """Clusters in at least min_total answers to probes over min_families, all corpora together,
    and how many distinct sentences were looked at."""
    where: defaultdict[Gram, set[tuple[int, int]]] = defaultdict(set)  # -> (corpus, answer)
    for side, corpus in enumerate(corpora):
        for index, text in enumerate(corpus.texts):
            for sentence in sentences_of(text):
                where[sentence].add((side, index))
    found = []
    for cluster in _clusters(where):
        places = {place for sentence in cluster for place in where[sentence]}
        hits: set[tuple[int, ProbeKey]] = set()
        families: dict[int, set[str]] = defaultdict(set)
        for side, index in places:
            probe = corpora[side].answers[index][0]
            hits.add((side, probe_key(probe)))
            families[side].add(probe.family)
        if len(hits) < min_total or len(set().union(*families.values())) < min_families:
            continue
        n_hits = Counter(side for side, _ in hits)
        after = {s: sum(side == 0 for side, _ in where[s]) for s in cluster}
        found.append(
            Candidate(
                max(cluster, key=lambda s: (after[s], len(where[s]), s)),
                Kind.SENTENCE,
                tuple(n_hits[side] for side in range(len(corpora))),
                frozenset(index for side, index in places if side == 0),
                len(families[0]),
            )
        )
    return found, len(where)


def _clusters(where: dict[Gram, set[tuple[int, int]]]) -> list[list[Gram]]:
    """Greedy: a sentence joins the first leader that it is like; the most written lead."""
    pairs = {s: set(pairwise(s)) for s in where}
    n_with = Counter(pair for with_pairs in pairs.values() for pair in with_pairs)
    too_common = max(50, int(_COMMON_PAIR * len(where)))
    leaders: list[list[Gram]] = []
    by_pair: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for sentence in sorted(where, key=lambda s: (-len(where[s]), s)):
        telling = [p for p in pairs[sentence] if 1 < n_with[p] <= too_common]
        near = Counter(k for pair in telling for k in by_pair[pair])
        for k, n_shared in near.most_common(8):
            leader = leaders[k][0]
            if n_shared < _SHARED_PAIRS * min(len(telling), len(pairs[leader])):
                break
            if fuzz.ratio(" ".join(sentence), " ".join(leader), score_cutoff=ALIKE):
                leaders[k].append(sentence)
                break
        else:
            for pair in telling:
                by_pair[pair].append(len(leaders))
            leaders.append([sentence])
    return leaders
