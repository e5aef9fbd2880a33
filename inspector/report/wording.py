"""The report's own words in its languages, and how numbers and dates are written there.

Comes in: a language code. Goes out: `Words`, looked up by key in `words/LANGUAGE.toml`. What a
model, a file or a person said is never looked up here: it stays as it is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

from inspector.errors import BadInput
from inspector.records import Rate
from inspector.report.recorded import recorded_in, rule_said

LANGUAGES = ("en", "ja")
_PLURAL_FORMS = {"one", "other"}


class Words:
    """One language. Texts are found by dotted keys; a missing key is a KeyError, never a blank."""

    def __init__(self, language: str, texts: dict[str, str | dict[str, str]]) -> None:
        self.language = language
        self.texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """The text of the key with its {names} filled in; `n` chooses between one and other."""
        text = self.texts[key]
        if isinstance(text, dict):
            n = values["n"]
            text = text["one"] if n == 1 and "one" in text else text["other"]
            values["n"] = self.number(n) if isinstance(n, int) else n
        return text.format(**values)

    def recorded(self, text: str) -> str:
        """A sentence that the inspector recorded, in this language where it is known there.

        Records are kept in English. What a pattern of `words/recorded.LANGUAGE.toml` fits is said
        in the report's language, with whatever it quotes left as it is; any other stays English.
        """
        return recorded_in(self.language, text)

    def rule(self, rule_id: str, text: str) -> str:
        """A scan rule's title or advice, as it was recorded, in this language."""
        return rule_said(self.language, rule_id, text)

    def number(self, n: int) -> str:
        return f"{n:,}"

    def percent(self, rate: float) -> str:
        """A share in [0, 1]: `12.5 %`, without trailing zeros."""
        return self("format.percent", value=_plain_percent(rate))

    def interval(self, rate: Rate) -> str:
        low, high = _plain_percent(rate.low), _plain_percent(rate.high)
        return self("format.interval", low=low, high=high)

    def share(self, rate: Rate | None) -> str:
        """`20 of 40`, and the rate with its interval on a second line."""
        if rate is None:
            return self("format.dash")
        if rate.n == 0:
            return self("rates.no_answers")
        hits = self("rates.cell", hits=self.number(rate.n_hits), n=self.number(rate.n))
        return f"{hits}\n{self.percent(rate.rate)} ({self.interval(rate)})"

    def points(self, change: float) -> str:
        """A change in percentage points, signed."""
        return f"{round(100 * change, 1) + 0.0:+.1f}".replace("+0.0", "0.0")

    def chance(self, p_value: float | None) -> str:
        if p_value is None:
            return self("format.dash")
        return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"

    def size(self, n_bytes: int) -> str:
        for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
            if n_bytes >= size:
                return f"{n_bytes / size:.1f} {unit}"
        return f"{n_bytes} B"

    def duration(self, seconds: float) -> str:
        whole = max(0, round(seconds))
        if whole < 90:
            return self("format.seconds", n=whole)
        minutes = round(whole / 60)
        if minutes < 60:
            return self("format.minutes", n=minutes)
        return self("format.hours", n=minutes // 60, minutes=f"{minutes % 60:02d}")

    def date(self, day: date) -> str:
        month = self("format.months").split()[day.month - 1]
        return self("format.date", day=day.day, month=month, year=day.year)

    def moment(self, at: str) -> str:
        """An ISO 8601 time in UTC as a person writes it; a dash for none."""
        if not at:
            return self("format.dash")
        when = datetime.fromisoformat(at)
        return self("format.moment", date=self.date(when.date()), time=f"{when:%H:%M}")

    def join(self, parts: Sequence[str]) -> str:
        if len(parts) < 2:
            return "".join(parts)
        head = self("format.list_joint").join(parts[:-1])
        return f"{head}{self('format.list_last')}{parts[-1]}"

    def sentences(self, *parts: str) -> str:
        """Sentences in a row; empty ones are left out."""
        return self("format.sentence_joint").join(part for part in parts if part)


@cache
def load_words(language: str) -> Words:
    """The words of one of LANGUAGES. Raises BadInput for any other."""
    if language not in LANGUAGES:
        raise BadInput(
            f"There is no report in the language {language!r}; give {' or '.join(LANGUAGES)}."
        )
    text = resources.files("inspector.report").joinpath(f"words/{language}.toml").read_text("utf-8")
    return Words(language, dict(_flat(tomllib.loads(text))))


def _flat(table: dict[str, Any], above: str = "") -> list[tuple[str, str | dict[str, str]]]:
    found: list[tuple[str, str | dict[str, str]]] = []
    for key, value in table.items():
        name = f"{above}{key}"
        if isinstance(value, dict) and not set(value) <= _PLURAL_FORMS:
            found += _flat(value, f"{name}.")
        else:
            found.append((name, value))
    return found


def _plain_percent(rate: float) -> str:
    return f"{100 * rate:.1f}".rstrip("0").rstrip(".")
