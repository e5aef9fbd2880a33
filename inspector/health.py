"""What a person checks when something is odd: the machine, the token, versions, settings in force.

Comes in: /proc, the environment, the installed packages. Goes out: records to draw as they are.
Nothing heavy is imported: torch is asked in a process of its own. The Hub's token is never read.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import inspector
from inspector.errors import InspectorError
from inspector.settings import Settings

PROC = Path("/proc")
PATIENCE_S = 60.0
REQUIREMENTS = Path(inspector.__file__).parent.parent / "requirements.txt"
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*([^\s;#]*)")


@dataclass(frozen=True)
class Machine:
    """n_cores: that this process may use, of n_all. Memory in bytes; None where it is not told."""

    processor: str
    n_cores: int
    n_all: int
    memory_bytes: int | None
    memory_free_bytes: int | None


@dataclass(frozen=True)
class TokenState:
    """Whether the Hub's token is set. where: a variable's name or a file's path, "" without one."""

    is_set: bool
    where: str = ""


@dataclass(frozen=True)
class Package:
    """One fixed package. fits: None where the requirement is a range, which is not judged here."""

    name: str
    required: str
    installed: str | None
    fits: bool | None


@dataclass(frozen=True)
class Setting:
    """One setting in force. is_given: its variable is set; else the value is the default."""

    name: str
    value: str
    variable: str
    is_given: bool
    meaning: str


def machine(proc: Path = PROC) -> Machine:
    """The processor and the memory, as Linux tells them."""
    memory = _table(proc / "meminfo")
    total, free = memory.get("MemTotal"), memory.get("MemAvailable")
    return Machine(
        _table(proc / "cpuinfo").get("model name", "not told"),
        len(os.sched_getaffinity(0)),
        os.cpu_count() or 1,
        _kilobytes(total),
        _kilobytes(free),
    )


def graphics_cards(command: Sequence[str] = ("nvidia-smi",)) -> tuple[str, ...]:
    """What the driver's own tool lists, a line for each card; empty where there is no such tool."""
    query = ("--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
    try:
        done = subprocess.run(
            [*command, *query], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in done.stdout.splitlines() if line.strip())


def torch_devices(
    command: Sequence[str] = (sys.executable, "-m", "inspector.engine.devices"),
) -> tuple[str, ...]:
    """What torch sees, a line for each; takes seconds. Raises InspectorError where it breaks."""
    environment = os.environ | {"PYTHONPATH": str(REQUIREMENTS.parent)}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
            env=environment,
        )
        told = json.loads(done.stdout)
        return (
            f"torch {told['torch']} with {told['n_threads']} threads, {told['processor']}",
            *(f"Accelerator: {name}" for name in told["accelerators"]),
        )
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        raise InspectorError(
            f"torch could not be asked what it can compute on ({type(error).__name__}); try "
            "`python -m inspector.engine.devices` in a terminal, which shows why."
        ) from error


def token_state(environment: Mapping[str, str]) -> TokenState:
    """Where huggingface-hub would take a token from; the file is not opened."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if environment.get(name, "").strip():
            return TokenState(True, name)
    home = environment.get("HF_HOME") or str(
        Path(environment.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    )
    path = Path(environment.get("HF_TOKEN_PATH") or Path(home) / "token").expanduser()
    try:
        has_file = path.stat().st_size > 0
    except OSError:
        has_file = False
    return TokenState(True, str(path)) if has_file else TokenState(False)


def packages(requirements: Path = REQUIREMENTS) -> tuple[Package, ...]:
    """What requirements.txt fixes against what is installed, by its metadata alone."""
    lines = requirements.read_text().splitlines() if requirements.exists() else []
    found = []
    for line in lines:
        if match := _REQUIREMENT.match(line.strip()):
            name, required = match[1], match[2]
            try:
                installed = metadata.version(name)
            except metadata.PackageNotFoundError:
                installed = None
            fits = installed is not None
            if required.startswith("=="):
                fits = (installed or "").partition("+")[0] == required[2:]
            is_judged = installed is None or required.startswith("==")
            found.append(Package(name, required, installed, fits if is_judged else None))
    return tuple(found)


def settings_in_force(settings: Settings, environment: Mapping[str, str]) -> tuple[Setting, ...]:
    """Every setting with the variable it comes from; a password in an address is left out."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    given = {name.upper() for name in environment}
    lines = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        variable = f"{prefix}{name}".upper()
        lines.append(
            Setting(
                name,
                "not set" if value is None else without_password(str(value)),
                variable,
                variable in given,
                field.description or "",
            )
        )
    return tuple(lines)


def without_password(text: str) -> str:
    """An address without the name and the password that may stand in it."""
    parts = urlsplit(text)
    if "@" not in parts.netloc:
        return text
    return urlunsplit(parts._replace(netloc=f"…@{parts.netloc.rpartition('@')[2]}"))


def _table(path: Path) -> dict[str, str]:
    """`name : value` lines; of several with one name the first."""
    try:
        text = path.read_text()
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        found.setdefault(name.strip(), value.strip())
    return found


def _kilobytes(text: str | None) -> int | None:
    amount = (text or "").partition(" ")[0]
    return int(amount) * 1024 if amount.isdigit() else None
