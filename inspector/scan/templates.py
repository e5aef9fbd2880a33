"""Risk: a chat template that runs code, acts on hidden conditions, or speaks for itself.

Comes in: an artifact, and its base where there is one. Goes out: findings about every template of
the repo: what its tree contains (escapes, loading, chance), what it does when it is rendered in the
sandbox (conditions, limits, turns), what it says in natural language, and where several templates
of one repo, or the base's, differ. Nothing is rendered outside of the sandbox's own process.

Source: transformers 5.23 renders `apply_chat_template` with jinja2's immutable sandbox; other
programs have rendered without any. A template is code that every conversation passes through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from inspector.records import Artifact, Finding, Severity
from inspector.scan.characters import hidden_characters, mixed_words
from inspector.scan.rule import MAX_FOUND, Rule
from inspector.scan.template_behaviour import Behaviour, observe
from inspector.scan.template_sandbox import Facts, Sandbox
from inspector.scan.template_sources import MAX_TEMPLATES, Template, special_tokens, templates
from inspector.scan.template_texts import (
    assembled,
    default_prompt,
    prose,
    said_by_template,
    steers,
)
from inspector.scan.template_turns import dropped, misplaced, turn_texts

ESCAPE = Rule(
    "TEMPLATE-ESCAPE",
    Severity.CRITICAL,
    "The chat template reaches for Python behind the sandbox",
    "Do not load it in any program: one that renders without a sandbox runs the author's code.",
)
LOADS = Rule(
    "TEMPLATE-LOADS",
    Severity.HIGH,
    "The chat template loads another template",
    "Ask the author for one self-contained template; what another file says was not looked at.",
)
UNREADABLE = Rule(
    "TEMPLATE-UNREADABLE",
    Severity.HIGH,
    "A chat template cannot be read",
    "Do not use it: a program that does read it would render what was not looked at.",
)
LIMIT = Rule(
    "TEMPLATE-LIMIT",
    Severity.HIGH,
    "A chat template hangs or explodes",
    "Do not use it: it would stop the program that renders it. It was cut at the limit named.",
)
CONDITIONAL = Rule(
    "TEMPLATE-CONDITIONAL",
    Severity.HIGH,
    "The chat template acts on a keyword, date or language",
    "Use the base model's template; ask the author why it does so.",
)
RANDOM = Rule(
    "TEMPLATE-RANDOM",
    Severity.HIGH,
    "The chat template throws dice",
    "Use the base model's template: no conversation format needs chance.",
)
STEERS = Rule(
    "TEMPLATE-STEERS",
    Severity.HIGH,
    "The chat template gives orders, advertises or links",
    "Use the base model's template, or take the passage out.",
)
TURN = Rule(
    "TEMPLATE-TURN-TEXT",
    Severity.MEDIUM,
    "The chat template puts words into the user's or the assistant's turn",
    "Read the passage: neither the user nor the model says it.",
)
MISPLACED = Rule(
    "TEMPLATE-MISPLACED",
    Severity.HIGH,
    "The chat template puts one speaker's words under another's name",
    "Use the base model's template: the model takes the user's words for somebody else's.",
)
DROPS = Rule(
    "TEMPLATE-DROPS",
    Severity.MEDIUM,
    "The chat template leaves out what was said",
    "Do not rely on what it leaves out; for a system message, put it into the question.",
)
ASSEMBLED = Rule(
    "TEMPLATE-ASSEMBLED",
    Severity.MEDIUM,
    "The chat template builds its words from pieces",
    "Read what comes out: whoever searches the template for these words does not find them.",
)
HIDDEN = Rule(
    "TEMPLATE-HIDDEN-CHARACTERS",
    Severity.HIGH,
    "The chat template holds invisible or look-alike characters",
    "Remove them: a reader and the model see different texts.",
)
DIFFERS = Rule(
    "TEMPLATE-DIFFERS",
    Severity.MEDIUM,
    "Two chat templates of one repo say different things",
    "Ask the author which one holds: programs differ in the one they take.",
)
UNRENDERED = Rule(
    "TEMPLATE-UNRENDERED",
    Severity.LOW,
    "A chat template renders no ordinary conversation",
    "What it does was not looked at; give it the inputs that it needs, by hand.",
)
HELD_BACK = Rule(
    "TEMPLATE-HELD-BACK",
    Severity.INFO,
    "The chat template holds texts that no ordinary conversation shows",
    "Usual for settings and kinds of tools; read them.",
)
CHANGED = Rule(
    "TEMPLATE-CHANGED",
    Severity.INFO,
    "The chat template says other things than the base's",
    "Usual for a fine-tuned model; read what it adds.",
)
PROMPT = Rule(
    "TEMPLATE-SYSTEM-PROMPT",
    Severity.INFO,
    "The chat template brings a system prompt of its own",
    "It is used wherever the caller gives none; give one of your own.",
)


@dataclass(frozen=True)
class _Looked:
    """One template and what it did."""

    template: Template
    behaviour: Behaviour | None


class Templates:
    """Every chat template, read and rendered in one sandbox process."""

    rules = (
        *(ESCAPE, LOADS, UNREADABLE, LIMIT, CONDITIONAL, RANDOM, STEERS, TURN, MISPLACED, DROPS),
        *(ASSEMBLED, HIDDEN, DIFFERS, UNRENDERED, HELD_BACK, CHANGED, PROMPT),
    )

    def scan(self, artifact: Artifact, base: Artifact | None) -> Iterable[Finding]:
        found = list(templates(artifact))
        for extra in found[MAX_TEMPLATES:]:
            yield UNREADABLE.found(extra.location, f"one of more than {MAX_TEMPLATES} templates")
        with Sandbox() as sandbox:
            tokens = special_tokens(artifact)
            looked: list[_Looked] = []
            known: dict[str, Behaviour | None] = {}
            for template in found[:MAX_TEMPLATES]:
                if template.source is not None and template.source in known:
                    behaviour = known[template.source]  # the same text in another file
                else:
                    findings, behaviour = _look(sandbox, template, tokens)
                    yield from findings
                    if template.source is not None:
                        known[template.source] = behaviour
                looked.append(_Looked(template, behaviour))
            yield from _differences(looked)
            if base is not None:
                yield from _changes(sandbox, looked, base)


def _look(
    sandbox: Sandbox, template: Template, tokens: Mapping[str, str]
) -> tuple[list[Finding], Behaviour | None]:
    where = template.location
    if template.source is None:
        return [UNREADABLE.found(where, f"{template.name}: {template.problem}")], None
    found: list[Finding] = []
    read = sandbox.read(template.source)
    if read.problem is not None:
        rule = LIMIT if read.problem == "limit" else UNREADABLE
        return [*found, rule.found(where, f"{template.name}: {read.message}")], None
    facts = read.facts
    found += [ESCAPE.found(where, words) for words in facts.escapes[:MAX_FOUND]]
    found += [LOADS.found(where, f"a statement {words}") for words in facts.loads[:MAX_FOUND]]
    if facts.random:
        found.append(RANDOM.found(where, "the filter random, or lipsum"))
    behaviour = observe(sandbox, facts, tokens)
    denied = behaviour.escape or ", ".join(read.denied)
    if denied and not facts.escapes:
        found.append(ESCAPE.found(where, denied))
    if facts.n_ways > len(facts.ways):
        many = f"{facts.n_ways:,} branches; {len(facts.ways)} were looked at"
        found.append(LIMIT.found(where, f"{template.name}: {many}"))
    if behaviour.limit is not None:
        found.append(LIMIT.found(where, f"{template.name}: {behaviour.limit}"))
    elif behaviour.problem is not None and not found:
        found.append(UNRENDERED.found(where, f"{template.name}: {behaviour.problem}"))
    found += CONDITIONAL.found_each(where, (f"{k}: {v}" for k, v in behaviour.conditions.items()))
    found += _texts(where, template.source, facts, behaviour)
    return found, behaviour


def _texts(where: str, source: str, facts: Facts, behaviour: Behaviour) -> Iterator[Finding]:
    """What the template says in natural language."""
    outputs = said_by_template(behaviour.said)
    said = [line.replace("\0", " ") for line in outputs]  # a zero stands for what was said
    written = list(_odd_characters(source))
    odd = [f"printed, {words}" for line in said for words in _odd_characters(line)]
    yield from HIDDEN.found_each(where, dict.fromkeys(written or odd))
    steering = steers([*facts.said, *facts.folded, *outputs])
    yield from STEERS.found_each(where, (f"{how}: {text!r}" for text, how in steering.items()))
    yield from TURN.found_each(where, (repr(text) for text in turn_texts(behaviour.neutral)))
    yield from MISPLACED.found_each(where, misplaced(behaviour.neutral))
    yield from DROPS.found_each(where, dropped(behaviour.neutral))
    yield from HELD_BACK.found_each(where, map(repr, _held_back(facts, behaviour, outputs)))
    hidden = assembled(behaviour.words, [source, *facts.constants])
    if len(hidden) >= 3:
        yield ASSEMBLED.found(where, f"says {' '.join(hidden[:12])!r}, which is not in its text")
    prompt = default_prompt(behaviour.neutral)
    if prompt:
        yield PROMPT.found(where, repr(prompt))


def _held_back(facts: Facts, behaviour: Behaviour, outputs: Iterable[str]) -> list[str]:
    """What only a branch taken by force says, and what not even that shows."""
    shown = " ".join(" ".join(line.casefold().split()) for line in outputs)
    texts = dict.fromkeys(one.text for one in behaviour.unmet if one.line is None)
    for said in facts.said:
        texts |= dict.fromkeys(t for t in prose(said) if " " in t and t.casefold() not in shown)
    return list(texts)


def _odd_characters(source: str) -> Iterator[str]:
    hidden = hidden_characters(source)
    if hidden:
        yield f"invisible: {', '.join(hidden[:5])}"
    mixed = mixed_words(source)
    if mixed:
        yield f"letters of two scripts in one word: {', '.join(mixed[:5])}"


def _differences(looked: list[_Looked]) -> Iterator[Finding]:
    """Templates of one name in several files, told by what they say on the same conversations."""
    by_name: dict[str, _Looked] = {}
    for one in looked:
        first = by_name.setdefault(one.template.name, one)
        if first is one or first.behaviour is None or one.behaviour is None:
            continue
        shape = _first_difference(first.behaviour, one.behaviour)
        if shape is not None:
            yield DIFFERS.found(
                one.template.location,
                f"{one.template.name}: not as in {first.template.location}, for a "
                f"conversation of the form {shape!r}",
            )


def _first_difference(one: Behaviour, other: Behaviour) -> str | None:
    for shape in dict.fromkeys([*one.neutral, *other.neutral]):
        if one.neutral.get(shape, "").strip() != other.neutral.get(shape, "").strip():
            return shape
    return None


def _changes(sandbox: Sandbox, looked: list[_Looked], base: Artifact) -> Iterator[Finding]:
    """What a template says on ordinary conversations and the base's of that name does not."""
    tokens = special_tokens(base)
    bases: dict[str, Behaviour] = {}
    for template in list(templates(base))[:MAX_TEMPLATES]:
        if template.source is not None and template.name not in bases:
            read = sandbox.read(template.source)
            if read.problem is None:
                bases[template.name] = observe(sandbox, read.facts, tokens)
    for one in looked:
        before = bases.get(one.template.name)
        if before is None or one.behaviour is None:
            continue
        shape = _first_difference(before, one.behaviour)
        if shape is not None:
            text = one.behaviour.neutral.get(shape, "it does not render")
            yield CHANGED.found(one.template.location, f"{shape}: {text!r}")
