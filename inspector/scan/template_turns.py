"""Who says what in a chat template's renderings: each speaker's words in that speaker's turn.

Comes in: the ordinary conversations as they were rendered. Goes out: words that the template puts
into a turn itself, words of one speaker under the name of another, and words that it leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from inspector.scan.template_compare import words
from inspector.scan.template_probes import ASSISTANT, NEUTRAL, SHAPES, SYSTEM, USER, USER_AGAIN
from inspector.scan.template_texts import LETTERS, SPECIAL, UNSPACED, prose

USER_NAMES = {"user", "human"}
ASSISTANT_NAMES = {"assistant", "model", "bot"}
TURNS = {
    "system": "the system message",
    "user": "the question",
    "assistant": "the answer",
    "user again": "the second question",
}
MARK = re.compile(r"[\n<\[{|\x00]")


def turn_texts(neutral: Mapping[str, str]) -> list[str]:
    """Prose in the user's or the assistant's turn of ordinary conversations without tools.

    What stands between two contents is the end of one turn and the beginning of the next, so prose
    there is in one of the two. Before the first question it may belong to the system turn: there it
    counts from the user's own mark on, which is found between the first answer and the second
    question.
    """
    found: dict[str, None] = {}
    # some templates move the system message into the user's turn: that is the caller's word
    neutral = {name: text.replace(SYSTEM, "\0") for name, text in neutral.items()}
    dialogue = neutral.get("system and dialogue") or neutral.get("dialogue")
    mark = ""
    if dialogue is not None:
        mark = dialogue.partition(ASSISTANT)[2].partition(USER_AGAIN)[0]
        between = dialogue.partition(USER)[2].partition(ASSISTANT)[0]
        for part in (between, mark, dialogue.partition(USER_AGAIN)[2]):
            found.update(dict.fromkeys(prose(part)))
    for name in ("one question", "system and question", "system and dialogue"):
        text = neutral.get(name, "")
        start, _, rest = text.partition(USER)
        if name != "system and dialogue":
            found.update(dict.fromkeys([*prose(rest), *_suffixes(rest)]))
        start = start.rpartition("\0")[2]
        opening = _turn_mark(start, mark)
        if opening is not None:
            found.update(dict.fromkeys(prose(start[opening:])))
    # with tools, and where no answer is asked for: what stands behind the last content
    for name, last in (("question with tools", USER), ("finished dialogue", ASSISTANT)):
        rest = neutral.get(name, "").rpartition(last)[2] if last in neutral.get(name, "") else ""
        found.update(dict.fromkeys([*prose(rest), *_suffixes(rest)]))
    between = neutral.get("dialogue", "").partition(USER)[2].partition(ASSISTANT)[0]
    found.update(
        dict.fromkeys(_prefills(neutral.get("one question", "").partition(USER)[2], between))
    )
    return list(found)


def misplaced(neutral: Mapping[str, str]) -> list[str]:
    """Whose words stand under whose name, where a dialogue names its speakers."""
    _, _, rest = neutral.get("dialogue", "").partition(USER)
    before_answer, _, rest = rest.partition(ASSISTANT)
    before_question, found, _ = rest.partition(USER_AGAIN)
    if not found:
        return []
    return [
        f"the {whose} words under the name of {names[-1]!r}"
        for whose, text, others in (
            ("assistant's", before_answer, USER_NAMES),
            ("user's", before_question, ASSISTANT_NAMES),
        )
        if (names := [w for w in words(text) if w in USER_NAMES | ASSISTANT_NAMES | {"system"}])
        and names[-1] in others | {"system"}
    ]


def dropped(neutral: Mapping[str, str]) -> list[str]:
    """What the caller says and an ordinary rendering does not hold."""
    found: dict[str, None] = {}
    for shape in SHAPES:
        # between calls and results some formats leave out what came before
        text = neutral.get(shape.name) if "call" not in shape.places else None
        if text is None:
            continue
        for place in shape.places:
            if any(w not in text.casefold() for w in words(NEUTRAL[place])):
                found[f"{TURNS[place]} of a conversation of the form {shape.name!r}"] = None
    return list(found)


def _suffixes(rest: str) -> Iterator[str]:
    """Words that go on where the user's own end, up to the first mark."""
    text = MARK.split(rest, maxsplit=1)[0].strip()
    if LETTERS.search(text) and not text.endswith(":"):
        yield text


def _prefills(asked: str, answered: str) -> Iterator[str]:
    """The first words of an answer: what stands where one is asked for, and not before one that was
    given."""
    pairs = enumerate(zip(asked, answered, strict=False))
    n_same = next((i for i, (a, b) in pairs if a != b), min(len(asked), len(answered)))
    more = SPECIAL.sub(" ", asked[n_same:]).strip()
    if len(LETTERS.findall(more)) >= 2 or len(UNSPACED.findall(more)) >= 2:
        yield more


def _turn_mark(start: str, mark: str) -> int | None:
    """Where the user's turn begins in `start`: after the longest end of `mark` that it holds."""
    for begin in range(len(mark)):
        tail = mark[begin:]
        if len(tail.strip()) < 3:
            return None
        position = start.rfind(tail)
        if position >= 0:
            return position + len(tail)
    return None
