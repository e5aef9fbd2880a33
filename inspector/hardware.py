"""What this machine is and has free, read without any library: the dashboard asks for it.

Comes in: nothing but the machine (Linux; elsewhere what cannot be read is None or guessed low).
Goes out: the processor's name, cores, free memory and disk in bytes; and the record of a machine
that inspections keep.
"""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from inspector.records import Precision

_CPUINFO = Path("/proc/cpuinfo")
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


@dataclass(frozen=True)
class Machine:
    """Where an inspection ran, for its reproduction manifest."""

    processor: str
    n_threads: int
    precision: Precision
    fp32_flops: float
    bf16_flops: float


def processor() -> str:
    """The processor's name."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def has_bf16() -> bool:
    """Whether the processor multiplies 16-bit numbers (bfloat16) in hardware."""
    return bool(_BF16_FLAGS & set(_cpuinfo("flags").split()))


def n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory_bytes(meminfo: Path = _MEMINFO, cgroup: Path = _CGROUP) -> int | None:
    """Memory that a new process could have: the machine's, or less where a container limits it."""
    free = []
    for line in _lines(meminfo):
        if line.startswith("MemAvailable:"):
            free.append(int(line.split()[1]) * 1024)
    limit, used = (_number(cgroup / f"memory.{name}") for name in ("max", "current"))
    if limit is not None and used is not None:
        free.append(max(0, limit - used))
    return min(free, default=None)


def free_disk_bytes(path: Path) -> int:
    """Room on the disk that holds the path, or its nearest folder that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def _cpuinfo(key: str) -> str:
    for line in _lines(_CPUINFO):
        if line.startswith(key):
            return line.partition(":")[2].strip()
    return ""


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    text = "".join(_lines(path)).strip()
    return int(text) if text.isdecimal() else None  # "max" where there is no limit
