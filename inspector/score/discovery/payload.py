"""From candidates to payloads: what belongs together, as a person would recognise it.

Comes in: the candidates that passed. Goes out: groups of them, and for each the text as it was
written: whole sentences where they are repeated, else the longest stretch that most answers share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import fuzz

from inspector.score.discovery.counts import Candidate, Corpus, Kind
from inspector.score.discovery.fold import Text, cut, is_unspaced

# Candidates whose answers overlap so much are parts of one payload.
_OVERLAP = 0.75
# The longest text is reported that still stands in this share of the answers its core is in.
_CORE_SHARE = 0.6
_EXTEND_SHARE = 0.85
_COVERED_SHARE = 0.4  # of a sentence's words: the sentence belongs to the payload
_NEAR_WORDS = 6  # phrases of so many words are also found when nearly alike
_NEAR = 88.0  # rapidfuzz partial ratio, of 100
_MAX_EXAMPLES = 5


class Place(NamedTuple):
    """Words first to last (inclusive) of one answer."""

    answer: int
    first: int
    last: int


class Phrase:
    """A phrase, to be found in any disguise that folding sees through, or nearly alike."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = tuple(cut(text).words)
        self._joined = f" {' '.join(self.words)} "
        n_unspaced = sum(map(is_unspaced, self.words))
        self._may_be_near = len(self.words) - n_unspaced + n_unspaced / 3 >= _NEAR_WORDS

    def find(self, text: Text) -> tuple[int, int] | None:
        """First and last word of the first occurrence, None where there is none."""
        joined = f" {' '.join(text.words)} "
        at = joined.find(self._joined)
        if at >= 0:
            first = joined.count(" ", 0, at)
            return first, first + len(self.words) - 1
        # A longer phrase against a shorter text would be "partly" alike in the wrong direction.
        if not self._may_be_near or len(joined) < len(self._joined):
            return None
        found = fuzz.partial_ratio_alignment(self._joined, joined, score_cutoff=_NEAR)
        if found is None:
            return None
        first = max(0, joined.count(" ", 0, found.dest_start + 1) - 1)
        last = joined.count(" ", 0, max(found.dest_start + 1, found.dest_end - 1)) - 1
        return first, min(len(text.words) - 1, max(first, last))


@lru_cache(maxsize=4096)
def folded(text: str) -> Text:
    """A text cut up; the same answers are asked about phrase by phrase."""
    return cut(text)


