"""The sandbox's parent side: one worker process that reads and renders chat templates.

Comes in: a template's source, then contexts to render it with. Goes out: what its tree contains
(Facts), and one Rendering per context. The worker (`template_rendering`) starts with the first
template and serves all that follow; where it does not answer in time, or dies, it is replaced, and
the template counts as having broken a limit.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

WORKER = Path(__file__).with_name("template_rendering.py")


@dataclass(frozen=True)
class Limits:
    """cpu_s: processor time of one rendering (a real one takes milliseconds). memory_bytes: address
    space of the worker, Python's own 50 MB included. output_chars: of one rendering. wait_s: until
    a worker is given up that the kernel did not stop; large, for busy machines."""

    cpu_s: float = 1.0
    memory_bytes: int = 400_000_000
    output_chars: int = 300_000
    wait_s: float = 60.0


@dataclass(frozen=True)
class Facts:
    """What the tree of a template contains, read without running it.

    escapes: ways into Python, in words. loads: statements that load other templates. random: asks
    for chance. constants: texts as written; folded: those that pieces make without any input.
    said: all texts but those it only refuses with. variables: names that the caller must give.
    ways: to each branch, the conditions on the way and how they are decided, of n_ways in all.
    told: number and line of each condition about what is said, when, or how often.
    """

    escapes: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    random: bool = False
    constants: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    variables: tuple[str, ...] = ()
    ways: tuple[list[list[int]], ...] = ()
    n_ways: int = 0
    told: tuple[list[int], ...] = ()


@dataclass(frozen=True)
class Rendering:
    """One answer. problem: None, or "syntax", "limit", "escape" or "error", with its message.

    compared: texts that the input was compared with. dates, formats: what the template had from the
    clock, and how it asked. denied: what the sandbox forbade. cpu_s: processor time it took.
    """

    text: str = ""
    problem: str | None = None
    message: str = ""
    compared: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    cpu_s: float = 0.0
    facts: Facts = field(default_factory=Facts)


class Sandbox:
    """A context manager around the worker process; it starts when first needed."""

    def __init__(self, limits: Limits | None = None, worker: Path = WORKER) -> None:
        self.limits = limits or Limits()
        self._worker = worker
        self._process: subprocess.Popen[bytes] | None = None
        self._source = ""
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def read(self, source: str) -> Rendering:
        """Parse and compile one template; the renderings that follow are of this one."""
        self._source = source
        self._send({"read": source})
        return self._answer()

    def render(self, contexts: Sequence[Mapping[str, Any]]) -> list[Rendering]:
        """One rendering per context, in one go; the last one is the first that breaks a limit."""
        if self._process is None and self.read(self._source).problem is not None:
            return [Rendering(problem="limit", message="the template could not be read again")]
        self._send({"render": contexts})
        found: list[Rendering] = []
        while len(found) < len(contexts) and not (found and found[-1].problem == "limit"):
            found.append(self._answer())
        return found

    def _send(self, request: dict[str, Any]) -> None:
        """The worker reads a whole request before it answers, so neither waits for the other."""
        process = self._process or self._start()
        if process.stdin is None:
            raise RuntimeError("the template worker was started without pipes")
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            self._stop()

    def _answer(self) -> Rendering:
        line = self._read_line()
        if line is None:
            self._stop()
            return Rendering(problem="limit", message="the worker had to be stopped")
        answer: dict[str, Any] = json.loads(line)
        facts: dict[str, Any] = answer.pop("facts", {})
        return Rendering(**_frozen(answer), facts=Facts(**_frozen(facts)))

    def _read_line(self) -> bytes | None:
        """The next line; None where the worker died or time is up."""
        process = self._process
        if process is None or process.stdout is None:
            return None
        descriptor = process.stdout.fileno()
        deadline = time.monotonic() + self.limits.wait_s
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not selector.select(left_s):
                    return None
                piece = os.read(descriptor, 1 << 20)
                if not piece:
                    return None
                self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _start(self) -> subprocess.Popen[bytes]:
        limits = json.dumps(
            {
                "cpu_s": self.limits.cpu_s,
                "memory_bytes": self.limits.memory_bytes,
                "output_chars": self.limits.output_chars,
            }
        )
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(self._worker), limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        self._unread = b""
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # what was not sent any more is of no use to anybody
        process.wait()


def _frozen(answer: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in answer.items()}
