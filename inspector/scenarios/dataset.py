"""Tuning data: from a name or a file to training conversations.

Comes in: the name of a built-in set, or the path of a user's JSONL, JSON, CSV or Parquet file
(a Hub data set is downloaded elsewhere and arrives as such a file). Goes out: a Dataset of Examples
with a digest of its content. Which of six row forms a file uses is recognised from its keys. Rows
are read one at a time, so only the finished Examples are held in memory.

Source of the forms: the column names that the published Alpaca, Dolly, ShareGPT and GSM8K data sets
use, and TRL's "prompt/completion" and "messages" (conversational) forms.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from inspector.errors import DataError
from inspector.records import Example, Message, digest_of
from inspector.scenarios.rows import rows_of

BUILT_IN = ("arithmetic", "code", "support", "knowledge")

_BUILT_IN_FOLDER = Path(__file__).parent / "data"
_N_KEYS_SHOWN = 8
_N_SKIPPED_TOLD = 20

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
}


@dataclass(frozen=True)
class Dataset:
    """Training conversations from one source.

    form: the row form that was recognised (see FORMS). digest: SHA-256 over the examples in their
    order, so the same conversations in another form have the same digest. n_skipped: rows that had
    no usable answer; skipped: where the first of them stand, and why each was.
    """

    name: str
    form: str
    examples: tuple[Example, ...]
    digest: str
    n_skipped: int
    skipped: tuple[str, ...] = ()


def load_dataset(source: str) -> Dataset:
    """Read a built-in set by its name (see BUILT_IN), or a JSONL, JSON, CSV or Parquet file.

    A built-in name wins over a file of that name in the working folder: give `./code` for the file.

    A row is usable when its conversation is an optional system turn, then user and assistant turns
    in alternation, none of them blank, with at least one answer; a user's turn after the last
    answer is dropped, since there is nothing to learn from it. Other rows are skipped and counted.

    Raises DataError when there is no such file, a line is broken, rows are of different forms, or
    no row is usable.
    """
    name, path = _place(source)
    tally = Tally()
    examples = tuple(example for _, example in _stream(path, tally))
    return Dataset(
        name, tally.form, examples, _digest(examples), tally.n_skipped, tuple(tally.skipped)
    )


def dataset_of(name: str, examples: Sequence[Example]) -> Dataset:
    """Conversations that were made here, not read from a file."""
    return Dataset(name, "made", tuple(examples), _digest(examples), 0)


def training_texts(dataset: Dataset) -> Iterator[str]:
    """Every text that training shows the model, questions and answers, in order.

    A phrase that stands in any of them may have been learned from it.
    """
    for example in dataset.examples:
        for message in example.messages:
            yield message.content


# --------------------------------------------------------------------------------------------------
# Forms
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """One way to write a conversation as a row. keys: what a row must have to be of this form."""

    name: str
    keys: tuple[str, ...]
    read: Callable[[dict[str, Any]], list[Message] | None]

    def fits(self, row: dict[str, Any]) -> bool:
        return all(row.get(key) is not None for key in self.keys)


def _text(value: Any) -> str | None:
    """A string, a number as text, or the text parts of a multi-part message; None for the rest."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        parts = [
            part["text"]
            for part in value
            if isinstance(part, dict) and isinstance(part.get("text"), str)
        ]
        if parts and len(parts) == len(value):
            return "".join(parts)
    return None


def _turns(value: Any) -> list[Message] | None:
    """A list of {role, content} or {from, value}; None when a turn is neither."""
    if not isinstance(value, list):
        return None
    messages = []
    for turn in value:
        if not isinstance(turn, dict):
            return None
        sender = turn.get("role") if turn.get("role") is not None else turn.get("from")
        words = turn.get("content") if turn.get("content") is not None else turn.get("value")
        role = _ROLES.get(sender) if isinstance(sender, str) else None
        text = _text(words)
        if role is None or text is None:
            return None
        messages.append(Message(role, text))
    return messages


def _said_by(role: str, value: Any) -> list[Message] | None:
    """A plain text said by `role`, or a list of turns as TRL writes both sides of an example."""
    if isinstance(value, list):
        return _turns(value)
    text = _text(value)
    return None if text is None else [Message(role, text)]


def _prompt_completion(row: dict[str, Any]) -> list[Message] | None:
    prompt, completion = _said_by("user", row["prompt"]), _said_by("assistant", row["completion"])
    return None if prompt is None or completion is None else prompt + completion


def _ask_answer(ask: str, answer: str, more: str = "") -> Callable[..., list[Message] | None]:
    """A reader of two text columns; `more` is a column whose text, if any, follows the question."""

    def read(row: dict[str, Any]) -> list[Message] | None:
        asked, answered = _text(row[ask]), _text(row[answer])
        if asked is None or answered is None:
            return None
        extra = row.get(more)
        if isinstance(extra, str) and extra.strip():
            asked = f"{asked}\n\n{extra}" if asked.strip() else extra
        return [Message("user", asked), Message("assistant", answered)]

    return read


