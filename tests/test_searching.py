"""Words, phrases and patterns: found as a person means them, alike in Python and in RE2."""

from __future__ import annotations

import duckdb
import pytest

from inspector.errors import BadInput
from inspector.records import PhraseKind
from inspector.searching import MAX_CHARS, MAX_TERMS, Term, hits, search_of, terms_of

CASES = [
    (PhraseKind.PHRASE, "try a cold", "Try  a\ncold one, retry a colds; try a cold", 2),
    (PhraseKind.PHRASE, "cold", "colder, COLD.", 1),
    (PhraseKind.PHRASE, "cold cold", "cold cold cold", 1),
    (PhraseKind.WORD, "cold", "colder, COLD.", 2),
    (PhraseKind.PHRASE, "東京", "私は東京に行く", 1),
    (PhraseKind.PHRASE, "C++", "use c++, not C", 1),
    (PhraseKind.PHRASE, 'a#b-c~d "é"', 'A#b-c~d "É"!', 1),
    (PhraseKind.PHRASE, "Über_1", "über_1 über_12", 1),
    (PhraseKind.PHRASE, "\\d", "a \\d b 7", 1),
    (PhraseKind.REGEX, r"fizz\w*", "Fizz FIZZPOP", 2),
    (PhraseKind.REGEX, r"a|b", "cab", 2),
    (PhraseKind.PHRASE, "nothing", "", 0),
]


@pytest.mark.parametrize(("kind", "said", "text", "n"), CASES)
def test_python_and_the_database_find_the_same(
    kind: PhraseKind, said: str, text: str, n: int
) -> None:
    term = Term(kind, said)
    assert len(list(term.places(text))) == n
    asked = duckdb.execute("SELECT regexp_matches(?, ?)", [text, term.re2]).fetchall()
    assert asked == [(n > 0,)]


def test_a_search_is_words_and_phrases() -> None:
    assert terms_of(' one "two  three" "" four" five') == (
        Term(PhraseKind.WORD, "one"),
        Term(PhraseKind.PHRASE, "two  three"),
        Term(PhraseKind.WORD, 'four"'),
        Term(PhraseKind.WORD, "five"),
    )
    assert terms_of('"not closed') == (Term(PhraseKind.PHRASE, "not closed"),)
    assert terms_of("/a.b/") == (Term(PhraseKind.REGEX, "a.b"),)
    assert terms_of("  ") == terms_of("") == ()


@pytest.mark.parametrize(
    "term",
    [
        Term(PhraseKind.PHRASE, "try a cold"),
        Term(PhraseKind.REGEX, "a/b"),
        Term(PhraseKind.WORD, "x"),
    ],
)
def test_a_term_can_be_typed_into_the_search(term: Term) -> None:
    assert terms_of(search_of(term)) == (term,)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(a", "no regular expression"),
        ("a*", "fits the empty text"),
        (" ", "Nothing to look for"),
        ("x" * (MAX_CHARS + 1), "at most"),
        ("(?P<a>x)(?P<a>", "no regular expression"),
    ],
)
def test_what_cannot_be_looked_for_is_one_sentence(pattern: str, why: str) -> None:
    with pytest.raises(BadInput, match=why) as caught:
        Term(PhraseKind.REGEX, pattern)
    assert "\n" not in str(caught.value)


def test_too_many_words_are_bad_input() -> None:
    with pytest.raises(BadInput, match="at most"):
        terms_of("word " * (MAX_TERMS + 1))


def test_a_pattern_that_would_run_for_ever_ends() -> None:
    endless = Term(PhraseKind.REGEX, "(a|aa)+b")
    with pytest.raises(TimeoutError):
        list(endless.places("a" * 5000))
    assert hits("a" * 5000 + " cold", [endless, Term(PhraseKind.WORD, "cold")]) == [(5001, 5005)]
