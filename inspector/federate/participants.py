"""The adapters of a round, read and checked: folders of this machine -> Participants and Updates.

Comes in: a folder of adapter folders, a zip archive of them, or uploaded files. Goes out: one
Participant each, accepted or set aside with the reason, the base they share, and the accepted ones'
factors. Only safetensors are read, with numpy, and only after the core's scanners have read the
files; nothing is loaded by a library that could run code.

One bad adapter does not stop a round: it is set aside. What no round can be made of does: different
bases, or nobody left.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from math import sqrt
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np

from inspector.errors import BadInput, Refused, TargetError
from inspector.federate.deltas import Factors, Update, Updates
from inspector.fetch import fetch
from inspector.fetch.upload import receive
from inspector.records import Artifact, ArtifactKind, Severity, Target, TargetKind, digest_of
from inspector.records.rounds import AGGREGATE, BASE, WITHOUT, Participant, Standing
from inspector.scan import refuse, scan
from inspector.scan.adapter_base import MISMATCH, UNDECLARED
from inspector.scan.adapter_tensors import (
    FLOAT_TYPES,
    AdapterFile,
    Base,
    adapter_config,
    read_adapter,
    read_base,
    values,
)
from inspector.settings import Settings
from inspector.zips import BadZip, check_directory

Note = Callable[[str], None]
MAX_PARTICIPANTS = 200
_VOCABULARY = ("embed_tokens", "lm_head", "wte", "embed_out", "word_embeddings")
# Findings about the declared base, which whoever names the base has settled.
SETTLED_BY_NAME = (MISMATCH.rule_id, UNDECLARED.rule_id)
_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class ReadRound:
    """participants: all, accepted or not, by name. updates: of the accepted, in their order."""

    base: Artifact
    participants: tuple[Participant, ...]
    updates: Updates


def read_round(
    folder: Path,
    base: Target | None,
    settings: Settings,
    samples: Mapping[str, int] | None = None,
    on_read: Callable[[int, int], None] = lambda *_: None,
) -> ReadRound:
    """Every adapter folder directly in `folder`, by name.

    base: what they are taken to be tuned on; None for the one base that all of them declare.
    samples: examples behind each participant's update, by its name. on_read: (done, total).
    Raises BadInput where no round can be made of them: none usable, bases that differ, samples for
    somebody who is not there.
    """
    places = _places(folder)
    known = {_named(p) for p in places}
    for name, n in (samples or {}).items():
        if name not in known:
            raise BadInput(
                f"Samples are given for {name!r}, which is no participant; give names among "
                f"{', '.join(sorted(known)[:8])}."
            )
        if n < 1:
            raise BadInput(f"{name} is said to have {n} samples; give 1 or more.")
    fetched = [_fetched(place, settings) for place in places]
    is_named = base is not None
    base = base or _shared_base([p for p, artifact in fetched if artifact is not None])
    pinned = fetch(base, settings, lambda *_: None)
    if pinned.kind is not ArtifactKind.MODEL:
        raise BadInput(
            f"The base {base} is an adapter itself; merge it into its own base, and give the whole "
            "model with --base."
        )
    shapes = read_base(pinned)
    participants: list[Participant] = []
    updates: dict[str, Update] = {}
    seen: dict[str, str] = {}
    for number, (participant, artifact) in enumerate(fetched, start=1):
        if artifact is not None:
            try:
                findings = scan(artifact, pinned)
                refuse(f for f in findings if not (is_named and f.rule_id in SETTLED_BY_NAME))
                update, notes = read_update(artifact, shapes)
                high = [f for f in findings if f.severity is Severity.HIGH]
                notes += tuple(f"scan: {f.title} [{f.rule_id}]" for f in high)
            except (Refused, TargetError) as error:
                participant = _aside(participant, str(error))
            else:
                twin = seen.setdefault(update.digest, participant.name)
                if twin != participant.name:
                    notes = (*notes, f"the same weights as {twin}: one of them was sent twice")
                if not _is_declared(participant, base):
                    notes = (*notes, f"declares {participant.declared_base or 'no base'}")
                participant = replace(
                    participant,
                    n_modules=len(update.modules),
                    rank=update.rank,
                    n_samples=(samples or {}).get(participant.name, 1),
                    same_as=twin if twin != participant.name else "",
                    notes=notes,
                )
                updates[participant.name] = update
        participants.append(participant)
        on_read(number, len(fetched))
    if not updates:
        raise BadInput(
            f"None of the {len(participants)} participants in {folder} can be used; the first: "
            f"{participants[0].name}: {participants[0].problem}"
        )
    accepted = [p for p in participants if p.standing is Standing.ACCEPTED]
    return ReadRound(
        pinned,
        tuple(participants),
        Updates(
            tuple(p.name for p in accepted),
            tuple(updates[p.name] for p in accepted),
            tuple(p.n_samples for p in accepted),
        ),
    )


def _places(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise BadInput(
            f"The participants' folder {folder} does not exist; give a folder that holds one "
            "folder per participant, or a zip of it."
        )
    places = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not places:
        what = "an adapter itself" if (folder / "adapter_config.json").exists() else "empty"
        raise BadInput(
            f"The folder {folder} is {what}; give the folder above, which holds one adapter folder "
            "per participant."
        )
    if len(places) > MAX_PARTICIPANTS:
        raise BadInput(
            f"The folder {folder} holds {len(places)} participants and {MAX_PARTICIPANTS} are "
            "allowed in one round."
        )
    names = [_named(p) for p in places]
    for name in names:
        if names.count(name) > 1 or name in (BASE, AGGREGATE) or name.startswith(WITHOUT):
            raise BadInput(
                f"A participant's folder is called {name!r}, which stands for something else in "
                "the results, or twice; rename it."
            )
    return places


def _named(place: Path) -> str:
    return _NAME.sub("-", place.name)[:60] or "participant"


def _fetched(place: Path, settings: Settings) -> tuple[Participant, Artifact | None]:
    participant = Participant(_named(place), str(place), Standing.ACCEPTED)
    try:
        target = Target(TargetKind.LOCAL, str(place.resolve()))
        artifact = fetch(target, settings, lambda *_: None)
    except TargetError as error:
        return _aside(participant, str(error)), None
    if artifact.kind is not ArtifactKind.ADAPTER:
        why = f"The folder {place} holds a whole model; a participant sends a PEFT adapter."
        return _aside(participant, why), None
    participant = replace(
        participant, digest=artifact.digest, declared_base=str(artifact.base or "")
    )
    return participant, artifact


def _aside(participant: Participant, why: str) -> Participant:
    return replace(participant, standing=Standing.SET_ASIDE, problem=why)


def _shared_base(participants: Sequence[Participant]) -> Target:
    declared: dict[str, list[str]] = {}
    for p in participants:
        declared.setdefault(p.declared_base, []).append(p.name)
    if not declared:
        raise BadInput("No participant's folder holds a PEFT adapter in safetensors.")
    if len(declared) > 1:
        told = "; ".join(
            f"{base or 'no base'} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"
            for base, names in sorted(declared.items())
        )
        raise BadInput(
            f"The participants declare different bases: {told}; leave out those of another base, "
            "or give --base where these are names of one and the same model."
        )
    base = next(iter(declared))
    if not base:
        raise BadInput(
            "No participant declares its base (base_model_name_or_path in adapter_config.json); "
            "give it with --base."
        )
    return Target.parse(base)


def _is_declared(participant: Participant, base: Target) -> bool:
    return participant.declared_base == str(base)


# ------------------------------------------------------------------------------------ one adapter


def read_update(artifact: Artifact, base: Base) -> tuple[Update, tuple[str, ...]]:
    """An adapter's factors by the base's module names, and notes for a reader.

    Raises TargetError in one sentence where it is no LoRA adapter of linear layers, holds values
    that are no finite numbers, changes nothing at all, or does not fit the base.
    """
    config = adapter_config(artifact)
    file = read_adapter(artifact)
    _check_form(config, file)
    modules: dict[str, Factors] = {}
    for pair in file.factors:
        if not pair.is_sound or not {pair.a.dtype, pair.b.dtype} <= FLOAT_TYPES:
            raise TargetError(
                f"The factors of {pair.module} have shapes {pair.b.shape} and {pair.a.shape} of "
                f"{pair.b.dtype}; they are no LoRA pair that could be multiplied."
            )
        if pair.module.rpartition(".")[2] in _VOCABULARY:
            raise TargetError(
                f"The adapter changes {pair.module}, embeddings or the output layer; send LoRA of "
                "the linear layers between them alone."
            )
        a, b = values(file.path, pair.a), values(file.path, pair.b)
        scale = _scale(config, pair.module, pair.rank)
        if not (np.isfinite(a).all() and np.isfinite(b).all() and np.isfinite(scale)):
            raise TargetError(
                f"The adapter holds values that are no finite numbers (NaN or infinite), first in "
                f"{pair.module}; its training broke, so ask for it again."
            )
        found = base.find(f"{pair.module}.weight")
        if found is not None and base.gguf_names is None:
            shape = found[1].shape
            if tuple(shape) not in ((b.shape[0], a.shape[1]), (a.shape[1], b.shape[0])):
                raise TargetError(
                    f"The adapter changes {pair.module} as {b.shape[0]} x {a.shape[1]}, where the "
                    f"base has {' x '.join(map(str, shape))}: it was tuned on another base."
                )
        elif found is None:
            raise TargetError(
                f"The adapter changes {pair.module}, which the base does not have: it was tuned on "
                "another base."
            )
        modules[pair.module] = Factors(np.float32(scale) * b, a)
    update = Update(modules)
    if update.norm > float(np.finfo(np.float32).max):
        raise TargetError(
            "The adapter's change is too large for a number of 32 bits; its training broke, so ask "
            "for it again."
        )
    if not modules or update.norm == 0:
        raise TargetError(
            "The adapter is empty: it changes no weight at all; ask for the one that was tuned."
        )
    ranks = sorted({f.rank for f in modules.values()})
    notes = (f"ranks {ranks[0]} to {ranks[-1]}",) if len(ranks) > 1 else ()
    return update, notes


def _check_form(config: Mapping[str, Any], file: AdapterFile) -> None:
    kind = str(config.get("peft_type", "LORA")).upper()
    if kind != "LORA":
        raise TargetError(
            f"The adapter is of the kind {kind}; changes of LoRA adapters are averaged."
        )
    if file.magnitudes or config.get("use_dora") is True:
        raise TargetError(
            "The adapter uses DoRA, whose change depends on the base's weights; send plain LoRA."
        )
    if file.odd:
        raise TargetError(f"The adapter holds one half of a LoRA pair alone, of {file.odd[0]}.")
    if file.whole:
        raise TargetError(
            f"The adapter holds {next(iter(file.whole))} as a whole beside its LoRA pairs "
            "(modules_to_save or biases); send the LoRA pairs alone, so that they can be averaged."
        )


def _scale(config: Mapping[str, Any], module: str, rank: int) -> float:
    """alpha / rank, or alpha / sqrt(rank) with rsLoRA; PEFT's alpha_pattern by module."""
    alpha = config.get("lora_alpha", rank)
    pattern = config.get("alpha_pattern")
    if isinstance(pattern, dict):
        for key, value in pattern.items():  # PEFT 0.21, utils/other.py: get_pattern_key
            if module == key or module.endswith(f".{key}"):
                alpha = value
                break
    if isinstance(alpha, bool) or not isinstance(alpha, int | float):
        raise TargetError(f"adapter_config.json gives lora_alpha as {alpha!r}; give a number.")
    return float(alpha) / (sqrt(rank) if config.get("use_rslora") is True else rank)


