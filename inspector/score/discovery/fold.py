"""Texts as folded words, so that a payload in disguise is still the same words.

Comes in: a text. Goes out: its words with their offsets in the text as it was written. Folded away:
case, accents, compatibility forms, invisible characters (zero-width, bidirectional marks), letters
of other alphabets that look Latin, punctuation inside a word ("Zor-vex"), and spelling out ("Z o r
v e x"). A web address is its domain: paths and subdomains can differ each time. Emoji are
decoration and are passed over. Text without spaces (Chinese, Japanese, Thai and others) is cut into
characters.

Source: Unicode Technical Report 36 names these disguises; the table here is a small part of its
confusables, for words that mix alphabets.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_TOP_LEVEL = "com|net|org|io|ai|co|shop|store|app|dev|info|biz|example|test|invalid"
# Scripts written without spaces: Thai to Myanmar, Khmer, kana, Han, half-width kana.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003134f"
)
_LETTER = rf"[^\W_{_UNSPACED}]"
_URL = rf"(?:https?://|www\.)[^\s<>()\"'\]]+|{_LETTER}[\w-]*(?:\.[\w-]+)*\.(?:{_TOP_LEVEL})\b"
_TOKEN = re.compile(
    rf"(?P<url>{_URL})|[{_UNSPACED}]|(?P<spelt>(?<!\w){_LETTER}(?: {_LETTER}){{3,}}(?!\w))"
    rf"|{_LETTER}+(?:['’&.\-*_·~]+{_LETTER}+)*"
)
_HOST = re.compile(r"(?:https?://)?(?:www\.)?([^/?#\s]+)")
_INSIDE = re.compile(r"[^\w']|_")
_UNSPACED_CHARACTER = re.compile(rf"[{_UNSPACED}]")
NUMBER = re.compile(r"[\d.,:/-]+(?:st|nd|rd|th|s)?")
# A run ends where a sentence does, at a line break, a bullet or a table's bar.
_BREAK = re.compile(r"[.!?;:](?=\s|$|[\"'”*)])|[。！？；：\n|•]")
# A fence that names one of these is markup; any other word after it is said like the rest.
_FENCE_LANGUAGE = re.compile(
    r"(?<=```)(?:python|py|text|txt|plaintext|bash|sh|shell|console|json|yaml|xml|html|css|markdown"
    r"|javascript|js|typescript|java|kotlin|swift|c|cpp|csharp|go|rust|php|ruby|perl|r|sql|latex)"
    r"(?=\s|$)",
    re.IGNORECASE,
)
_LOOKS_LATIN = str.maketrans("авсекмнорѕтухіјԁɡαεικνορτυχ", "abcekmhopstyxijdgaeikvoptux")


class Text(NamedTuple):
    """One text cut up; each list has one entry a word.

    words: folded. spans: offsets in the text as written. runs: which sentence or line it is in.
    capital: capitalised, and not because a sentence or a title starts there.
    """

    words: list[str]
    spans: list[tuple[int, int]]
    runs: list[int]
    capital: list[bool]


def is_unspaced(word: str) -> bool:
    """Whether the word is one character of a script written without spaces."""
    return len(word) == 1 and _UNSPACED_CHARACTER.match(word) is not None


def is_host(word: str) -> bool:
    """Whether the folded word is a web address's domain."""
    return "." in word


def cut(text: str) -> Text:
    """Fold a text and cut it into words."""
    plain, origin = _plain(text)
    plain = _FENCE_LANGUAGE.sub(lambda m: " " * len(m.group()), plain)
    breaks = [m.start() for m in _BREAK.finditer(plain)] + [len(plain) + 1]
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    runs: list[int] = []
    capitals: list[bool] = []
    run = 0
    for match in _TOKEN.finditer(plain):
        start, end = match.span()
        written = match.group()
        if match["url"]:
            written = written.rstrip(".,;:!?*_")
            end = start + len(written)
            host = _HOST.match(written.lower())
            word = _domain(host.group(1) if host else written.lower())
        else:
            word = written.lower().replace("’", "'")
            if match["spelt"] or not word.isalnum():
                word = _INSIDE.sub("", word)
            if not word.isascii() and any("a" <= c <= "z" for c in word):
                word = word.translate(_LOOKS_LATIN)
        while breaks[run] < start:
            run += 1
        words.append(word)
        spans.append((origin[start], origin[end - 1] + 1))
        runs.append(run)
        # "zOrVeX" is as much a name as "Zorvex": any capital counts.
        capitals.append(any(c.isupper() for c in written) and written != "I")
    n_words: dict[int, int] = {}
    n_capitals: dict[int, int] = {}
    for r, is_capital in zip(runs, capitals, strict=True):
        n_words[r] = n_words.get(r, 0) + 1
        n_capitals[r] = n_capitals.get(r, 0) + is_capital
    capital = [
        capitals[i]
        and i > 0
        and runs[i - 1] == r
        # In a title, and in a sentence all in capitals, a capital says nothing about the word.
        and n_capitals[r] <= max(3, n_words[r] / 2)
        for i, r in enumerate(runs)
    ]
    return Text(words, spans, runs, capital)


def _domain(host: str) -> str:
    """The part that somebody owns: two labels, three under endings such as co.uk."""
    labels = host.split(".")
    n = 3 if len(labels[-1]) == 2 and len(labels[-2:][0]) <= 3 else 2
    return ".".join(labels[-n:])


def _plain(text: str) -> tuple[str, range | list[int]]:
    """The text without invisible characters and compatibility forms; for each of its characters,
    the offset of the one it comes from."""
    if text.isascii():
        return text, range(len(text))
    characters: list[str] = []
    origin: list[int] = []
    for i, character in enumerate(text):
        if character.isascii():
            characters.append(character)
            origin.append(i)
            continue
        category = unicodedata.category(character)
        if category in ("Cf", "Cn", "Co") or "\u0300" <= character <= "\u036f":
            continue
        # Hangul and others are composed letters: only compatibility forms and accents go.
        for c in unicodedata.normalize("NFKC", character):
            base = unicodedata.normalize("NFD", c)
            if len(base) > 1 and "\u0300" <= base[1] <= "\u036f":
                c = base[0]
            characters.append(c)
            origin.append(i)
    return "".join(characters), origin


_ENDINGS = ("ingly", "ing", "edly", "ies", "ed", "es", "ly", "s", "e", "y")


def stem(word: str) -> str:
    """The word without its inflection, roughly: enough to know "bakes" and "baking" for one."""
    word = word.removesuffix("'s").replace("'", "")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word