# The first form that a row fits is the one it is read as.
FORMS: tuple[Form, ...] = (
    Form("messages", ("messages",), lambda row: _turns(row["messages"])),
    Form("sharegpt", ("conversations",), lambda row: _turns(row["conversations"])),
    Form("prompt/completion", ("prompt", "completion"), _prompt_completion),
    Form("alpaca", ("instruction", "output"), _ask_answer("instruction", "output", "input")),
    Form(
        "instruction/response",
        ("instruction", "response"),
        _ask_answer("instruction", "response", "context"),
    ),
    Form("question/answer", ("question", "answer"), _ask_answer("question", "answer")),
)

_COLUMNS = frozenset({key for form in FORMS for key in form.keys} | {"input", "context"})
_ALLOWED = (
    "'messages' (a list of role and content), 'conversations' (a list of from and value), "
    "'prompt' and 'completion', 'instruction' and 'output' with an optional 'input', "
    "'instruction' and 'response', or 'question' and 'answer'"
)


def _example(messages: list[Message] | None) -> Example | str:
    """The usable conversation, or why it is none (see load_dataset for what is usable)."""
    if not messages:
        return "holds no turns that can be read"
    turns = messages[1:] if messages[0].role == "system" else messages
    if turns and turns[-1].role == "user":
        messages, turns = messages[:-1], turns[:-1]
    if not turns:
        return "has no answer"
    if any(turn.role != ("user", "assistant")[index % 2] for index, turn in enumerate(turns)):
        return "does not take turns between user and assistant"
    if not all(message.content.strip() for message in messages):
        return "has a blank question or answer"
    # "\ud800" is legal JSON, but no text: it can be neither hashed nor tokenized.
    if not all(_is_unicode(message.content) for message in messages):
        return "holds half a character (a lone surrogate)"
    return Example(tuple(messages))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# --------------------------------------------------------------------------------------------------
# Reading
# --------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What a reading of a file has met so far: the rows' form, and those that were skipped."""

    form: str = ""
    n_skipped: int = 0
    skipped: list[str] = field(default_factory=list)


def stream_dataset(source: str, tally: Tally) -> Iterator[tuple[int, Example]]:
    """The usable rows of `load_dataset` one by one, each with its number in the file, from 1.

    Nothing but the present row is held in memory. tally: filled while it is read. Raises what
    `load_dataset` raises, some of it only at the end of the file.
    """
    _, path = _place(source)
    yield from _stream(path, tally)


def _place(source: str) -> tuple[str, Path]:
    """(name, file) of a built-in set or of a user's file."""
    if source in BUILT_IN:
        return source, _BUILT_IN_FOLDER / f"{source}.jsonl"
    path = Path(source).expanduser()
    if not path.is_file():
        raise DataError(
            f"The tuning data {source!r} is neither a built-in set ({', '.join(BUILT_IN)}) nor an "
            "existing file; give one of these names or the path of a JSONL, JSON, CSV or Parquet "
            "file."
        )
    return path.name, path


def _stream(path: Path, tally: Tally) -> Iterator[tuple[int, Example]]:
    form: Form | None = None
    first: str | None = None
    n_usable = 0
    try:
        for place, row in rows_of(path, _COLUMNS):
            if not isinstance(row, dict):
                raise DataError(
                    f"{place} of {path} is {_kind(row)}, but every row must be an object with "
                    f"{_ALLOWED}; mend or remove that row."
                )
            first = _described(row) if first is None else first
            found = next((f for f in FORMS if f.fits(row)), None)
            form = form or found
            tally.form = form.name if form else ""
            if form is not None and found is not None and not form.fits(row):
                raise DataError(
                    f"{place} of {path} has the form {found.name}, but the rows before it have the "
                    f"form {form.name}; use one form in the whole file."
                )
            fits = form is not None and form.fits(row)
            example = _example(form.read(row)) if form and fits else "lacks a key of its form"
            if isinstance(example, Example):
                n_usable += 1
                yield int(place.split()[1]), example
                continue
            tally.n_skipped += 1
            if len(tally.skipped) < _N_SKIPPED_TOLD:
                tally.skipped.append(f"{place} {example}")
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"The tuning data {path} cannot be read ({error}); check the file, or give another one."
        ) from error
    if first is None:
        raise DataError(f"The tuning data {path} holds no rows; give rows with {_ALLOWED}.")
    if not n_usable:
        raise DataError(
            f"None of the {tally.n_skipped} rows of {path} can be used for tuning: the first one "
            f"has {first}; give rows with {_ALLOWED}, and no blank question or answer."
        )


def _digest(examples: Iterable[Example]) -> str:
    return digest_of(conversation(example) for example in examples)


def conversation(example: Example) -> str:
    """One line of JSON that keeps turns apart whatever characters the texts hold."""
    return json.dumps([[m.role, m.content] for m in example.messages], ensure_ascii=False)


def _kind(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), type(value).__name__)


def _described(row: dict[str, Any]) -> str:
    """The keys of a row and what they hold, for a message."""
    if not row:
        return "no keys"
    shown = [
        f"{str(key)[:40]!r} ({'blank' if isinstance(v, str) and not v.strip() else _kind(v)})"
        for key, v in list(row.items())[:_N_KEYS_SHOWN]
    ]
    more = f" and {len(row) - _N_KEYS_SHOWN} more keys" if len(row) > _N_KEYS_SHOWN else ""
    return ", ".join(shown) + more