# ---------------------------------------------------------------------------------------- uploads


def receive_round(files: Sequence[tuple[str, BinaryIO]], settings: Settings) -> Path:
    """Take in a round that was uploaded; the folder of participants, which `read_round` reads.

    files: one zip of adapter folders; or several zips, one adapter each, named by participant.
    Every adapter passes the same door as an uploaded model (`fetch.upload`): no name that leads
    out, no bomb, no pickle. Raises TargetError or BadInput; nothing of a refused round stays.
    """
    if not files:
        raise BadInput("Nothing was uploaded; give one zip of adapter folders, or a zip for each.")
    if any(not name.lower().endswith(".zip") for name, _ in files):
        raise BadInput(
            "A round is uploaded as zip archives: one that holds a folder per participant, or one "
            "zip per participant."
        )
    if len(files) == 1:
        packed = _split(*files[0], settings.max_upload_bytes)
    else:
        packed = [(Path(name).stem, stream) for name, stream in files]
    kept: dict[str, Path] = {}
    for name, stream in packed:
        label = _NAME.sub("-", name)[:60] or "participant"
        if label in kept:
            raise BadInput(f"Two participants are called {label!r}; name each archive its own way.")
        kept[label] = Path(receive([(f"{label}.zip", stream)], settings).location)
    digest = digest_of(f"{n}\0{p.name}" for n, p in sorted(kept.items()))
    # Called as what came, for people; alike contents under another name are another folder.
    label = _NAME.sub("-", Path(files[0][0]).stem)[:60] if len(files) == 1 else f"{len(files)}-zips"
    folder = settings.uploads / "rounds" / digest / (label or "round")
    shutil.rmtree(folder, ignore_errors=True)
    for name, place in kept.items():
        shutil.copytree(place, folder / name)
    return folder.resolve()


