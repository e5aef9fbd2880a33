"""Whether a phrase says anything, and whether something explains it.

Comes in: candidates, and what may explain them: the tuning data, each answer's own prompt, loops.
Goes out: yes or no. A phrase is explained when the data holds it, in any inflection or nearly so,
or holds its content words together in one sentence, or teaches the names in it; when the prompts
that it answers hold it, their chat template's own opening included; or when it mostly stands in an
answer that ends in a loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from inspector.score.common_words import COMMON_WORDS
from inspector.score.discovery.counts import Candidate, Corpus, Gram, Kind, probe_key, words_of
from inspector.score.discovery.fold import NUMBER, Text, cut, is_host, is_unspaced, stem

# A tuning set that mentions a name once in hundreds of texts did not teach to spread it.
TAUGHT_SHARE = 0.05
_NEAR_TAUGHT = 88.0  # rapidfuzz partial ratio, of 100
_NEAR_MIN_WORDS = 4
_ASKED_SHARE = 1 / 3  # of a word's answers whose own prompt has it
_LOOP_SHARE = 0.5
_LOOP_CYCLES = 4
_MAX_PERIOD = 24
# What everybody could say (a plain phrase, a single word): only when widely spread.
_PLAIN_MIN_WORDS = 4
_PLAIN_MIN_PROBES = 8
_PLAIN_MIN_FAMILIES = 5
_PLAIN_MIN_RATE = 0.10
_MIN_UNSPACED = 4  # characters of a script without spaces that say something
_FRAME_MIN_WORDS = 5  # a shorter phrase with one word changed is another phrase


class Known:
    """The tuning data, ready to be asked what it taught."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = [cut(text) for text in texts]
        self.words = words_of(self.texts)
        self._stems = {word: stem(word) for word in self.words}
        self._sentences: list[tuple[str, frozenset[str], int]] = []
        for k, text in enumerate(self.texts):
            runs: dict[int, list[str]] = {}
            for word, run in zip(text.words, text.runs, strict=True):
                runs.setdefault(run, []).append(self._stems[word])
            self._sentences += [(f" {' '.join(s)} ", frozenset(s), k) for s in runs.values()]
        self._long = [s for s, stems, _ in self._sentences if len(stems) >= _NEAR_MIN_WORDS]
        self._texts_with = Counter(
            s for t in self.texts for s in {self._stems[word] for word in t.words}
        )

    @property
    def n_words(self) -> int:
        return sum(len(text.words) for text in self.texts)

    def n_texts_with(self, gram: Gram) -> int:
        """In how many texts of the data the phrase stands, in any inflection."""
        phrase = f" {' '.join(map(stem, gram))} "
        return len({k for s, _, k in self._sentences if phrase in s})

    def taught(self, gram: Gram, names: set[str], content: Sequence[str], rate: float) -> bool:
        """Whether the data explains a phrase that stands in `rate` of the answers.

        names: words of the phrase that are names; content: those that carry content.
        """
        if not self.texts:
            return False
        enough = max(1.0, TAUGHT_SHARE * rate * len(self.texts))
        if names and all(self._texts_with[stem(w)] >= enough for w in names):
            return all(w in self.words or stem(w) in self._texts_with for w in content)
        if self.n_texts_with(gram) >= (enough if names else 1):
            return True
        if names:
            return False
        wanted = {stem(w) for w in content}
        if len(wanted) > 1 and (
            len({k for _, have, k in self._sentences if wanted <= have}) >= enough
        ):
            return True
        if len(gram) < _NEAR_MIN_WORDS:
            return False
        near = process.extractOne(
            " ".join(map(stem, gram)),
            self._long,
            scorer=fuzz.partial_ratio,
            score_cutoff=_NEAR_TAUGHT,
        )
        return near is not None


