"""What a chat template does: rendered over conversations, and compared with itself.

Comes in: one template's source, and a sandbox. Goes out: a Behaviour: every text it said, and every
condition under which it says, refuses or leaves out what it does not under neutral inputs. A needle
(what the template compares a content with, or names among its constants) is put into each place of
a conversation; rounds follow, because one comparison may hide behind another. A date is tried for
each year, month, weekday and hour, and around each date the template names. Every branch is taken
by force besides (`template_branches`).

A condition counts against the neutral rendering of the same conversation. Needles that are control
words (`/no_think`, `</think>`) may switch to what the template also says under some setting of
its caller, and may cut texts; ordinary words may not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inspector.scan import template_probes as probes
from inspector.scan.template_branches import Rendered, Unmet, Way, behind, own_prose
from inspector.scan.template_compare import (
    NEUTRAL_WORDS,
    added,
    around,
    inputs,
    is_natural,
    lost,
    own_words,
    words,
)
from inspector.scan.template_probes import SHAPES, Shape
from inspector.scan.template_sandbox import Facts, Rendering, Sandbox

FINISHED = "finished dialogue"
MAX_ROUNDS = 4
MAX_NEEDLES = 60
MAX_NEEDLE_CHARS = 80
MAX_LENGTH = 20_000  # characters of a content whose length a template may compare
MAX_TURNS = 40
MAX_ROLES = 30
MAX_CHARS = 20_000_000  # of all renderings of one template
MAX_CPU_S = 30.0  # of all renderings of one template; a real one takes about a second


@dataclass
class Behaviour:
    """What was seen. neutral: by shape, as far as it rendered. words: all that the template put
    there itself. said: every output with its context. conditions: in words, with what appears.
    unmet: texts behind conditions that none of them meets. limit, escape: what broke."""

    facts: Facts
    neutral: dict[str, str] = field(default_factory=dict)
    words: dict[str, None] = field(default_factory=dict)
    said: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    conditions: dict[str, str] = field(default_factory=dict)
    unmet: list[Unmet] = field(default_factory=list)
    limit: str | None = None
    escape: str | None = None
    problem: str | None = None  # why no conversation could be rendered at all
    n_renderings: int = 0


@dataclass(frozen=True)
class _Try:
    """One conversation to render. what: the condition that it probes, in words; None: it is only
    read. needle: the text put into it. neutral: what it is compared with, by default the neutral
    conversation of the same shape. in_parts: contents as lists of parts, whatever the template
    takes otherwise."""

    shape: Shape
    contents: Mapping[str, str] = field(default_factory=dict)
    what: str | None = None
    needle: str | None = None
    now: datetime = probes.NOW
    settings: Mapping[str, Any] = field(default_factory=dict)
    neutral: Counter[str] | None = None
    in_parts: bool = False


@dataclass(frozen=True)
class _Seen:
    """One rendering, with the words that the template itself put there."""

    text: str
    problem: str | None
    message: str
    own: Counter[str]
    context: Mapping[str, Any]


class Cut(Exception):
    """The template broke a limit: it is not rendered any further."""


def observe(sandbox: Sandbox, facts: Facts, tokens: Mapping[str, str]) -> Behaviour:
    """Render the template that the sandbox has just read, and compare."""
    observer = _Observer(sandbox, facts, tokens)
    try:
        observer.observe()
    except Cut:
        observer.seen.limit = observer.seen.limit or "cut"
    return observer.seen


class _Observer:
    def __init__(self, sandbox: Sandbox, facts: Facts, tokens: Mapping[str, str]) -> None:
        self.sandbox = sandbox
        self.facts = facts
        self.tokens = tokens
        self.seen = Behaviour(facts)
        self.shapes: list[Shape] = []
        self.in_parts = False
        self.always: dict[str, Any] = {}  # settings without which the template does not render
        self.own: dict[str, Counter[str]] = {}  # the template's own words by neutral shape
        self.switched: Counter[str] = Counter()  # and under the settings of a caller
        self.compared: dict[str, None] = {}
        self.formats: dict[str, None] = {}
        self.n_chars = 0
        self.cpu_s = 0.0

    def observe(self) -> None:
        self._neutral()
        if self.shapes:
            self._ordinary()
        self._branches()

    def _ordinary(self) -> None:
        self._settings()
        self._forms()
        self._tools()
        self._needles()
        given = [v for v in self.facts.variables if "date" in v]
        has_clock = "strftime_now" in self.facts.variables or bool(self.formats)
        for name in (None, *given) if has_clock else given:
            self._dates({}, name)
            if self.compared:
                together = " ".join(n for n in self.compared if is_natural(n))
                self._dates({"user": together, "user again": together}, name)
        self._kinds_and_lengths()
        self._turns()
        self._roles()

    # --------------------------------------------------------------------------- what is ordinary

    def _neutral(self) -> None:
        problems: list[str] = []
        needed = {v: "nectar" for v in self.facts.variables if v not in probes.GIVEN}
        for self.in_parts, self.always in ((False, {}), (True, {}), (False, needed)):
            for shape, seen in zip(SHAPES, self._run([_Try(s) for s in SHAPES]), strict=True):
                if seen.problem is not None:
                    problems.append(seen.message)
                elif not any(probes.NEUTRAL.get(p, "\0") in seen.text for p in shape.places):
                    problems.append("what the user says does not appear in it")
                else:
                    self.shapes.append(shape)
                    self.seen.neutral[shape.name] = seen.text
                    self.own[shape.name] = seen.own
            if self.shapes:
                return
        self.seen.problem = problems[0]

    def _settings(self) -> None:
        for words_of in self.own.values():
            self.switched |= words_of
        settings = probes.settings(self.facts.variables)
        for seen in self._run([_Try(s, settings=one) for one in settings for s in self.shapes]):
            self.switched |= seen.own

    def _forms(self) -> None:
        """The same conversation in parts, and one that asks for no answer, say nothing else."""
        known = {w for s in self.shapes if s.name != FINISHED for w in self.own[s.name]}
        finished = [s for s in self.shapes if s.name == FINISHED]
        what = "a conversation that asks for no answer"
        self._sentences([_Try(s, what=what) for s in finished], known)
        known |= set(self.own.get(FINISHED, ()))
        in_parts = [_Try(s, what="a message in parts", in_parts=True) for s in SHAPES]
        self._sentences(in_parts, known)

    def _sentences(self, tries: Sequence[_Try], known: Collection[str]) -> list[_Seen]:
        """Whole sentences with words that are not known; labels may differ."""
        found = self._run(tries)
        for one, seen in zip(tries, found, strict=True):
            for text in own_prose([(seen.text, seen.context)], known):
                self.seen.conditions.setdefault(one.what or "", f"adds {text!r}")
        return found

    # ---------------------------------------------------------------------------- what is tried

    def _needles(self) -> None:
        done: set[str] = set()
        for number in range(MAX_ROUNDS):
            found = self._candidates(number)
            natural = [n for n in self.compared if is_natural(n)]
            if len(natural) > 1:
                found.append(" ".join(natural))
            fresh = [n for n in found if n not in done][: max(MAX_NEEDLES - len(done), 0)]
            if not fresh:
                return
            done.update(fresh)
            tries: list[_Try] = []
            for needle in fresh:
                what = f"{needle!r} in a message"
                for shape, contents in probes.placements(needle, self.shapes):
                    tries.append(_Try(shape, contents, what, needle))
            self._compare(tries)
            self._tool_names(fresh)

    def _candidates(self, number: int) -> list[str]:
        """What contents are compared with; in the first round also every constant that could be a
        keyword in a table."""
        found = list(self.compared)
        if number == 0:
            found += [c for c in (*self.facts.folded, *self.facts.constants) if _is_looked_up(c)]
        return [n for n in dict.fromkeys(found) if n.strip() and len(n) <= MAX_NEEDLE_CHARS]

    def _dates(self, contents: dict[str, str], name: str | None) -> None:
        """name: of the setting by which a caller says the date; None: the clock."""
        shape = self.shapes[0]

        def given(date: datetime) -> dict[str, str]:
            return {name: f"{date:{probes.DATE_FORM}}"} if name else {}

        (twin,) = self._run([_Try(shape, contents, settings=given(probes.NOW))])
        if twin.problem is not None:
            return
        years = [n for n in self.facts.numbers if 1990 <= n <= 2200]
        named = [*self.compared, *self.facts.constants]
        tries = [
            _Try(
                shape,
                contents,
                f"the date {date:%Y-%m-%d %H:%M}",
                None,
                date,
                given(date),
                twin.own,
            )
            for date in probes.dates((*self.formats, probes.DATE_FORM), named, years)
        ]
        self._compare(tries)

    def _tools(self) -> None:
        """A tool that the template cannot know must be told as the neutral one is."""
        for shape in self._with_tools():
            text = self.seen.neutral[shape.name]
            if probes.TOOL_TEXT in text and probes.TOOL_NAME not in text:
                what = "tools given"
                self.seen.conditions.setdefault(what, f"leaves out the name {probes.TOOL_NAME}")
        self._compare(
            [_Try(s, {"tool name": "barley"}, "another tool") for s in self._with_tools()]
        )
        many = [s.with_tools(5) for s in self._with_tools()]
        self._sentences([_Try(s, what="five tools") for s in many], set(self.seen.words))

    def _tool_names(self, needles: Sequence[str]) -> None:
        """Labels are not compared: which tools there are is the caller's word. Sentences are, and
        that the name is there."""
        known = set(self.seen.words)
        names = [n for n in needles if n.replace("-", "_").isidentifier()]
        tries = [
            _Try(s, {"tool name": n}, f"a tool named {n!r}")
            for s in self._with_tools()
            for n in names
        ]
        for one, seen in zip(tries, self._sentences(tries, known), strict=True):
            is_told = probes.TOOL_NAME in self.seen.neutral[one.shape.name]
            if is_told and seen.problem is None and one.contents["tool name"] not in seen.text:
                self.seen.conditions.setdefault(one.what or "", "leaves out its name")

    def _with_tools(self) -> list[Shape]:
        return [s for s in self.shapes if s.extras.get("tools")]

    def _kinds_and_lengths(self) -> None:
        tries = [
            _Try(shape, {"user": question}, f"a question in {kind}")
            for kind, question in probes.KINDS.items()
            for shape in self.shapes[:2]
        ]
        around_numbers = {n + d for n in self.facts.numbers for d in (-1, 0, 1)}
        lengths = sorted(n for n in around_numbers if 10 < n <= MAX_LENGTH)[:40]
        for n_chars in [*lengths, *probes.LENGTHS]:
            long = probes.long_text(n_chars)
            contents = {"user": long, "user again": long}
            tries.append(_Try(self.shapes[0], contents, f"a message of {n_chars} characters"))
        self._compare(tries)

    def _turns(self) -> None:
        """Longer conversations, against everything that shorter ones say."""
        if "dialogue" not in self.own:
            return
        ordinary: Counter[str] = Counter()
        for words_of in self.own.values():
            ordinary |= words_of
        numbers = [n for n in self.facts.numbers if 12 < n <= MAX_TURNS]
        lengths = sorted({*range(3, 13), *numbers})
        for n, seen in zip(
            lengths, self._run([_Try(probes.turns(n)) for n in lengths]), strict=True
        ):
            new = [w for w in seen.own if w not in ordinary and len(w) > 1]
            if new:
                self._condition(f"a conversation of {n} questions", seen.text, new)

    def _roles(self) -> None:
        """A role that no format knows may be labelled, and have nothing else said about it."""
        names = [c for c in self.facts.constants if c.isidentifier() and len(c) < 24]
        tries = [
            _Try(shape, what=None if role in probes.ROLES else f"the role {role!r}")
            for role in names[:MAX_ROLES]
            for shape in probes.with_role(role)
        ]
        known = set(self.seen.words)
        self._run([one for one in tries if one.what is None])
        self._sentences([one for one in tries if one.what is not None], known)

    def _branches(self) -> None:
        """Every branch by force, in the shapes that show most."""
        by_name = {s.name: s for s in self.shapes or SHAPES}
        shapes = [
            next((by_name[n] for n in names if n in by_name), None) for names in probes.FULLEST
        ]
        shown = [s for s in shapes if s is not None]

        def render(ways: Sequence[Way]) -> list[list[Rendered]]:
            tries = [_Try(s, settings={"$decided": way}) for way in ways for s in shown]
            texts = [(seen.text, seen.context) for seen in self._run(tries)]
            return [texts[i : i + len(shown)] for i in range(0, len(texts), len(shown) or 1)]

        if shown:
            self.seen.unmet = behind(self.facts, render, frozenset(self.seen.words))
        for one in self.seen.unmet:
            if one.line is not None:
                what = f"the condition in line {one.line}, which no ordinary conversation meets"
                self.seen.conditions.setdefault(what, f"adds {one.text!r}")

    # ------------------------------------------------------------------------------ how it is told

    def _compare(self, tries: Sequence[_Try]) -> None:
        for one, seen in zip(tries, self._run(tries), strict=True):
            if one.what is None:
                continue
            ordinary = one.needle is None or is_natural(one.needle)
            if seen.problem is not None:
                if ordinary:
                    self.seen.conditions.setdefault(one.what, f"refuses: {seen.message}")
                continue
            expected = self.own[one.shape.name] if one.neutral is None else one.neutral
            new = added(seen.own, expected, inputs(seen.context))
            if not ordinary:
                new = [w for w in new if w not in self.switched]
            if new:
                self._condition(one.what, seen.text, new)
            elif ordinary and one.neutral is None:
                self._leaves_out(one, seen)

    def _leaves_out(self, one: _Try, seen: _Seen) -> None:
        # a system message may hold settings that the template takes out: its author's word
        places = one.shape.places
        held = [p for p in places if p != "system" or p not in one.contents]
        missing = lost(seen.text, (one.contents.get(p, probes.NEUTRAL.get(p, "")) for p in held))
        usual = (probes.NEUTRAL.get(p, "") for p in places)
        if missing and one.what and not lost(self.seen.neutral[one.shape.name], usual):
            shown = ", ".join(missing[:5])
            self.seen.conditions.setdefault(one.what, f"leaves out what was said: {shown}")

    def _condition(self, what: str, text: str, new: list[str]) -> None:
        self.seen.conditions.setdefault(what, f"adds {around(text, new)!r}")

    def _run(self, tries: Sequence[_Try]) -> list[_Seen]:
        contexts = [
            t.shape.context(
                self.tokens,
                t.contents,
                t.now,
                t.in_parts or self.in_parts,
                **{**self.always, **t.settings},
            )
            for t in tries
        ]
        renderings = self.sandbox.render(contexts) if contexts else []
        self.seen.n_renderings += len(renderings)
        found = [self._note(r, c) for r, c in zip(renderings, contexts, strict=False)]
        if renderings and renderings[-1].problem == "limit":
            self.seen.limit = renderings[-1].message
        elif self.n_chars > MAX_CHARS or self.cpu_s > MAX_CPU_S:
            used = f"{self.n_chars:,} characters, {self.cpu_s:.0f} s of processor time"
            self.seen.limit = f"{used} for {self.seen.n_renderings} renderings"
        if self.seen.limit is not None:
            raise Cut
        return found

    def _note(self, rendering: Rendering, context: Mapping[str, Any]) -> _Seen:
        own: Counter[str] = Counter()
        self.n_chars += len(rendering.text)
        self.cpu_s += rendering.cpu_s
        if rendering.problem == "escape" or rendering.denied:
            self.seen.escape = rendering.message or ", ".join(rendering.denied)
        if rendering.problem is None:
            self.seen.said.append((rendering.text, context))
            own = own_words(rendering.text, context, rendering.dates)
            if "$decided" not in context:  # a branch taken by force may cut words in two
                self.seen.words.update(dict.fromkeys(own))
        for needle in rendering.compared:
            if needle.strip() and not NEUTRAL_WORDS & set(words(needle)):
                self.compared[needle] = None
        self.formats.update(dict.fromkeys(rendering.formats))
        return _Seen(rendering.text, rendering.problem, rendering.message, own, context)


def _is_looked_up(constant: str) -> bool:
    """Whether a constant could be a keyword in a table: short, and of ordinary words."""
    return len(constant) <= 40 and is_natural(constant) and constant.strip() == constant
