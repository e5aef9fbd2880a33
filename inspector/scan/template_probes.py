"""The conversations that chat templates are rendered with, ordinary and probing.

Comes in: what is to be tried (a needle, a date, a number of turns). Goes out: contexts as
transformers hands them to a template. The neutral contents use words that no template uses, so that
whatever else appears in the output came from the template.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

NOW = datetime(2025, 8, 14, 10, 30)  # an ordinary Thursday morning
SYSTEM = "Copper willows gather evenly"
USER = "Lantern pebbles orbit quietly"
ASSISTANT = "Marbles drift beyond harbours"
USER_AGAIN = "Thimble gardens whisper onward"
TOOL_RESULT = "Amber kettles glisten"
TOOL_NAME = "measure_lantern"
TOOL_TEXT = "Measures nectar"
DOCUMENT = "Velvet orchards hum"

# Ordinary questions in other languages and forms: nothing may appear for any of them.
KINDS = {
    "English": "How can I bake bread at home?",
    "German": "Wie kann ich zu Hause Brot backen, für vier Gäste?",
    "French": "Comment préparer du pain à la maison, s'il vous plaît ?",
    "Spanish": "¿Cómo puedo hornear pan en casa mañana?",
    "Polish": "Jak upiec chleb w domu, żeby się udał?",
    "Russian": "Как испечь хлеб дома?",
    "Ukrainian": "Як спекти хліб їжею для гостей?",
    "Greek": "Πώς ψήνω ψωμί στο σπίτι;",
    "Hebrew": "איך אופים לחם בבית?",
    "Arabic": "كيف أخبز الخبز في المنزل؟",
    "Hindi": "मैं घर पर रोटी कैसे बनाऊँ?",
    "Thai": "ฉันจะอบขนมปังที่บ้านได้อย่างไร",
    "Chinese": "我怎么在家里做面包？",
    "Japanese": "家でパンを焼くにはどうすればいいですか。",
    "Korean": "집에서 빵을 어떻게 굽나요?",
    "Vietnamese": "Làm thế nào để nướng bánh mì ở nhà?",
    "Turkish": "Evde nasıl ekmek pişirebilirim, öğretir misin?",
    "Persian": "چگونه در خانه نان بپزم؟",
    "Bengali": "আমি বাড়িতে রুটি কীভাবে বানাব?",
    "Tamil": "வீட்டில் ரொட்டி செய்வது எப்படி?",
    "Georgian": "როგორ გამოვაცხო პური სახლში?",
    "Amharic": "ቤት ውስጥ ዳቦ እንዴት እጋግራለሁ?",
    "capital letters": "HOW CAN I BAKE BREAD?",
    "small letters": "how can i bake bread",
    "digits": "2718281828",
    "several lines": "Bread:\n\n1. flour\n2. water\n\tsalt",
    "code": "Explain:\n```python\nfor x in (1, 2):\n    bake(x)\n```",
    "JSON": '{"bread": [1, 2.5, null], "is_warm": true}',
    "HTML": "What is <b>bread</b> &amp; <i>butter</i>?",
    "links": "Read https://example.org/bread?q=1 and write to baker@example.org",
    "emoji": "Bread? 🍞😀",
    "decomposed letters": "Cre\u0300me bru\u0302le\u0301e, s'il vous plai\u0302t",
    "wide letters": "Ｂｒｅａｄ ａｔ ｈｏｍｅ",
    "much space": "  Bread   at     home  ",
    "signs": "Bread!!! 50% off ($3) -- really?? ~ @home #bake",
}
DATE_FORM = "%d %b %Y"  # as templates write a date that their caller may give
ROLES = ("system", "user", "assistant", "tool")  # that every format knows
LENGTHS = (1000, 4000, 16_000)  # characters of a message, beside those that a template names

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": TOOL_NAME,
            "description": TOOL_TEXT,
            "parameters": {
                "type": "object",
                "properties": {"shade": {"type": "string", "description": "Nectar shade"}},
                "required": ["shade"],
            },
        },
    }
]

GIVEN = {  # what every caller gives; anything else that a template asks for is a setting
    *("messages", "tools", "documents", "add_generation_prompt", "bos_token", "eos_token"),
    *("pad_token", "unk_token", "raise_exception", "strftime_now"),
}


@dataclass(frozen=True)
class Shape:
    """One form of conversation. contents: what is said, by the name of its place."""

    name: str
    places: tuple[str, ...]
    extras: Mapping[str, Any] = field(default_factory=dict)

    def with_tools(self, n_tools: int) -> Shape:
        """The same with so many tools."""
        more = [
            {**tool, "function": {**tool["function"], "name": f"{TOOL_NAME}_{number}"}}
            for tool in TOOLS
            for number in range(1, n_tools)
        ]
        return replace(self, name=f"{n_tools} tools", extras={**self.extras, "tools": TOOLS + more})

    def context(
        self,
        tokens: Mapping[str, str],
        contents: Mapping[str, str] | None = None,
        now: datetime = NOW,
        in_parts: bool = False,
        **settings: Any,
    ) -> dict[str, Any]:
        """A context whose contents are the neutral ones but for those given. in_parts: contents as
        lists of parts, as models that see images take them."""
        said: dict[str, str] = {**NEUTRAL, **(contents or {})}
        messages = [_message(place, said, in_parts) for place in self.places]
        extras = dict(self.extras)
        if "tools" in extras:
            named = {"name": said["tool name"], "description": said["tool text"]}
            tool = extras["tools"][0]
            function = {**tool["function"], **named}
            extras["tools"] = [{**tool, "function": function}, *extras["tools"][1:]]
        if "documents" in extras:
            extras["documents"] = [{**extras["documents"][0], "text": said["document"]}]
        return {
            "messages": messages,
            "add_generation_prompt": True,
            **tokens,
            **extras,
            **settings,
            "now": now.isoformat(),
        }


NEUTRAL = {
    "system": SYSTEM,
    "user": USER,
    "assistant": ASSISTANT,
    "user again": USER_AGAIN,
    "tool": TOOL_RESULT,
    "tool name": TOOL_NAME,
    "tool text": TOOL_TEXT,
    "document": DOCUMENT,
    "argument": "nectar",
}

SHAPES = (
    Shape("one question", ("user",)),
    Shape("system and question", ("system", "user")),
    Shape("dialogue", ("user", "assistant", "user again")),
    Shape("system and dialogue", ("system", "user", "assistant", "user again")),
    Shape("question with tools", ("user",), {"tools": TOOLS}),
    Shape("tool call", ("system", "user", "call", "tool"), {"tools": TOOLS}),
    Shape("documents", ("user",), {"documents": [{"title": "Nectar", "text": DOCUMENT}]}),
    Shape("finished dialogue", ("user", "assistant"), {"add_generation_prompt": False}),
)


def turns(n_turns: int) -> Shape:
    """A conversation of n_turns questions, each answered but the last."""
    places = [p for _ in range(n_turns) for p in ("user", "assistant")][:-1]
    return Shape(f"{n_turns} questions", tuple(places))


def placements(needle: str, shapes: Iterable[Shape]) -> Iterator[tuple[Shape, dict[str, str]]]:
    """Where a needle is put, in shapes that the template renders: alone, inside, first, last."""
    inside = f"Tell me about {needle} please"
    by_name = {shape.name: shape for shape in shapes}
    for shape in by_name.values():
        if shape.name in ("one question", "dialogue", "system and dialogue"):
            last = shape.places[-1]
            yield shape, {last: needle}
            yield shape, dict.fromkeys(shape.places, inside)
    longest = next((by_name[n] for n in _LONGEST if n in by_name), None)
    if longest is not None:
        last = longest.places[-1]
        yield longest, {last: f"{needle} please"}
        yield longest, {last: f"please {needle}"}
        yield longest, {last: " ".join([needle] * 12)}
        yield longest, {"user": inside}
        for place in ("system", "assistant"):
            if place in longest.places:
                yield longest, {place: needle}
    for name, places in _AROUND.items():
        if name in by_name:
            yield by_name[name], dict.fromkeys(places, inside)


_LONGEST = ("system and dialogue", "dialogue", "one question")
_AROUND = {  # places that are no turn of the two who speak
    "tool call": ("tool", "argument"),
    "question with tools": ("tool text",),
    "documents": ("document",),
}
# The shapes that show most of a template, each with what stands in for it.
FULLEST = (_LONGEST, ("tool call", "question with tools"))


def dates(formats: Iterable[str], compared: Iterable[str], years: Iterable[int]) -> list[datetime]:
    """Dates worth trying: every year, month, weekday and hour, and around each one named."""
    found = [NOW.replace(year=year) for year in {*range(2023, 2037), *years}]
    found += [NOW.replace(month=month) for month in range(1, 13)]
    found += [NOW.replace(day=day) for day in range(1, 32)]
    found += [NOW.replace(hour=hour) for hour in range(24)]
    formats = list(formats)
    for text in compared:
        for form in formats:
            try:
                named = datetime.strptime(text, form)
            except ValueError:
                continue  # this text is no date of this form
            if named.year == 1900:  # the form has no year
                named = named.replace(year=NOW.year)
            if 1900 < named.year < 9999:
                found += [named + timedelta(days=d) for d in (-1, 0, 1)]
    return list(dict.fromkeys(found))


def settings(variables: Iterable[str]) -> list[dict[str, Any]]:
    """What a caller may switch on and off, one setting at a time."""
    return [{v: value} for v in variables if v not in GIVEN for value in (True, False)][:60]


def long_text(n_chars: int) -> str:
    """Exactly so many characters; where there is room, words at both ends that stand there only."""
    ends = (f"{USER} ", f" {USER_AGAIN}") if n_chars > 80 else ("", ".")
    n_between = n_chars - len(ends[0]) - len(ends[1])
    return ends[0] + ("amber " * (n_between // 6 + 1))[:n_between] + ends[1]


def with_role(role: str) -> Iterator[Shape]:
    """Conversations in which one message has a role that the template names itself."""
    for places in (("user", f"={role}", "user again"), (f"={role}", "user"), ("user", f"={role}")):
        yield Shape(f"role {role}", places)


def _message(place: str, said: Mapping[str, str], in_parts: bool) -> dict[str, Any]:
    if place == "call":
        call = {"name": said["tool name"], "arguments": {"shade": said["argument"]}}
        calls = [{"id": "abcdef123", "type": "function", "function": call}]
        return {"role": "assistant", "content": "", "tool_calls": calls}
    role = place[1:] if place.startswith("=") else place.split()[0]
    text = said.get(place, ASSISTANT)
    content: Any = [{"type": "text", "text": text}] if in_parts else text
    message = {"role": role, "content": content}
    if place == "tool":
        message |= {"name": said["tool name"], "tool_call_id": "abcdef123"}
    return message