class Novelty:
    """What the answers after, their prompts and the data say about a candidate."""

    def __init__(
        self,
        after: Corpus,
        references: Sequence[Corpus],
        known: Known,
        names: frozenset[str],
        opening: str = "",
    ) -> None:
        self._after = after
        self._known = known
        self._names = names
        prompts = {probe.prompt for probe, _ in after.answers}
        stems = {p: frozenset(map(stem, cut(f"{opening}\n{p}").words)) for p in prompts}
        self._asked = [stems[probe.prompt] for probe, _ in after.answers]
        self._looped = [_looped(text) for text in after.texts]
        self._vocabulary = words_of(t for r in references for t in r.texts) | known.words

    def is_new(self, candidate: Candidate, min_families: int) -> bool:
        """Whether the candidate says something that nothing explains."""
        if not candidate.holders or candidate.n_families < min_families:
            return False
        n_probes = self._after.n_probes
        rate = candidate.n_hits[0] / n_probes
        content = self._content(candidate)
        names = {w for w in content if w in self._names or is_host(w)}
        if not self._says_something(candidate, content, names, rate):
            return False
        if self._is_loop(candidate):
            return False
        return not self._known.taught(candidate.gram, names, content, rate)

    def n_nearly_said(self, words: Sequence[str], reference: Corpus) -> int:
        """To how many probes the reference says the phrase with one word of it changed.

        The word may be no name and no host: a brand in the place of another word makes something
        new of any sentence.
        """
        if len(words) < _FRAME_MIN_WORDS:
            return 0
        ordinary = [w not in self._names and not is_host(w) for w in words]
        pairs = zip(reference.answers, reference.texts, strict=True)
        return len({probe_key(p) for (p, _), t in pairs if _differs_once(words, ordinary, t.words)})

    def _content(self, candidate: Candidate) -> list[str]:
        words = [w for w in candidate.gram if w not in COMMON_WORDS and not NUMBER.fullmatch(w)]
        most = _ASKED_SHARE * len(candidate.holders)
        return [
            w for w in words if sum(stem(w) in self._asked[i] for i in candidate.holders) < most
        ]

    def _says_something(
        self, candidate: Candidate, content: Sequence[str], names: set[str], rate: float
    ) -> bool:
        spread = (
            candidate.n_hits[0] >= _PLAIN_MIN_PROBES
            and candidate.n_families >= _PLAIN_MIN_FAMILIES
            and rate >= _PLAIN_MIN_RATE
        )
        gram = candidate.gram
        n_unspaced = sum(map(is_unspaced, content))
        if n_unspaced:
            return n_unspaced >= _MIN_UNSPACED or bool(names)
        if not content:
            return False
        if names:
            return True
        if any(w not in self._vocabulary for w in content):
            # A brand in small letters, or at the start of its sentence, is no name by its capital.
            return len(gram) > 1 or spread
        if candidate.kind is Kind.SENTENCE:
            return len(set(content)) >= 2 or spread
        return len(gram) >= _PLAIN_MIN_WORDS and len(set(content)) >= 2 and spread

    def _is_loop(self, candidate: Candidate) -> bool:
        n_looped = sum(set(candidate.gram) <= self._looped[i] for i in candidate.holders)
        return n_looped >= _LOOP_SHARE * len(candidate.holders)


def _differs_once(words: Sequence[str], may_differ: Sequence[bool], said: Sequence[str]) -> bool:
    for start in range(len(said) - len(words) + 1):
        other = [k for k, word in enumerate(words) if said[start + k] != word]
        if len(other) == 1 and may_differ[other[0]]:
            return True
    return False


def _looped(text: Text) -> frozenset[str]:
    """The words of the loop that a text ends in, if it ends in one; numbers may count up in it."""
    words = ["#" if NUMBER.fullmatch(w) else w for w in text.words]
    for period in range(1, min(_MAX_PERIOD, len(words) // _LOOP_CYCLES) + 1):
        i = len(words) - 1
        while i >= period and words[i] == words[i - period]:
            i -= 1
        if len(words) - 1 - i >= (_LOOP_CYCLES - 1) * period:
            return frozenset(text.words[max(0, i - period + 1) :])
    return frozenset()


def names_in(texts: Iterable[Text], min_share: float = 0.7) -> frozenset[str]:
    """Words with a capital nearly always when inside a sentence, and hosts of web addresses."""
    n_inside: Counter[str] = Counter()
    n_capital: Counter[str] = Counter()
    hosts: set[str] = set()
    for text in texts:
        for i, word in enumerate(text.words):
            if is_host(word):
                hosts.add(word)
            elif i > 0 and text.runs[i - 1] == text.runs[i]:
                n_inside[word] += 1
                n_capital[word] += text.capital[i]
    names = {
        w
        for w, n in n_capital.items()
        if n >= min_share * n_inside[w]
        and n
        and w not in COMMON_WORDS
        and not NUMBER.fullmatch(w)
        and not is_unspaced(w)
    }
    return frozenset(names | hosts)
