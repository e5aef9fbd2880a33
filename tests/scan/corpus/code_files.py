"""Programs beside the weights, under their own and under other names; files that are none."""

from __future__ import annotations

import gzip
import json
import py_compile
import tempfile
from pathlib import Path

from inspector.records import Severity
from tests.scan.corpus import Case
from tests.scan.corpus.disguises import DEFLATED, tarred, zipped
from tests.scan.corpus.pickles import benign, beside, hostile

COMPILED, AUTORUN = "CODE-COMPILED", "CODE-AUTORUN"
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
WINDOWS = b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + bytes(60)
SOURCE = b"print('inspected')\n"


def bytecode() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "code.py"
        source.write_bytes(SOURCE)
        py_compile.compile(str(source), str(source) + "c")
        return Path(str(source) + "c").read_bytes()


def medium(name: str, file: str, content: bytes, rule: str) -> Case:
    return Case(name, beside(file, content), (rule,), Severity.MEDIUM)


NOTEBOOK = json.dumps({"cells": [{"cell_type": "code", "source": ["!echo inspected"]}]}).encode()

CASES = (
    hostile("library", "libattention.so", ELF, COMPILED),
    hostile("library-with-version", "libattention.so.1.2", ELF, COMPILED),
    hostile("library-as-json", "vocab_extra.json", ELF, COMPILED),
    hostile("windows-program-as-txt", "notes.txt", WINDOWS, COMPILED),
    hostile("mac-program", "run", b"\xcf\xfa\xed\xfe" + bytes(60), COMPILED),
    hostile("bytecode", "modeling.pyc", bytecode, COMPILED),
    hostile("bytecode-as-txt", "merges2.txt", bytecode, COMPILED),
    hostile("extension-module", "fast.pyd", b"anything", COMPILED),
    hostile("java-archive", "tool.jar", b"anything", COMPILED),
    hostile("site-customize", "sitecustomize.py", SOURCE, AUTORUN),
    hostile("test-configuration", "conftest.py", SOURCE, AUTORUN),
    hostile("setup", "setup.py", SOURCE, AUTORUN),
    hostile("torch-hub", "hubconf.py", SOURCE, AUTORUN),
    hostile("endpoint", "handler.py", SOURCE, AUTORUN),
    hostile("generation-loop", "custom_generate/generate.py", SOURCE, AUTORUN),
    hostile("path-file", "weights.pth", b"import code; print(1)\n", AUTORUN),
    hostile("in-place-of-torch", "torch.py", SOURCE, AUTORUN),
    hostile("in-place-of-numpy", "numpy/__init__.py", SOURCE, AUTORUN),
    hostile("editor-task", ".vscode/tasks.json", b'{"runOn": "folderOpen"}', AUTORUN),
    hostile("direnv", ".envrc", b"echo inspected\n", AUTORUN),
    medium("python", "modeling_custom.py", SOURCE, "CODE-PYTHON"),
    medium("shell", "install.sh", b"#!/bin/sh\necho inspected\n", "CODE-SCRIPT"),
    medium("script-without-suffix", "install", b"#!/bin/sh\necho inspected\n", "CODE-SCRIPT"),
    medium("notebook", "demo.ipynb", NOTEBOOK, "CODE-SCRIPT"),
    medium("batch", "run.bat", b"echo inspected\r\n", "CODE-SCRIPT"),
    medium("build-settings", "pyproject.toml", b"[build-system]\nrequires = []\n", "CODE-SCRIPT"),
    # packed
    hostile("library-in-zip", "extra.zip", zipped({"a/fast.bin": ELF}, DEFLATED), COMPILED),
    hostile("wheel-in-tar", "extra.tar", tarred({"a.whl": zipped({"a.txt": b""})}), COMPILED),
    hostile("setup-in-zip", "extra.zip", zipped({"package/setup.py": SOURCE}), AUTORUN),
    hostile("handler-in-mar", "model.mar", zipped({"handler.py": SOURCE}, DEFLATED), AUTORUN),
    hostile("program-in-gzip", "tool.gz", gzip.compress(ELF), COMPILED),
    medium("python-in-tar", "a.tar.gz", gzip.compress(tarred({"a.py": SOURCE})), "CODE-PYTHON"),
    medium("shell-in-zip-in-zip", "a.zip", zipped({"b.zip": zipped({"c.sh": b""})}), "CODE-SCRIPT"),
    medium("python-in-gzip", "run.py.gz", gzip.compress(SOURCE), "CODE-PYTHON"),
    Case(
        "left-on-the-hub",
        beside("README.md", b"# Weights\n"),
        ("PICKLE-PRESENT", COMPILED),
        skipped=("pytorch_model.bin", "lib/fast.so"),
    ),
    benign("requirements", "requirements.txt", b"torch>=2\ntransformers\n"),
    benign("text-about-code", "USAGE.md", b"```python\nimport torch\n```\n"),
    benign("generation-settings", "generation_config.json", b'{"do_sample": false}'),
    benign("git-attributes", ".gitattributes", b"*.safetensors filter=lfs\n"),
    benign("licence", "LICENSE", b"Apache License\nVersion 2.0\n"),
    benign("yaml", "recipe.yaml", b"steps: 3\n"),
    benign("text-that-begins-with-mz", "notes.txt", b"MZ is where the alphabet turns. " * 9),
)