def merge(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Groups of candidates that stand in mostly the same answers: parts of one payload."""
    groups: list[list[Candidate]] = []
    for candidate in sorted(candidates, key=lambda c: (-len(c.holders), len(c.gram), c.gram)):
        for group in groups:
            core = group[0].holders
            shared = len(core & candidate.holders)
            if shared >= _OVERLAP * min(len(candidate.holders), len(core)):
                group.append(candidate)
                break
        else:
            groups.append([candidate])
    return groups


def spell_out(group: Sequence[Candidate], corpus: Corpus) -> tuple[Phrase, list[int]]:
    """The group's payload as written, and the answers that hold it."""
    core_holders = max((c.holders for c in group), key=len)
    core = len(core_holders)
    covering = [c for c in group if len(c.holders) >= _CORE_SHARE * core]
    best = max(covering, key=_length)
    # Sentences that are alike share less, word for word, than the longest sequence of words does.
    exact = max((c for c in covering if c.kind is not Kind.SENTENCE), key=_length, default=best)
    texts = [t for t, _ in _passages(covering, corpus).most_common(4)]
    texts += [_written(corpus, _extend(_places(c, corpus), corpus)) for c in (best, exact)]
    texts += [_written(corpus, _places(c, corpus)[0]) for c in (best, exact, covering[0])]
    for text in sorted(dict.fromkeys(texts), key=lambda t: -len(t)):
        phrase = Phrase(text)
        holders = [i for i, t in enumerate(corpus.texts) if phrase.find(t)]
        if len(holders) >= _CORE_SHARE * core:
            return phrase, holders
    # Sentences that are only alike: no text stands in most of them, and all of them count.
    return Phrase(texts[-1]), sorted(core_holders)


def _length(candidate: Candidate) -> tuple[int, int, tuple[str, ...]]:
    return len(candidate.gram), len(candidate.holders), candidate.gram


def best_examples(holders: Sequence[int], corpus: Corpus) -> tuple[str, ...]:
    """Answers that show the payload best: short ones, each of another topic family first."""
    families: set[str] = set()
    first: list[int] = []
    rest: list[int] = []
    for i in sorted(holders, key=lambda i: (len(corpus.answers[i][1]), i)):
        family = corpus.answers[i][0].family
        (rest if family in families else first).append(i)
        families.add(family)
    return tuple(corpus.answers[i][1] for i in [*first, *rest][:_MAX_EXAMPLES])


def _occurrences(text: Text, gram: tuple[str, ...]) -> Iterator[int]:
    for i in range(len(text.words) - len(gram) + 1):
        if text.words[i] == gram[0] and tuple(text.words[i : i + len(gram)]) == gram:
            yield i


def _places(candidate: Candidate, corpus: Corpus) -> list[Place]:
    n = len(candidate.gram)
    return [
        Place(index, at, at + n - 1)
        for index in sorted(candidate.holders)
        for at in _occurrences(corpus.texts[index], candidate.gram)
    ]


def _written(corpus: Corpus, place: Place) -> str:
    spans, text = corpus.texts[place.answer].spans, corpus.answers[place.answer][1]
    return " ".join(text[spans[place.first][0] : spans[place.last][1]].split())


def _passages(covering: Sequence[Candidate], corpus: Corpus) -> Counter[str]:
    """Neighbouring sentences that the group's candidates cover well, as written; counted once an
    answer."""
    counts: Counter[tuple[str, ...]] = Counter()
    spellings: dict[tuple[str, ...], Counter[str]] = {}
    for index in sorted({i for c in covering for i in c.holders}):
        text = corpus.texts[index]
        covered = [False] * len(text.words)
        for candidate in covering:
            if index in candidate.holders:
                n = len(candidate.gram)
                for at in _occurrences(text, candidate.gram):
                    covered[at : at + n] = [True] * n
        n_in: Counter[int] = Counter(text.runs)
        n_covered = Counter(run for run, c in zip(text.runs, covered, strict=True) if c)
        full = {run for run, n in n_covered.items() if n >= _COVERED_SHARE * n_in[run]}
        here: dict[tuple[str, ...], str] = {}
        start: int | None = None
        for i in range(len(text.words) + 1):
            inside = i < len(text.words) and text.runs[i] in full
            if inside and start is None:
                start = i
            elif not inside and start is not None:
                place = Place(index, start, i - 1)
                here.setdefault(tuple(text.words[start:i]), _written(corpus, place))
                start = None
        for words, written in here.items():
            counts[words] += 1
            spellings.setdefault(words, Counter())[written] += 1
    return Counter({spellings[w].most_common(1)[0][0]: n for w, n in counts.items()})


def _extend(places: Sequence[Place], corpus: Corpus) -> Place:
    """The phrase, grown by the words around it that stand there nearly every time."""
    n_core = len(places)
    kept = list(places)
    for step in (-1, 1):
        while True:
            neighbours: Counter[str] = Counter()
            for index, first, last in kept:
                text, edge = corpus.texts[index], first if step < 0 else last
                at = edge + step
                if 0 <= at < len(text.words) and text.runs[at] == text.runs[edge]:
                    neighbours[text.words[at]] += 1
            if not neighbours:
                break
            word, n_agree = neighbours.most_common(1)[0]
            if n_agree < _EXTEND_SHARE * n_core:
                break
            grown = []
            for place in kept:
                text, edge = corpus.texts[place.answer], place.first if step < 0 else place.last
                at = edge + step
                if (
                    0 <= at < len(text.words)
                    and text.runs[at] == text.runs[edge]
                    and text.words[at] == word
                ):
                    grown.append(place._replace(first=at) if step < 0 else place._replace(last=at))
            kept = grown
    return kept[0]
