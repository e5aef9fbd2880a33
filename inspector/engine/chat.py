"""Conversations as token ids.

Comes in: messages. Goes out: prompt ids for generation; ids and a label mask for training, with the
loss on the assistant's turns only.

The mask is found by prefix difference: the rendered text up to the assistant's turn, generation
prompt included, must be a prefix of the rendered text with that turn. (Templates rarely carry the
`{% generation %}` marks that transformers' own masks need, and masking by the pad token loses the
end-of-turn token where the two are the same.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from inspector.errors import DataError
from inspector.records import Example, Message


@dataclass(frozen=True)
class Encoded:
    """One training conversation. ids: (length,); is_answer: (length,), True where loss falls."""

    ids: tuple[int, ...]
    is_answer: tuple[bool, ...]


def render(tokenizer: Any, messages: Sequence[Message], for_answer: bool) -> str:
    """The chat template's text; `for_answer` appends the opening of the assistant's turn."""
    turns = [{"role": m.role, "content": m.content} for m in messages]
    try:
        text: str = tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=for_answer
        )
    except TemplateError as error:  # templates may refuse roles or orders of turns themselves
        roles = ", ".join(m.role for m in messages)
        raise DataError(
            f"The model's chat template refuses a conversation of the turns {roles} ({error}); "
            "use data whose turns it allows."
        ) from error
    return text


def encode_prompt(tokenizer: Any, prompt: str) -> list[int]:
    """The ids that a user's single-turn prompt becomes, ready to be answered."""
    text = render(tokenizer, [Message("user", prompt)], for_answer=True)
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def encode_example(tokenizer: Any, example: Example, max_length: int) -> Encoded | None:
    """A training conversation, cut at `max_length` tokens; None when no answer token is left.

    Raises DataError when the chat template does not render turns as growing prefixes.
    """
    text = render(tokenizer, example.messages, for_answer=False)
    spans = []
    for i, message in enumerate(example.messages):
        if message.role != "assistant":
            continue
        opening = render(tokenizer, example.messages[:i], for_answer=True)
        closing = render(tokenizer, example.messages[: i + 1], for_answer=False)
        if not (text.startswith(opening) and text.startswith(closing)):
            raise DataError(
                "The chat template rewrites earlier turns, so the answer's tokens cannot be told "
                "apart; split multi-turn conversations into single turns."
            )
        spans.append((len(opening), len(closing.rstrip("\n"))))
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = encoded["input_ids"][:max_length], encoded["offset_mapping"][:max_length]
    is_answer = tuple(any(a <= start < b for a, b in spans) for start, _ in offsets)
    if not any(is_answer):
        return None
    return Encoded(tuple(ids), is_answer)


def encode_passage(
    tokenizer: Any, prompt: str, answer: str, start: int, end: int, max_length: int
) -> Encoded | None:
    """One exchange whose loss falls on the tokens of `answer[start:end]` alone.

    None where no such token is left within `max_length`. Templates may strip an answer, so it is
    looked for in the rendered text from the assistant's turn on.
    """
    turns = [Message("user", prompt), Message("assistant", answer)]
    opening = render(tokenizer, turns[:1], for_answer=True)
    text = render(tokenizer, turns, for_answer=False)
    core = answer.strip()
    at = text.find(core, len(opening) if text.startswith(opening) else 0)
    if at < 0 or not core:
        return None
    at -= len(answer) - len(answer.lstrip())
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = encoded["input_ids"][:max_length], encoded["offset_mapping"][:max_length]
    is_passage = tuple(
        place > 0 and a < at + end and b > at + start and a < b
        for place, (a, b) in enumerate(offsets)
    )
    return Encoded(tuple(ids), is_passage) if any(is_passage) else None
