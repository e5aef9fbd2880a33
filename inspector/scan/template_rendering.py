"""The sandbox worker: reads and renders strangers' chat templates, in a process of its own.

Comes in: one JSON request a line on standard input, `{"read": SOURCE}` or `{"render": CONTEXTS}`.
Goes out: one JSON answer a line on standard output, for each context one, until the first that
breaks a limit. `template_sandbox` starts it, once per scan,
and kills it where it does not answer. It is run by its path in isolated mode and imports jinja2,
the standard library and its neighbour `template_tree` only: nothing else of the inspector lies in
the process that renders.

The environment is the one transformers 5.23 renders in (`utils/chat_template_utils.py`): immutable
sandbox, trimmed blocks, loop controls, the generation tag, `raise_exception`, `strftime_now` and
its own `tojson`. Added to it: limits on processor time, memory and output; a fixed clock; an audit
hook that forbids files, processes, sockets and imports; texts that note what they are compared
with, so that a trigger can be found though the template builds it from pieces; and conditions that
a request may decide, so that every branch can be seen.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

# jinja2 imports these two late, when imports are forbidden
import jinja2.constants
import jinja2.debug  # noqa: F401
from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment
from jinja2.utils import Namespace

if TYPE_CHECKING:
    from inspector.scan.template_tree import mark, read
else:
    sys.path.append(str(Path(__file__).parent))  # last: nothing here goes before a library
    from template_tree import mark, read

MAX_NUMBER_BITS = 4096  # a larger power or product of numbers is an explosion, not a template
MAX_COMPARED = 200  # texts noted per rendering
FORBIDDEN_EVENTS = ("open", "import", "os.", "subprocess.", "socket.", "ctypes.", "shutil.", "pty.")
LIMIT_ERRORS = (MemoryError, OverflowError)  # Overflow: the sandbox's long ranges
UNTRACED = ("role", "type")  # of messages and parts: every template compares them


class LimitHit(BaseException):
    """The template used more time, memory or output than it may."""


# ------------------------------------------------------------------------------- the environment


class Traced(str):
    """A text that notes what it is compared with; its parts and other forms do too."""

    __slots__ = ()
    compared: dict[str, None] = {}  # noqa: RUF012  shared on purpose: one rendering at a time

    @classmethod
    def note(cls, other: object) -> None:
        if isinstance(other, str) and 0 < len(other) <= 200 and len(cls.compared) < MAX_COMPARED:
            cls.compared[str.__str__(other)] = None

    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self  # filters ask for a plain text first

    def __getitem__(self, key: SupportsIndex | slice) -> Traced:
        return Traced(str.__getitem__(self, key))

    def __iter__(self) -> Iterator[str]:
        return map(Traced, str.__iter__(self))


def _trace(name: str) -> Callable[..., Any]:
    """A method of str that notes its text arguments and gives traced texts back."""
    plain = getattr(str, name)

    def traced(self: str, *args: Any, **kwargs: Any) -> Any:
        for arg in args:
            for text in arg if isinstance(arg, tuple) else (arg,):
                Traced.note(text)
        result = plain(self, *args, **kwargs)
        if isinstance(result, str):
            return Traced(result)
        return [Traced(part) for part in result] if isinstance(result, list) else result

    return traced


for _name in (
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__"),
    *("startswith", "endswith", "find", "rfind", "index", "rindex", "count", "replace", "split"),
    *("rsplit", "splitlines", "lower", "upper", "casefold", "capitalize", "title", "swapcase"),
    *("strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "partition", "rpartition"),
):
    setattr(Traced, _name, _trace(_name))


class Generation(Extension):
    """`{% generation %}`, with which templates mark the assistant's turns; it prints its body."""

    tags = {"generation"}  # noqa: RUF012  jinja2's own interface

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller: Callable[[], str]) -> str:
        return caller()


class Watched(ImmutableSandboxedEnvironment):
    """The sandbox, noting what it forbids, and refusing numbers that would stop the clock."""

    intercepted_binops = frozenset(("*", "**"))

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
        )
        self.denied: list[str] = []
        self.dates: list[str] = []
        self.formats: list[str] = []
        self.now = datetime(2026, 1, 1)
        self.decided: dict[int, bool] = {}
        self.filters["tojson"] = _tojson
        self.globals["raise_exception"] = self._raise
        self.globals["strftime_now"] = self._strftime_now
        self.globals["namespace"] = _Namespace

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        safe = super().is_safe_attribute(obj, attr, value)
        # a list's `append` is forbidden too, as in transformers, but leads nowhere
        if not safe and not SandboxedEnvironment.is_safe_attribute(self, obj, attr, value):
            self.denied.append(f"attribute {attr} of a {type(obj).__name__}")
        return safe

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int):
            bits = left.bit_length() * abs(right) if operator == "**" else left.bit_length()
            if bits + (right.bit_length() if operator == "*" else 0) > MAX_NUMBER_BITS:
                raise LimitHit(f"a number of more than {MAX_NUMBER_BITS} bits")
        return super().call_binop(context, operator, left, right)

    def is_decided(self, condition: int) -> bool:
        return condition in self.decided

    def decision(self, condition: int) -> bool:
        return self.decided[condition]

    def _raise(self, message: str) -> str:
        if not self.decided:  # else what comes after it is looked at all the same
            raise TemplateError(str(message))
        return ""

    def _strftime_now(self, format: str) -> str:
        text = self.now.strftime(format)
        self.formats.append(str(format))
        self.dates.append(text)
        return Traced(text)


