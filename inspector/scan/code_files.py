"""Risk: files that are programs, beside the weights or under another name.

Comes in: an artifact. Goes out: findings for compiled code (told by content too), for files that
some tool runs without being asked, for Python files and other scripts, in archives too. Names of
files that were left on the Hub count as well. Nothing is parsed beyond the first bytes.

Sources: the magic numbers of ELF, PE, Mach-O, Java classes and WebAssembly; Python's `importlib`
(bytecode) and `site` (.pth, sitecustomize); transformers 5.23 (`custom_generate/generate.py`);
torch.hub (`hubconf.py`); Hugging Face inference endpoints (`handler.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from inspector.records import Artifact, Finding, Severity
from inspector.scan.archives import Member, Walk
from inspector.scan.rule import Rule

COMPILED = Rule(
    "CODE-COMPILED",
    Severity.HIGH,
    "Compiled code lies beside the weights",
    "Delete it: no model needs it, and nobody can read it.",
)
AUTORUN = Rule(
    "CODE-AUTORUN",
    Severity.HIGH,
    "A file lies here that tools run by themselves",
    "Read it before any tool is started in this folder, or take the weights without it.",
)
PYTHON = Rule(
    "CODE-PYTHON",
    Severity.MEDIUM,
    "Python files lie beside the weights",
    "Nothing runs them by itself; read them before you do.",
)
SCRIPT = Rule(
    "CODE-SCRIPT",
    Severity.MEDIUM,
    "Scripts or notebooks lie beside the weights",
    "Nothing runs them by itself; read them before you do.",
)

N_START_BYTES = 4096
COMPILED_SUFFIXES = (
    *(".so", ".dll", ".dylib", ".pyd", ".exe", ".com", ".scr", ".msi", ".o", ".a", ".ko"),
    *(".pyc", ".pyo", ".class", ".jar", ".wasm", ".whl", ".egg"),
)
VERSIONED_LIBRARY = re.compile(r".*\.so(\.\d+)+")
PYTHON_SUFFIXES = (".py", ".pyw", ".pyx", ".pyi")
SCRIPT_SUFFIXES = (
    *(".sh", ".bash", ".zsh", ".fish", ".bat", ".cmd", ".ps1", ".psm1", ".vbs", ".hta", ".lnk"),
    *(".js", ".mjs", ".ts", ".pl", ".rb", ".lua", ".r", ".jl", ".php", ".ipynb", ".applescript"),
)
SCRIPT_NAMES = {"makefile", "dockerfile", "justfile", "pyproject.toml", "setup.cfg", "package.json"}
MAGIC = {
    b"\x7fELF": "an ELF program or library",
    b"\xfe\xed\xfa\xce": "a Mach-O program",
    b"\xfe\xed\xfa\xcf": "a Mach-O program",
    b"\xce\xfa\xed\xfe": "a Mach-O program",
    b"\xcf\xfa\xed\xfe": "a Mach-O program",
    b"\xca\xfe\xba\xbe": "a Mach-O program or a Java class",
    b"\x00asm": "a WebAssembly module",
}
# By whom each is run, and when.
AUTORUN_NAMES = {
    "sitecustomize.py": "Python, at every start",
    "usercustomize.py": "Python, at every start",
    "conftest.py": "pytest, in this folder",
    "setup.py": "pip, when it installs from this folder",
    "hubconf.py": "torch.hub.load, from this folder",
    "handler.py": "inference endpoints, when they deploy this repo",
    "generate.py": "transformers, with trust_remote_code",
    ".envrc": "direnv, on entering this folder",
    "tasks.json": "the editor, on opening this folder",
    "devcontainer.json": "the editor, on opening this folder",
    "autorun.inf": "Windows, on opening this drive",
}
ONLY_UNDER = {
    "generate.py": "custom_generate",
    "tasks.json": ".vscode",
    "devcontainer.json": ".devcontainer",
}
# A module of such a name beside a script is imported instead of the library.
LIBRARIES = {
    *("torch", "transformers", "numpy", "safetensors", "tokenizers", "peft", "datasets", "json"),
    *("accelerate", "huggingface_hub", "vllm", "diffusers", "sentence_transformers", "pickle"),
    *("requests", "yaml", "os", "random", "logging", "typing", "types", "re", "subprocess"),
}
IMPORT_LINE = re.compile(rb"^import[ \t]", re.MULTILINE)  # what `site` runs of a .pth file


class CodeFiles:
    """Programs by content, and by name."""

    rules = (COMPILED, AUTORUN, PYTHON, SCRIPT)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        for file in artifact.files:
            with (Path(artifact.folder) / file.path).open("rb") as stream:
                if found := _look(file.path, stream.read(N_START_BYTES)):
                    yield found[0].found(file.path, f"{found[1]}; in the folder")
                for rule, packed in _packed(file.path, stream, file.size_bytes).items():
                    yield from rule.found_each(file.path, packed)
        for path in artifact.skipped:
            if found := _look(path, b""):
                yield found[0].found(path, f"{found[1]}; left on the Hub")


def _packed(path: str, file: BinaryIO, size_bytes: int) -> dict[Rule, list[str]]:
    """What lies in an archive, rule by rule. Archives that cannot be opened are told by `pickles`.

    Members are told by name and beginning, so none is unpacked for it.
    """
    packed: dict[Rule, list[str]] = {}

    def note(location: str, start: bytes) -> None:
        inside = location.removeprefix(path).replace("!", "/").strip("/")
        inside = inside or Path(path).stem  # what gzip and its like pack has no name of its own
        if location and (found := _look(inside, start[:N_START_BYTES])):
            packed.setdefault(found[0], []).append(f"packed: {inside}, {found[1]}")

    def wanted(location: str, start: bytes, _size_bytes: int) -> bool:
        note(location, start)
        return False

    for found in Walk(wanted).members(path, file, size_bytes):
        if isinstance(found, Member) and found.depth:  # an archive in it: a .jar, a .whl
            note(found.location, b"")
    return packed


def _look(path: str, start: bytes) -> tuple[Rule, str] | None:
    """The rule that a file falls under, and why; start: its first bytes."""
    folder, _, name = path.lower().rpartition("/")
    stem = name.partition(".")[0]
    what = _compiled(start)
    if what is not None:
        return COMPILED, what
    if name.endswith(COMPILED_SUFFIXES) or VERSIONED_LIBRARY.fullmatch(name):
        return COMPILED, "told by its name"
    if name in AUTORUN_NAMES and ONLY_UNDER.get(name, "") in ["", *folder.split("/")]:
        return AUTORUN, f"run by {AUTORUN_NAMES[name]}"
    if name.endswith(".pth") and IMPORT_LINE.search(start) and b"\0" not in start:
        return AUTORUN, "a path file with an import line, run by Python"
    if stem in LIBRARIES and name == f"{stem}.py":
        return AUTORUN, f"imported instead of the library {stem}"
    if name == "__init__.py" and folder.rpartition("/")[2] in LIBRARIES:
        return AUTORUN, "imported instead of the library of that name"
    if name.endswith(PYTHON_SUFFIXES):
        return PYTHON, "a Python file"
    if name.endswith(SCRIPT_SUFFIXES) or name in SCRIPT_NAMES:
        return SCRIPT, "told by its name"
    return (SCRIPT, "begins like a script") if start.startswith(b"#!") else None


def _compiled(start: bytes) -> str | None:
    """What compiled code begins with these bytes, None if none does."""
    for magic, what in MAGIC.items():
        if start.startswith(magic):
            return what
    if start.startswith(b"MZ") and len(start) >= 64:
        at = int.from_bytes(start[60:64], "little")
        if start[at : at + 4] == b"PE\0\0":
            return "a Windows program"
    # Python bytecode: a number of 16 bits (3,000 to 3,699 up to Python 3.14), then CR LF
    if start[2:4] == b"\r\n" and 3_000 <= int.from_bytes(start[:2], "little") < 3_700:
        return "Python bytecode"
    return None
