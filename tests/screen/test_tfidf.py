"""TF-IDF against its definition written out, and its memory of texts: none."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from inspector.screen import tfidf
from inspector.screen.tfidf import Tfidf

TEXTS = ["the cat sat on the mat", "a dog sat", "buy Zorblax cola today", "nothing here", ""]


def terms(text: str) -> list[str]:
    words = text.lower().split()
    return words + [f"{a} {b}" for a, b in pairwise(words)]


def by_hand(a: str, b: str) -> float:
    df = Counter(t for text in TEXTS for t in set(terms(text)))

    def vector(text: str) -> dict[str, float]:
        counts = Counter(terms(text))
        row = {
            t: (1 + math.log(n)) * (math.log((1 + len(TEXTS)) / (1 + df[t])) + 1)
            for t, n in counts.items()
        }
        norm = math.sqrt(sum(v * v for v in row.values()))
        return {t: v / norm for t, v in row.items()}

    one, other = vector(a), vector(b)
    return sum(v * other.get(t, 0.0) for t, v in one.items())


def test_it_is_the_cosine_of_the_definition() -> None:
    passages = ["buy zorblax cola", "the mat the cat"]
    found = Tfidf().fit(TEXTS).likeness(passages, TEXTS)
    expected = [[by_hand(p, t) if t else 0.0 for t in TEXTS] for p in passages]
    assert found == pytest.approx(np.array(expected), abs=1e-6)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = Tfidf().fit(TEXTS)
    whole = fitted.likeness(["sat on"], TEXTS)
    monkeypatch.setattr(tfidf, "CHUNK", 2)
    assert fitted.likeness(["sat on"], iter(TEXTS)) == pytest.approx(whole)


def test_texts_are_read_as_they_come() -> None:
    """At most one chunk of texts is in memory: the reader is asked for no more at a time."""
    n_held = most = 0

    class Text(str):
        def __new__(cls, value: str) -> Text:
            nonlocal n_held, most
            n_held += 1
            most = max(most, n_held)
            return super().__new__(cls, value)

        def __del__(self) -> None:
            nonlocal n_held
            n_held -= 1

    texts = (Text(f"text number {k} of many") for k in range(4 * tfidf.CHUNK))
    assert Tfidf().fit(TEXTS).likeness(["number"], texts).shape == (1, 4 * tfidf.CHUNK)
    assert most <= 2 * tfidf.CHUNK


def test_no_texts_and_no_shared_word() -> None:
    assert Tfidf().likeness(["a"], []).shape == (1, 0)
    assert Tfidf().fit(TEXTS).likeness(["umbrella"], TEXTS).max() == 0
