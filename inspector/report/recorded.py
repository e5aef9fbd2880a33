"""What the inspector recorded in English, said in another of the report's languages.

Comes in: a sentence of verdict.json, findings.json or the ledger. Goes out: the same sentence where
`words/recorded.LANGUAGE.toml` has a pattern for it, else the sentence as it is. A pattern is a pair
of templates; what stands in its {names} (a phrase, a path, a number) is quoted, or said in turn
when a pattern fits it whole. The records themselves stay English: they are read by machines too.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

_NAME = re.compile(r"\{(\w+)\}")
_QUOTED = ("phrase", "answer")  # a model's words, whatever they look like
_MAX_DEPTH = 4  # a sentence, a ledger line in it, a behaviour in that


def recorded_in(language: str, text: str, depth: int = 0) -> str:
    """The sentence in a language; English stays."""
    if depth > _MAX_DEPTH:
        return text
    for pattern, template in _patterns(language):
        found = pattern.fullmatch(text)
        if found:
            values = {
                name: value if name in _QUOTED else recorded_in(language, value, depth + 1)
                for name, value in found.groupdict().items()
            }
            return template.format(**values)
    return text


def rule_said(language: str, rule_id: str, text: str) -> str:
    """A rule's title or advice in a language; words of another version stay as they are."""
    for said in _rules().get(rule_id, {}).values():
        if said["en"] == text:
            return said[language]
    return text


@cache
def _rules() -> dict[str, dict[str, dict[str, str]]]:
    path = resources.files("inspector.report").joinpath("words/rules.toml")
    return tomllib.loads(path.read_text("utf-8"))


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    if language == "en":
        return ()
    path = resources.files("inspector.report").joinpath(f"words/recorded.{language}.toml")
    pairs = tomllib.loads(path.read_text("utf-8"))["pair"]
    return tuple((_compiled(pair["en"]), pair[language]) for pair in pairs)


def _compiled(template: str) -> re.Pattern[str]:
    parts = _NAME.split(template)
    body = "".join(
        re.escape(part) if k % 2 == 0 else f"(?P<{part}>.+?)" for k, part in enumerate(parts)
    )
    return re.compile(body, re.DOTALL)