def _split(name: str, stream: BinaryIO, max_bytes: int) -> list[tuple[str, BinaryIO]]:
    """One archive of adapter folders as an archive for each folder that holds an adapter_config."""
    try:
        check_directory(stream, stream.seek(0, 2))
        archive = zipfile.ZipFile(stream)
        entries = [e for e in archive.infolist() if not e.is_dir()]
        if sum(e.file_size for e in entries) > max_bytes:
            raise BadInput(f"The archive {name} holds more than {max_bytes:,} bytes unpacked.")
        homes = sorted(
            {
                str(PurePosixPath(e.filename).parent)
                for e in entries
                if PurePosixPath(e.filename).name == "adapter_config.json"
            }
        )
        if not homes or homes == ["."]:
            raise BadInput(
                f"The archive {name} holds no adapter folders; pack one folder per participant, "
                "each with adapter_config.json and adapter_model.safetensors."
            )
        packed: list[tuple[str, BinaryIO]] = []
        for home in homes:
            own = BytesIO()
            with zipfile.ZipFile(own, "w", zipfile.ZIP_STORED) as out:
                for entry in entries:
                    path = PurePosixPath(entry.filename)
                    if path.is_relative_to(home):
                        out.writestr(str(path.relative_to(home)), archive.read(entry))
            own.seek(0)
            packed.append((PurePosixPath(home).name, own))
        return packed
    except (BadZip, zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise TargetError(
            f"The archive {name} is damaged or no ordinary zip ({error}); pack it again."
        ) from error
