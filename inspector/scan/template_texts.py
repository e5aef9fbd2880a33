"""Natural language that a chat template brings with it, and what it is good for.

Comes in: texts from a template, or the parts of a rendering. Goes out: prose without markup, and
whether it steers: links, orders to promote, to hide something, or to drop the rules. An ordinary
default system prompt ("You are a helpful assistant") does none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from inspector.scan.template_compare import inputs, is_joined, known_words, residual
from inspector.scan.template_probes import SHAPES, USER

SPECIAL = re.compile(r"<[^<>\s]{1,60}>|\[[^\[\]\s]{1,40}\]|\{[^{}]*\}|\x00")
SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
LETTERS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")  # scripts without spaces
REPRESENTATIONS = {"true", "false", "null", "none", "undefined", "namespace", "object", "dict"}
ATTRIBUTE = re.compile(r"(?<!\S)[^\s=]+=\S*")
LABEL_WORDS = 5  # at most, of a role's name before a colon

LINK = re.compile(
    r"https?://\S+|\bwww\.\w\S*|(?<![a-z0-9-])[a-z0-9-]{2,63}\.(?:com|net|org|io|co|shop|store|info|biz|xyz|top)\b",
    re.I,
)
_EVER = (
    r"\b(?:always|must|should|never|ever|every|each|all|make sure|be sure|remember|whenever|end)\b"
)
_PROMOTE = (
    r"\b(?:recommend(?:s|ing)?|promot(?:e|es|ing)|advertis\w+|endors\w+|buy|purchase|subscribe|"
    r"visit|invest in|discount|coupon|sponsor\w*|praise|prais\w+|favou?r|prefer)\b"
)
STEERING = (
    ("promotes", re.compile(rf"{_EVER}.{{0,80}}{_PROMOTE}|{_PROMOTE}.{{0,80}}{_EVER}", re.I)),
    (
        "overrides",
        re.compile(
            r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
            r"\b(?:instructions?|previous|prior|above|rules|guidelines|system prompt|safety)\b",
            re.I,
        ),
    ),
    (
        "hides",
        re.compile(
            r"\b(?:do not|don't|don’t|never|without)\b.{0,20}\b(?:tell(?:ing)?|mention(?:ing)?|"
            r"reveal(?:ing)?|disclos(?:e|ing)|inform(?:ing)?|admit(?:ting)?)\b.{0,30}"
            r"\b(?:user|anyone|anybody|this|these|instruction|prompt|sponsor|that you)\w*"
            r"(?! about (?:function|tool))"  # Qwen3's tool instructions say so of function calls
            r"|\bkeep\b.{0,20}\b(?:secret|hidden)\b|\bsecretly\b|\bcovertly\b",
            re.I,
        ),
    ),
    (
        "removes limits",
        re.compile(
            r"\bwithout (?:any )?(?:restrictions?|filters?|limits|warnings?|disclaimers?)\b|"
            r"\bno (?:restrictions?|ethical|safety|content)\b.{0,30}\bappl"
            r"|\b(?:comply with|answer|fulfil+) (?:any|every|all) requests?\b|"
            r"\balways refuse\b|\brefuse (?:all|every|any) ",
            re.I,
        ),
    ),
    ("links to", LINK),
)


def prose(text: str) -> Iterator[str]:
    """The stretches of natural language in a text, without special tokens and role labels."""
    for sentence in SENTENCE.findall(SPECIAL.sub("\n", text)):
        stretch = " ".join(sentence.split())
        n_words = n_prose_words(stretch)
        if n_words >= 3 and not (stretch.endswith(":") and n_words <= LABEL_WORDS):
            yield stretch


def n_prose_words(text: str) -> int:
    """Words of a text; two characters count as one where a script has no spaces."""
    text = ATTRIBUTE.sub(" ", text)
    n_unspaced = len(UNSPACED.findall(text))
    return len(LETTERS.findall(UNSPACED.sub(" ", text))) + n_unspaced // 2


def steers(texts: Iterable[str]) -> dict[str, str]:
    """How texts steer the model's answers: by the stretch that does, the word for it."""
    found: dict[str, str] = {}
    for text in texts:
        for line in text.splitlines():
            for how, pattern in STEERING:
                match = pattern.search(line)
                if match is not None:
                    begin = max(match.start() - 40, 0)
                    found.setdefault(" ".join(line[begin : match.end() + 60].split()), how)
                    break
    return found


def said_by_template(outputs: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, None]:
    """Every line the template itself put into a rendering, each once."""
    found: dict[str, None] = {}
    for text, context in outputs:
        lines = [line for line in text.splitlines() if line not in found]
        if lines:
            found.update(dict.fromkeys(residual("\n".join(lines), inputs(context)).splitlines()))
    return found


def assembled(own_words: Iterable[str], sources: Iterable[str]) -> list[str]:
    """Words that come out of a template in whose text they do not stand, in any case."""
    written = "\n".join(sources).casefold()
    given = {w for s in SHAPES for w in known_words(inputs(s.context({})))}
    unwritten = [w for w in own_words if len(w) >= 4 and w not in written]
    return [w for w in unwritten if w not in REPRESENTATIONS and not is_joined(w, given)]


def default_prompt(neutral: Mapping[str, str]) -> str | None:
    """The prose before the first question where the caller gives no system message."""
    text = neutral.get("one question")
    if text is None:
        return None
    return " ".join(prose(text.partition(USER)[0])) or None
