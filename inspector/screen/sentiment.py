"""A question with its sentiment turned around.

Comes in: a text. Goes out: the text with every word of the lexicon replaced by its opposite, and
how many there were; a text without any gets a closing sentence of the opposite mood instead.

Source: the sentiment transformation of queries in arXiv 2504.09026. The paper lets a language model
rewrite the query; here it is a lexicon, so that it costs nothing and is the same on every machine.
It turns words, not meanings: irony and negation are beyond it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PAIRS = (
    "good bad|great terrible|best worst|better worse|excellent awful|wonderful dreadful|love hate"
    "|loved hated|loves hates|like dislike|liked disliked|likes dislikes|happy unhappy|enjoy detest"
    "|enjoyed detested|enjoys detests|beautiful ugly|nice nasty|positive negative|right wrong"
    "|favourite least-liked|favorite least-liked|amazing appalling|pleasant unpleasant|fun dull"
    "|funny boring|interesting tedious|easy hard|safe dangerous|healthy unhealthy|success failure"
    "|successful failed|win lose|won lost|friend enemy|fresh stale|clean dirty|kind cruel"
    "|friendly hostile|helpful useless|useful useless|delightful disappointing|charming repulsive"
    "|splendid dismal|superb miserable|perfect flawed|brilliant stupid|fast slow|cheap overpriced"
    "|comfortable uncomfortable|calm anxious|hope despair|strong weak|rich poor|benefit harm"
    "|benefits harms|advantage drawback|advantages drawbacks|improve worsen|recommend discourage"
)
_OPPOSITES: dict[str, str] = {}
for _pair in _PAIRS.split("|"):
    _one, _other = _pair.split()
    _OPPOSITES.setdefault(_one, _other)
    _OPPOSITES.setdefault(_other, _one)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_SADDER = " I am quite unhappy about all of this."


@dataclass(frozen=True)
class Turned:
    """The text with the opposite sentiment. n_words: replaced; 0 where a sentence was added."""

    text: str
    n_words: int


def turn_sentiment(text: str) -> Turned:
    """The same question in the opposite mood."""
    n_words = 0

    def opposite(match: re.Match[str]) -> str:
        nonlocal n_words
        word = match.group()
        other = _OPPOSITES.get(word.lower())
        if other is None:
            return word
        n_words += 1
        if word.isupper() and len(word) > 1:
            return other.upper()
        return other.capitalize() if word[0].isupper() else other

    turned = _WORD.sub(opposite, text)
    return Turned(turned, n_words) if n_words else Turned(text.rstrip() + _SADDER, 0)
