"""Risk: pickles, which run whatever code their author put in when they are loaded.

Comes in: an artifact. Goes out: findings about every pickle, under any name, in any archive. Each
is read three times, by the project's own walk over its opcodes and by two published scanners, and
the worst answer counts. None is ever loaded. What was left on the Hub is told by its name.

What is a finding above `info`: a call that a scanner knows to run code; an import that is not one
of plain data (`plain_imports`), known or not; anything that could not be read to its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from inspector.records import Artifact, ArtifactKind, Finding, Severity
from inspector.scan import opcodes
from inspector.scan.archives import LIMIT, TAMPERED, UNREADABLE, Member, Walk
from inspector.scan.pickle_opinions import ask
from inspector.scan.plain_imports import PLAIN
from inspector.scan.rule import Rule

WEIGHTS = Rule(
    "PICKLE-WEIGHTS",
    Severity.CRITICAL,
    "The weights are a pickle",
    "Do not load them; ask the author for safetensors.",
)
CODE = Rule(
    "PICKLE-CODE",
    Severity.CRITICAL,
    "A pickle that runs code when it is loaded",
    "Do not load anything from this source, and report it to where you got it.",
)
DISGUISED = Rule(
    "PICKLE-DISGUISED",
    Severity.CRITICAL,
    "A pickle under a harmless file name",
    "Do not load anything from this source: there is no good reason to rename a pickle.",
)
SUSPICIOUS = Rule(
    "PICKLE-SUSPICIOUS",
    Severity.HIGH,
    "A pickle that imports or does more than plain data needs",
    "Do not load it: nobody has shown that this code is harmless. Ask for safetensors.",
)
UNFINISHED = Rule(
    "PICKLE-UNREADABLE",
    Severity.HIGH,
    "A pickle that could not be read to its end",
    "Do not load it: a loader runs what comes before the damage.",
)
PRESENT = Rule(
    "PICKLE-PRESENT",
    Severity.HIGH,
    "A pickle lies beside the weights on the Hub, and was not looked at",
    "The inspector does not fetch it; other programs may prefer it over safetensors.",
)
PLAIN_DATA = Rule(
    "PICKLE-DATA",
    Severity.INFO,
    "A pickle of plain data",
    "The inspector does not load it; its imports are those of containers, arrays and tensors.",
)

SUFFIXES = (
    *(".bin", ".pt", ".pth", ".pt2", ".ckpt", ".pkl", ".pickle", ".joblib", ".dill"),
    *(".nemo", ".mar"),  # archives that hold pickles
)
# Where nobody is surprised to find a pickle, or an archive.
HONEST = (
    *SUFFIXES,
    *(".p", ".pk", ".cloudpickle", ".th", ".tar", ".zip", ".npy", ".npz", ".dat", ".data"),
    *(".gz", ".tgz", ".bz2", ".xz", ".lzma", ".z", ".7z", ".rar", ".zst", ".lz4"),
)
# A .bin is often no pickle (OpenVINO, raw arrays): these are the names that loaders unpickle.
LOADED_BIN = re.compile(
    r"(.*(pytorch|adapter|flax|diffusion)_?model.*|training_args|optimizer|scheduler|rng.*"
    r"|random_states.*|scaler|consolidated.*)\.bin"
)
LOADED = {
    ArtifactKind.MODEL: re.compile(r"model(-\d+-of-\d+)?\.safetensors"),
    ArtifactKind.ADAPTER: re.compile(r"adapter_model\.safetensors"),
}
MAX_ASKED_BYTES = 64 * 2**20  # the two scanners take a pickle as bytes in memory
MAX_SHOWN = 4  # imports and remarks in one finding


class Pickles:
    """Pickles in the folder, and the names of pickles that the Hub repo holds."""

    rules = (
        *(WEIGHTS, CODE, DISGUISED, SUSPICIOUS, UNFINISHED, PRESENT, PLAIN_DATA),
        *(LIMIT, UNREADABLE, TAMPERED),
    )

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        loaded = LOADED[artifact.kind]
        has_others = artifact.gguf_file is not None or any(
            loaded.fullmatch(f.path) for f in artifact.files
        )
        for file in artifact.files:
            name = file.path.lower()
            if name.endswith(SUFFIXES) and not has_others:
                yield WEIGHTS.found(file.path, "no safetensors weights beside it")
            with (Path(artifact.folder) / file.path).open("rb") as stream:
                for found in Walk(_is_wanted).members(file.path, stream, file.size_bytes):
                    if isinstance(found, Finding):
                        yield found
                    elif _is_pickle(found):
                        if not name.endswith(HONEST):
                            yield DISGUISED.found(found.location, "its content is a pickle")
                        yield from _judge(found)
        for path in artifact.skipped:
            if path.lower().endswith(SUFFIXES):
                yield PRESENT.found(path, "left on the Hub, told by its name")


def _is_named(location: str) -> bool:
    """Whether a loader would unpickle a file of this name, whatever is in it."""
    name = re.split(r"[/!]", location.lower())[-1]
    if name.endswith(".bin"):
        return LOADED_BIN.fullmatch(name) is not None
    return name.endswith(SUFFIXES)


def _is_wanted(location: str, head: bytes, size_bytes: int) -> bool:
    """Whether a packed file is to be read whole: it is a pickle, or may turn out to be one."""
    return _is_named(location) or opcodes.looks_like_pickle(head, size_bytes) is not False


def _is_pickle(member: Member) -> bool:
    if member.must_be_read or (_is_named(member.location) and not member.is_container):
        return True
    member.file.seek(0)
    head = member.file.read(opcodes.N_HEAD)
    looks = opcodes.looks_like_pickle(head, member.size_bytes)
    if looks is None:  # an argument longer than the head comes first
        return opcodes.read(member.file, member.size_bytes).is_pickle
    return looks


def _judge(member: Member) -> Iterator[Finding]:
    """Findings about one pickle; each names what was seen, and by whom."""
    reading = opcodes.read(member.file, member.size_bytes)
    imports = [str(i) for i in reading.imports if i not in PLAIN]
    dangers: list[str] = []
    doubts = [f"imports {i}" for i in imports] + reading.oddities
    problems = [] if reading.problem is None else [reading.problem]
    if reading.end > MAX_ASKED_BYTES:
        problems.append(f"{reading.end:,} bytes; at most {MAX_ASKED_BYTES:,} are read")
    else:
        member.file.seek(0)
        for opinion in ask(member.file.read(reading.end), PLAIN):
            dangers += [f"{what} [{opinion.scanner}]" for what in opinion.dangerous]
            doubts += [f"{what} [{opinion.scanner}]" for what in opinion.doubts]
            if opinion.problem is not None:
                problems.append(f"{opinion.problem} [{opinion.scanner}]")
    if dangers:
        yield CODE.found(member.location, _listed(dangers))
    if problems:
        yield UNFINISHED.found(member.location, _listed(problems))
    if doubts and not dangers:
        yield SUSPICIOUS.found(member.location, _listed(doubts))
    if not dangers and not problems and not doubts:
        seen = ", ".join(map(str, reading.imports[:MAX_SHOWN])) or "nothing"
        more = len(reading.imports) - MAX_SHOWN
        yield PLAIN_DATA.found(
            member.location,
            f"{reading.n_opcodes:,} opcodes; imports {seen}" + (f" and {more} more" * (more > 0)),
        )


def _listed(remarks: list[str]) -> str:
    more = len(remarks) - MAX_SHOWN
    return "; ".join(remarks[:MAX_SHOWN]) + (f"; and {more} more" if more > 0 else "")
