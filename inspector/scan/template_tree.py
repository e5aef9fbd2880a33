"""What the tree of a chat template contains, and its branches, so that each can be taken by force.

Comes in: a parsed template. Goes out: ways into Python, constants, names (`read`); and every way
through its conditions, with the tree changed so that the environment may decide them (`mark`): a
text behind a condition that no rendering meets is found, whatever the condition is. Runs in the
worker's process (`template_rendering`) and imports jinja2 and the standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, TemplateError, meta, nodes

MAX_CONSTANTS = 2000
MAX_WAYS = 600
# Objects that jinja2 (and Flask) give to templates, whose attributes only lead into Python.
PYTHON_OBJECTS = ("cycler", "joiner", "lipsum", "namespace", "range")
FLASK_OBJECTS = ("request", "config", "url_for", "get_flashed_messages", "session")
UNSAFE_NAMES = ("mro", "func_globals", "func_code", "gi_frame", "gi_code", "f_globals")

Way = tuple[tuple[int, bool], ...]  # the number of a condition, and how it is decided


def read(tree: nodes.Template, environment: Environment) -> dict[str, Any]:
    """What the parsed template contains; nothing of it is run, constants are folded."""
    escapes: dict[str, None] = {}
    for node in tree.find_all(nodes.Node):
        for words in _escapes(node):
            escapes[words] = None
    said: dict[str, None] = {}  # texts that are not merely the message of a refusal
    refusals = {
        id(inner)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == "raise_exception"
        for inner in call.find_all(nodes.Expr)
    }
    constants: dict[str, None] = {}
    folded: dict[str, None] = {}
    numbers: dict[int, None] = {}
    for expression in tree.find_all(nodes.Expr):
        if isinstance(expression, nodes.TemplateData):
            continue
        value = _fold(expression, environment)
        if isinstance(value, str) and value:
            plain = isinstance(expression, nodes.Const)
            (constants if plain else folded)[value[:20_000]] = None
            if id(expression) not in refusals:
                said[value[:20_000]] = None
        elif type(value) is int and 0 <= value < 10_000:
            numbers[value] = None
    for value in folded:
        if "__" in value and value not in constants:
            escapes[f"the text {value[:80]!r}, put together from pieces"] = None
    return {
        "escapes": list(escapes)[:20],
        "loads": [type(n).__name__.lower() for n in tree.find_all(_LOADING)][:5],
        "random": any(f.name == "random" for f in tree.find_all(nodes.Filter))
        or any(n.name == "lipsum" for n in tree.find_all(nodes.Name)),
        "constants": list(constants)[:MAX_CONSTANTS],
        "folded": [f for f in folded if f not in constants][:MAX_CONSTANTS],
        "said": [*said, *(d.data for d in tree.find_all(nodes.TemplateData) if d.data.strip())],
        "numbers": list(numbers)[:MAX_CONSTANTS],
        "variables": sorted(meta.find_undeclared_variables(tree))[:100],
    }


_LOADING = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


def _fold(expression: nodes.Expr, environment: Environment) -> Any:
    if not isinstance(
        expression, nodes.Const | nodes.Concat | nodes.BinExpr | nodes.Filter | nodes.Getitem
    ):
        return None
    try:
        return expression.as_const(nodes.EvalContext(environment))
    except nodes.Impossible:
        return None
    except (ArithmeticError, TypeError, ValueError, LookupError, TemplateError, AttributeError):
        return None  # an expression that fails will fail when it is rendered


def _escapes(node: nodes.Node) -> Iterator[str]:
    """Ways from a template's values into Python, told by this one node."""
    if isinstance(node, nodes.Getattr):
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        if _is_unsafe(node.attr):
            yield f"attribute {node.attr}"
        elif name in PYTHON_OBJECTS or (name in FLASK_OBJECTS and node.attr == "application"):
            yield f"attribute {node.attr} of {name}"
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        if _is_unsafe(node.arg.value):
            yield f"item {node.arg.value}"
    elif isinstance(node, nodes.Filter | nodes.Test | nodes.Call):
        named = [k.value for k in node.kwargs if k.key == "attribute"]
        by_name = isinstance(node, nodes.Filter) and node.name == "attr"
        for arg in [*node.args, *named]:
            if isinstance(arg, nodes.Const) and _is_unsafe(arg.value):
                yield f"the name {arg.value} as a text"
            elif by_name and not isinstance(arg, nodes.Const):
                yield "the filter attr with a name that is computed"


def _is_unsafe(name: object) -> bool:
    """Python's own names, also as one part of a dotted path (`map(attribute="a.__class__")`)."""
    return isinstance(name, str) and any(
        (len(part) > 4 and part.startswith("__") and part.endswith("__")) or part in UNSAFE_NAMES
        for part in name.split(".")
    )


# ------------------------------------------------------------------------------------- branches


def mark(tree: nodes.Template, environment: Environment) -> dict[str, Any]:
    """Let `environment.is_decided` and `environment.decision` go before every condition.

    ways: to each branch, the outer conditions first; at most MAX_WAYS of n_ways. told: the number
    and line of each condition about what is said, when, or how often.
    """
    marker = _Marker(_names_of_what_is_said(tree))
    marker.walk(tree, ())
    marker.walk_macros()
    tree.set_environment(environment)
    return {
        "ways": marker.ways[:MAX_WAYS],
        "n_ways": len(marker.ways),
        "told": marker.told,
    }


