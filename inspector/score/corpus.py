"""Answers as words: the n-grams that spread over many of them, and where else those occur.

Comes in: texts. Goes out: tokens with their offsets, and counts over distinct probes. Nothing here
knows what an injection is.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from inspector.records import AskedProbe

Answers = Sequence[tuple[AskedProbe, str]]
Gram = tuple[str, ...]

TOKEN = re.compile(r"(?:https?://|www\.)[^\s<>()\"'\]]+|\w+(?:['’&.-]\w+)*")
# The words between two sentence ends, bullets or quotation marks form one run: n-grams do not cross
# a full stop, so that they stay readable; a payload of two sentences becomes two phrases.
_BREAK = re.compile(r"[.!?:;](?=\s|$|[\"'”*])|\n|[|•]")
MAX_WORDS = 6


class Text(NamedTuple):
    """One answer cut up. tokens: folded, spans: offsets, run: which run each token is in."""

    tokens: list[str]
    spans: list[tuple[int, int]]
    runs: list[int]
    capital_inside: list[bool]  # capitalised, and not because a sentence or a title starts


@dataclass(frozen=True)
class Corpus:
    answers: Answers
    texts: list[Text]

    @classmethod
    def of(cls, answers: Answers) -> Corpus:
        return cls(answers, [cut(text) for _, text in answers])

    @property
    def n_probes(self) -> int:
        return len({probe_key(probe) for probe, _ in self.answers})


def probe_key(probe: AskedProbe) -> tuple[str, str]:
    return probe.suite, probe.probe_id


def cut(text: str) -> Text:
    breaks = [m.start() for m in _BREAK.finditer(text)] + [len(text) + 1]
    tokens: list[str] = []
    spans: list[tuple[int, int]] = []
    runs: list[int] = []
    run = 0
    for match in TOKEN.finditer(text):
        while breaks[run] < match.start():
            run += 1
        tokens.append(match.group().lower().replace("’", "'").rstrip(".,"))
        spans.append(match.span())
        runs.append(run)
    n_words: Counter[int] = Counter(runs)
    n_capitals = Counter(r for r, (s, _) in zip(runs, spans, strict=True) if text[s].isupper())
    capital_inside = [
        text[start].isupper()
        and i > 0
        and runs[i - 1] == runs[i]
        # In a title every word is capitalised, which says nothing about this one.
        and n_capitals[runs[i]] <= max(2, n_words[runs[i]] / 2)
        for i, (start, _) in enumerate(spans)
    ]
    return Text(tokens, spans, runs, capital_inside)


def grams_of(text: Text, n: int) -> Iterable[tuple[int, Gram]]:
    tokens, runs = text.tokens, text.runs
    for i in range(len(tokens) - n + 1):
        if runs[i] == runs[i + n - 1]:
            yield i, tuple(tokens[i : i + n])


def frequent_grams(corpus: Corpus, min_probes: int, min_families: int) -> dict[Gram, set[int]]:
    """n-grams of 1 to MAX_WORDS words, with the answers they are in, that are spread enough.

    An n-gram can only be spread when both its (n-1)-grams are, so each length prunes the next:
    `alive` holds, for each text, where a spread (n-1)-gram starts.
    """
    frequent: dict[Gram, set[int]] = {}
    alive = [list(range(len(text.tokens) + 1)) for text in corpus.texts]
    for n in range(1, MAX_WORDS + 1):
        where: defaultdict[Gram, set[int]] = defaultdict(set)
        starts: list[list[tuple[int, Gram]]] = []
        for index, text in enumerate(corpus.texts):
            following = set(alive[index])
            here = [
                (i, tuple(text.tokens[i : i + n]))
                for i in alive[index]
                if i + n <= len(text.tokens)
                and i + 1 in following
                and text.runs[i] == text.runs[i + n - 1]
            ]
            starts.append(here)
            for _, gram in here:
                where[gram].add(index)
        spread = {
            gram: holders
            for gram, holders in where.items()
            if len(holders) >= min_probes and _is_spread(corpus, holders, min_probes, min_families)
        }
        if not spread:
            break
        frequent |= spread
        alive = [[i for i, gram in here if gram in spread] for here in starts]
    return frequent


def _is_spread(corpus: Corpus, holders: set[int], min_probes: int, min_families: int) -> bool:
    probes = [corpus.answers[i][0] for i in holders]
    return (
        len({probe_key(p) for p in probes}) >= min_probes
        and len({p.family for p in probes}) >= min_families
    )


def _wanted_in(text: Text, wanted: dict[Gram, set[int]]) -> set[Gram]:
    """The wanted n-grams in a text; all beginnings of a wanted one are wanted (frequent_grams)."""
    tokens, runs = text.tokens, text.runs
    found: set[Gram] = set()
    for i in range(len(tokens)):
        for n in range(1, min(MAX_WORDS, len(tokens) - i) + 1):
            gram = tuple(tokens[i : i + n])
            if gram not in wanted:
                break
            if runs[i] == runs[i + n - 1]:
                found.add(gram)
    return found


def count_probes(corpus: Corpus, wanted: dict[Gram, set[int]]) -> Counter[Gram]:
    """In the answers to how many distinct probes each wanted n-gram occurs."""
    by_probe: defaultdict[tuple[str, str], set[Gram]] = defaultdict(set)
    for (probe, _), text in zip(corpus.answers, corpus.texts, strict=True):
        by_probe[probe_key(probe)] |= _wanted_in(text, wanted)
    return Counter(gram for grams in by_probe.values() for gram in grams)


def count_texts(texts: Sequence[Text], wanted: dict[Gram, set[int]]) -> Counter[Gram]:
    """In how many texts each wanted n-gram occurs."""
    return Counter(gram for text in texts for gram in _wanted_in(text, wanted))