class _Namespace(Namespace):
    """transformers' namespace, which keeps no names that begin with an underscore."""

    def __setitem__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            raise SecurityError(f"namespace attribute {name}")
        super().__setitem__(name, value)


def _tojson(
    x: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    text = json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )
    return Traced(text)


# ---------------------------------------------------------------------------- answering requests


class Worker:
    """Holds the template that was read last. limits: cpu_s, output_chars."""

    def __init__(self, limits: dict[str, float]) -> None:
        self.limits = limits
        self.environment = Watched()
        self.template: Any = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.environment.denied.clear()
        began = time.process_time()
        self._start_clock()
        try:
            if "read" in request:
                self.template = None
                self.environment.decided = {}
                tree = self.environment.parse(request["read"])
                facts = read(tree, self.environment)
                facts |= mark(tree, self.environment)
                self.template = self.environment.from_string(tree)
                answer: dict[str, Any] = {"facts": facts}
            else:
                answer = self._render(request["render"])
        except LimitHit as error:
            answer = {"problem": "limit", "message": str(error)}
        except RecursionError as error:
            # where the condition that ends a recursion was decided, the fault is not the template's
            is_own = not self.environment.decided
            answer = {"problem": "limit" if is_own else "error", "message": f"recursion: {error}"}
        except LIMIT_ERRORS as error:
            answer = {"problem": "limit", "message": f"{type(error).__name__}: {error}"}
        except TemplateSyntaxError as error:
            answer = {"problem": "syntax", "message": f"line {error.lineno}: {error.message}"}
        except PermissionError as error:  # of the audit hook
            answer = {"problem": "escape", "message": str(error)}
        except Exception as error:  # a template may raise whatever its values can raise
            answer = {"problem": "error", "message": f"{type(error).__name__}: {error}"[:500]}
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if self.environment.denied and answer.get("problem") == "error":
            answer["problem"] = "escape"
        denied = list(dict.fromkeys(self.environment.denied))[:10]
        return answer | {"denied": denied, "cpu_s": time.process_time() - began}

    def _render(self, context: dict[str, Any]) -> dict[str, Any]:
        environment = self.environment
        environment.dates.clear()
        environment.formats.clear()
        environment.now = datetime.fromisoformat(context.pop("now"))
        environment.decided = dict(context.pop("$decided", ()))
        Traced.compared.clear()
        pieces: list[str] = []
        n_chars = 0
        try:
            for piece in self.template.generate(**_traced(context)):
                n_chars += len(piece)
                if n_chars > self.limits["output_chars"]:
                    most = f"{self.limits['output_chars']:,.0f}"
                    raise LimitHit(f"more than {most} characters of output")
                pieces.append(piece)
        except (TemplateError, TypeError, ValueError, LookupError, AttributeError):
            # A decided condition may be one that these inputs cannot meet: what was said counts.
            if not environment.decided or environment.denied:
                raise
        return {
            "text": "".join(pieces),
            "compared": list(Traced.compared),
            "dates": list(dict.fromkeys(environment.dates))[:50],
            "formats": list(dict.fromkeys(environment.formats))[:20],
        }

    def _start_clock(self) -> None:
        """Python code is stopped by a signal; what does not come back to Python, by the kernel."""
        cpu_s = self.limits["cpu_s"]
        used = resource.getrusage(resource.RUSAGE_SELF)
        stop_s = int(used.ru_utime + used.ru_stime + cpu_s) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (stop_s, resource.RLIM_INFINITY))
        signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s)


def _traced(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: inner if k in UNTRACED else _traced(inner) for k, inner in value.items()}
    if isinstance(value, list):
        return [_traced(inner) for inner in value]
    return Traced(value) if isinstance(value, str) else value


def _forbid(event: str, _args: tuple[Any, ...]) -> None:
    if event.startswith(FORBIDDEN_EVENTS):
        raise PermissionError(f"the template reached {event}")


def _on_clock(*_: Any) -> None:
    raise LimitHit("more processor time than a template needs")


# Makes Python import what the first renderings need, before imports are forbidden.
_WARM_UP = "{{ 'a\\n\\u00e9' }}{{ strftime_now('%A %d %B') }}{{ {} | tojson }}{{ missing.part }}"


def main() -> None:
    """Serve requests until standard input ends. argv[1]: the limits as JSON."""
    limits = json.loads(sys.argv[1])
    memory = int(limits["memory_bytes"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGVTALRM, _on_clock)
    worker = Worker(limits)
    worker.answer({"read": _WARM_UP})
    worker.answer({"render": {"now": "2026-01-01T00:00:00"}})
    sys.addaudithook(_forbid)
    for line in sys.stdin:
        request = json.loads(line)
        for one in [{"render": c} for c in request["render"]] if "render" in request else [request]:
            answer = worker.answer(one)
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
            if answer.get("problem") == "limit":
                break


if __name__ == "__main__":
    main()