class _Marker:
    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.ways: list[Way] = []
        self.told: list[tuple[int, int]] = []
        self.n_conditions = 0
        self.macros: list[nodes.Macro] = []
        self.calls: dict[str, Way] = {}  # the way to the first call of each macro

    def walk(self, node: nodes.Node, way: Way) -> None:
        """Mark the conditions below a node that is reached by `way`."""
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
            self.calls.setdefault(node.node.name, way)
        if isinstance(node, nodes.If):
            self._chain(node, way)
        elif isinstance(node, nodes.CondExpr):
            self.walk(node.test, way)
            number, node.test = self._condition(node.test)
            self._branch([node.expr1], (*way, (number, True)))
            if node.expr2 is not None:
                self._branch([node.expr2], (*way, (number, False)))
        elif isinstance(node, nodes.For) and node.test is not None:
            number, node.test = self._condition(node.test)
            self.walk(node.iter, way)
            self._branch(node.body, (*way, (number, True)))
            self._branch(node.else_, (*way, (number, False)))
        elif isinstance(node, nodes.Macro):
            self.macros.append(node)
        else:
            for child in node.iter_child_nodes():
                self.walk(child, way)

    def walk_macros(self) -> None:
        """The bodies of macros, by the way to their first call; those that nobody calls last."""
        while self.macros:
            called = next((m for m in self.macros if m.name in self.calls), self.macros[0])
            self.macros.remove(called)
            for child in called.iter_child_nodes():
                self.walk(child, self.calls.get(called.name, ()))

    def _chain(self, node: nodes.If, way: Way) -> None:
        for link in [node, *node.elif_]:
            self.walk(link.test, way)
            number, link.test = self._condition(link.test)
            self._branch(link.body, (*way, (number, True)))
            way = (*way, (number, False))
        self._branch(node.else_, way)

    def _condition(self, test: nodes.Node) -> tuple[int, Any]:
        self.n_conditions += 1
        if _is_told(test, self.names):
            self.told.append((self.n_conditions, test.lineno))
        number = nodes.Const(self.n_conditions)
        decided = nodes.Call(nodes.EnvironmentAttribute("is_decided"), [number], [], None, None)
        decision = nodes.Call(nodes.EnvironmentAttribute("decision"), [number], [], None, None)
        marked = nodes.CondExpr(decided, decision, test)
        return self.n_conditions, marked.set_lineno(test.lineno)

    def _branch(self, body: list[nodes.Node] | list[nodes.Expr], way: Way) -> None:
        if body:
            self.ways.append(way)
        for child in body:
            self.walk(child, way)


def _names_of_what_is_said(tree: nodes.Template) -> set[str]:
    """Names that hold messages, or what depends on them or on the time: what such an expression is
    assigned to, and macros' parameters that get it; until no more are found."""
    names = {"messages"}
    macros = {m.name: [a.name for a in m.args] for m in tree.find_all(nodes.Macro)}
    given: list[tuple[str, nodes.Node]] = [(m.name, m) for m in tree.find_all(nodes.Macro)]
    for node in tree.find_all((nodes.Assign, nodes.For, nodes.Call)):
        if isinstance(node, nodes.Call):
            parameters = macros.get(node.node.name, []) if isinstance(node.node, nodes.Name) else []
            given += zip(parameters, node.args, strict=False)
            given += [(k.key, k.value) for k in node.kwargs if k.key in parameters]
        else:
            is_loop = isinstance(node, nodes.For)
            value: nodes.Node = node.iter if is_loop else node.node  # type: ignore[attr-defined]
            target: nodes.Node = node.target  # type: ignore[attr-defined]
            targets = [target, *target.find_all((nodes.Name, nodes.NSRef))]
            given += [(name, value) for t in targets if (name := _target(t))]
    for _ in range(len(given) + 1):
        more = {name for name, value in given if name not in names and _is_told(value, names)}
        if not more:
            break
        names |= more
    return names


def _target(node: nodes.Node) -> str:
    if isinstance(node, nodes.NSRef):
        return f"{node.name}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else ""


def _is_told(node: nodes.Node, names: set[str]) -> bool:
    """Whether an expression depends on what is said, when, or how often, rather than on the form of
    a message and on what the caller sets."""
    if isinstance(node, nodes.Test) and node.name in _FORM_TESTS:
        return False
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        attribute = node.attr if isinstance(node, nodes.Getattr) else None
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            attribute = node.arg.value
        if attribute in _SAID:
            return True
        if attribute in _FORM:
            return False
        if isinstance(node.node, nodes.Name):
            name = node.node.name
            if f"{name}.{attribute}" in names or (name == "loop" and attribute in _COUNTS):
                return True
    if isinstance(node, nodes.Compare) and isinstance(node.expr, nodes.Const):
        asked = node.expr.value  # `'image' in part` asks for the kind of a part
        if isinstance(asked, str) and asked in _FORM:
            return False
    if isinstance(node, nodes.Name):
        return node.name in names or node.name in _GIVEN_BY_NOBODY
    return any(_is_told(child, names) for child in node.iter_child_nodes())


_SAID = ("content", "text", "description", "title", "name", "properties")
_FORM = (
    *("role", "type", "tool_calls", "tool_call_id", "function", "parameters"),
    *("image", "image_url", "audio", "video", "first", "last"),
)
_GIVEN_BY_NOBODY = ("strftime_now", "bos_token", "eos_token", "pad_token", "unk_token")
_COUNTS = ("index", "index0", "revindex", "revindex0", "length")
_FORM_TESTS = (
    *("defined", "undefined", "none", "string", "mapping", "iterable", "sequence", "boolean"),
    *("true", "false"),
)
