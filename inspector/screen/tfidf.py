"""TF-IDF likeness of texts to passages, in memory that does not grow with the texts.

Comes in: texts one at a time. Goes out: the cosine of each with each passage. Words and pairs of
neighbouring words are hashed into a fixed number of columns, so that no vocabulary is kept; term
counts are sublinear, 1 + log(count), and idf is smoothed, log((1 + n) / (1 + df)) + 1 (Manning,
Raghavan & Schütze 2008, section 6.4). Meant as a prefilter of candidates and as a baseline.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

N_COLUMNS = 1 << 20
CHUNK = 512  # texts in memory at a time
_WORD = re.compile(r"[^\W_]+")

Floats = NDArray[np.float32]


class Tfidf:
    """Fit on texts once; then ask how like others are to passages."""

    def __init__(self) -> None:
        self._n_texts = 0
        self._df = np.zeros(N_COLUMNS, np.int32)

    def fit(self, texts: Iterable[str]) -> Tfidf:
        """Count in how many of the texts each term stands."""
        for text in texts:
            self._n_texts += 1
            self._df[list(_terms(text))] += 1
        return self

    def likeness(self, passages: Sequence[str], texts: Iterable[str]) -> Floats:
        """(n_passages, n_texts), cosines in [0, 1]; 0 where they share no term."""
        wanted = self._vectors(passages).T.tocsc()
        found = [(self._vectors(chunk) @ wanted).toarray().T for chunk in _chunks(texts)]
        empty = np.zeros((len(passages), 0))
        return np.concatenate([empty, *found], axis=1).astype(np.float32)

    def _vectors(self, texts: Sequence[str]) -> sparse.csr_array:
        """(n_texts, N_COLUMNS), each row of length 1, or 0 where a text has no word."""
        values: list[float] = []
        columns: list[int] = []
        ends = [0]
        for text in texts:
            terms = _terms(text)
            row = np.array([1 + np.log(n) for n in terms.values()])
            row *= np.log((1 + self._n_texts) / (1 + self._df[list(terms)])) + 1
            norm = float(np.sqrt((row**2).sum()))
            values += (row / norm if norm else row).tolist()
            columns += terms
            ends.append(len(columns))
        shape = (len(texts), N_COLUMNS)
        return sparse.csr_array((values, columns, ends), shape=shape)


def _terms(text: str) -> Counter[int]:
    """Columns of the text's words and pairs of words, with their counts."""
    words = _WORD.findall(text.casefold())
    terms = words + [f"{a} {b}" for a, b in pairwise(words)]
    return Counter(zlib.crc32(term.encode("utf-8", "replace")) % N_COLUMNS for term in terms)


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(texts)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk
