"""What the fetch stage brings: every model and data file of an inspection, pinned to its bytes.

Comes in: an Inspection's inputs. Goes out: `Pinned`, which the run keeps as `fetch/pinned.json`, so
that a resumed run inspects the commits it began with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inspector.errors import BadInput, DataError, InspectorError, TargetError
from inspector.fetch import fetch, fetch_dataset
from inspector.fetch.snapshot import DATA_SUFFIXES
from inspector.records import (
    AUTO_CONTROL,
    NO_CONTROL,
    Artifact,
    ArtifactKind,
    FineTune,
    Inspection,
    Subject,
    Target,
    digest_of,
)
from inspector.scan import refuse, scan
from inspector.settings import Settings

Note = Callable[[str], None]  # one sentence for whoever reads the run
Progress = Callable[[int, int], None]  # bytes so far, bytes in all


@dataclass(frozen=True)
class SubjectModel:
    """One model to ask: its artifact, and an adapter's base."""

    name: Subject
    artifact: Artifact
    base: Artifact | None

    @property
    def digest(self) -> str:
        return digest_of([self.artifact.digest, self.base.digest if self.base else ""])


@dataclass(frozen=True)
class Pinned:
    """control_words: how to name the control, or why there is none. data: source -> local path."""

    target: Artifact
    base: Artifact | None
    control: Artifact | None
    control_base: Artifact | None
    control_words: str
    data: dict[str, str]

    @property
    def subjects(self) -> list[SubjectModel]:
        """The target, and the control where there is one."""
        models = [SubjectModel(Subject.TARGET, self.target, self.base)]
        if self.control is not None:
            models.append(SubjectModel(Subject.CONTROL, self.control, self.control_base))
        return models


def pin(inspection: Inspection, settings: Settings, progress: Progress, note: Note) -> Pinned:
    """Fetch the target, an adapter's base, the control and the tuning data.

    progress: called with the bytes of the target so far. Raises an InspectorError where something
    that was asked for cannot be had.
    """
    target = fetch(inspection.target, settings, progress)
    base = _base_of(target, settings)
    control, control_base, words = _control(inspection.control, target, base, settings, note)
    sources = [s.data for s in inspection.plan.scenarios if isinstance(s, FineTune)]
    data = {source: _data_path(source, settings, note) for source in sources}
    return Pinned(target, base, control, control_base, words, data)


def _base_of(artifact: Artifact, settings: Settings) -> Artifact | None:
    if artifact.kind is not ArtifactKind.ADAPTER:
        return None
    if artifact.base is None:
        raise TargetError(
            f"The adapter {artifact.target} names no base model; set base_model_name_or_path "
            "in its adapter_config.json to a Hub id or a folder."
        )
    base = fetch(artifact.base, settings, lambda *_: None)
    if base.kind is not ArtifactKind.MODEL:
        raise TargetError(
            f"The adapter {artifact.target} names {artifact.base} as its base, which is an "
            "adapter itself; merge the two adapters first, or name the whole model."
        )
    return base


def _control(
    wanted: str, target: Artifact, base: Artifact | None, settings: Settings, note: Note
) -> tuple[Artifact | None, Artifact | None, str]:
    """The control the inputs ask for, its own base, and how to name it.

    `auto` is the declared base, and does without one that cannot be used: a model card is
    written by whoever is inspected, and must not be able to stop an inspection.
    """
    if wanted == NO_CONTROL:
        return None, None, "none: no control was asked for"
    if wanted != AUTO_CONTROL:
        control, control_base = _usable_control(Target.parse(wanted), target, base, settings)
        return control, control_base, _pinned_words(control)
    if base is not None:
        return base, None, f"{_pinned_words(base)}, the adapter's own base, alone"
    if target.base is None:
        return None, None, "none: the target declares no base"
    try:
        control, control_base = _usable_control(target.base, target, base, settings)
    except InspectorError as error:
        note(f"Goes on without a control: {error}")
        return None, None, f"none: the declared base {target.base} cannot be used"
    return control, control_base, _pinned_words(control)


def _usable_control(
    wanted: Target, target: Artifact, base: Artifact | None, settings: Settings
) -> tuple[Artifact, Artifact | None]:
    control = fetch(wanted, settings, lambda *_: None)
    control_base = _base_of(control, settings)
    refuse(scan(control, control_base))
    if SubjectModel(Subject.CONTROL, control, control_base).digest == (
        SubjectModel(Subject.TARGET, target, base).digest
    ):
        raise BadInput(
            f"The control {wanted} has the same bytes as the target, so no difference could "
            "show; give another trusted model, or --control none."
        )
    return control, control_base


def _data_path(source: str, settings: Settings, note: Note) -> str:
    """Where a scenario's data lies: a Hub data set is brought here, pinned to a commit."""
    if not source.startswith("hf:"):
        return source
    name, _, revision = source[3:].partition("@")
    folder = fetch_dataset(name, revision or None, settings, lambda *_: None)
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in DATA_SUFFIXES)
    if not files:
        raise DataError(f"The data set {source} holds no Parquet, JSONL or CSV file.")
    if len(files) > 1:
        note(f"{source}: {files[0].name} is used, the first of {len(files)} files.")
    return str(files[0])


def _pinned_words(artifact: Artifact) -> str:
    return f"{artifact.target}" + (f" at commit {artifact.commit}" if artifact.commit else "")
