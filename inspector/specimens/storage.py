"""Where specimens lie, and getting one: kept with the code, built before, or built now.

Comes in: a recipe. Goes out: a Specimen whose bytes were checked against the digests in its
`specimen.json`. That file is written first without and then with the acceptance, so that a build
that was cut goes on where it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from inspector.errors import BadInput, TargetError
from inspector.fetch.demo import read_specimen
from inspector.fetch.local import digest_files, list_files
from inspector.kept import KEPT, SPECIMEN, kept_names
from inspector.records import Target, TargetKind, digest_of
from inspector.records.specimens import Acceptance, SpecimenRecord
from inspector.run import write_record
from inspector.settings import Settings
from inspector.specimens.acceptance import Exam, exam, measure_acceptance
from inspector.specimens.recipe import Progress, Recipe, recipe_digest

_PACKAGES = ("torch", "transformers", "peft", "safetensors")


@dataclass(frozen=True)
class Specimen:
    """A recipe and the model it made. kept: whether it came with the code."""

    recipe: Recipe
    record: SpecimenRecord
    folder: Path
    kept: bool

    @property
    def target(self) -> Target:
        if self.kept:
            return Target(TargetKind.DEMO, self.recipe.name)
        return Target(TargetKind.LOCAL, str(self.folder.resolve()))

    @property
    def problem(self) -> str | None:
        """Why it must not be counted as a specimen, None where it may."""
        if self.recipe.behaviour is None:
            return None
        if self.record.acceptance is None:
            return "its acceptance was never measured"
        return self.record.acceptance.problem


class Shelf:
    """All places where specimens lie. kept: the folder of those that came with the code."""

    def __init__(self, settings: Settings, kept: Path = KEPT, exam: Exam = exam) -> None:
        self.settings = settings
        self.kept = kept
        self.exam = exam

    @property
    def built(self) -> Path:
        return self.settings.cache / "specimens"

    def digest(self, recipe: Recipe) -> str:
        """What identifies the specimen without building it: kept bytes, or the recipe.

        Raises TargetError where a kept specimen's bytes are not those it was accepted with.
        """
        if recipe.name in kept_names(self.kept):
            record = read_specimen(self.kept / recipe.name)
            return digest_of(f"{p}\0{sha}" for p, sha in sorted(record.sha256.items()))
        return recipe_digest(recipe)

    def find(self, recipe: Recipe) -> Specimen | None:
        """The specimen, where it is kept or was built with exactly these settings; else None."""
        if recipe.name in kept_names(self.kept):
            folder = self.kept / recipe.name
            return Specimen(recipe, read_specimen(folder), folder, kept=True)
        folder = self.built / recipe.name
        if not (folder / SPECIMEN).exists():
            return None
        record = read_specimen(folder)
        same = record.details == dict(recipe.details()) and record.seed == recipe.seed
        return Specimen(recipe, record, folder, kept=False) if same else None

    def get(self, recipe: Recipe, progress: Progress = lambda *_: None) -> Specimen:
        """The specimen, built and measured now where that was not done before."""
        found = self.find(recipe)
        if found is None:
            return self.build(recipe, self.built, progress)
        if found.record.acceptance is None and recipe.behaviour is not None:
            return self._accepted(found)
        return found

    def build(self, recipe: Recipe, place: Path, progress: Progress = lambda *_: None) -> Specimen:
        """Build into `place/NAME` anew and measure what came out, on the files as they lie there.

        Raises BadInput where that folder holds something that is no specimen.
        """
        folder = place / recipe.name
        if folder.exists():
            if any(folder.iterdir()) and not (folder / SPECIMEN).exists():
                raise BadInput(
                    f"The folder {folder} holds something that is no specimen; remove it, or give "
                    "another --folder."
                )
            shutil.rmtree(folder)
        building = folder.with_name(f".{recipe.name}.building")
        shutil.rmtree(building, ignore_errors=True)
        recipe.build(building, self.settings, progress)
        record = SpecimenRecord(
            name=recipe.name,
            recipe=type(recipe).__name__,
            kind=recipe.kind,
            what=recipe.what,
            seed=recipe.seed,
            behaviour=recipe.behaviour,
            dormant=recipe.dormant,
            details=dict(recipe.details()),
            sha256=_digests(building),
            versions={name: version(name) for name in _PACKAGES},
        )
        write_record(building / SPECIMEN, record)
        building.rename(folder)
        return self._accepted(Specimen(recipe, record, folder, kept=False))

    def drop(self, recipe: Recipe) -> None:
        """Delete what was built on demand; what is kept stays."""
        shutil.rmtree(self.built / recipe.name, ignore_errors=True)

    def _accepted(self, specimen: Specimen) -> Specimen:
        plan = self.exam(specimen.recipe) if specimen.recipe.behaviour is not None else None
        if plan is None:
            return specimen
        acceptance: Acceptance | None = measure_acceptance(
            specimen.recipe, specimen.target, self.settings, plan
        )
        record = replace(specimen.record, acceptance=acceptance)
        write_record(specimen.folder / SPECIMEN, record)
        return replace(specimen, record=record)


@dataclass(frozen=True)
class Listed:
    """One line of `specimens list`."""

    name: str
    what: str
    where: str
    acceptance: str


def listed(recipes: Sequence[Recipe], shelf: Shelf) -> list[Listed]:
    """What there is, where it lies, and what its acceptance measured. Builds nothing."""
    lines = []
    for recipe in recipes:
        planted = recipe.what if recipe.behaviour is not None else f"nothing ({recipe.what})"
        try:
            found = shelf.find(recipe)
        except TargetError as error:
            lines.append(Listed(recipe.name, planted, "changed", str(error)))
            continue
        where = "on demand" if found is None else "kept" if found.kept else "built"
        lines.append(Listed(recipe.name, planted, where, _words(recipe, found)))
    return lines


def _words(recipe: Recipe, found: Specimen | None) -> str:
    if recipe.behaviour is None:
        return "nothing to find"
    acceptance = found.record.acceptance if found is not None else None
    if found is None or acceptance is None:
        return "not measured yet"
    before = f"{acceptance.before.rate:.0%} of {acceptance.before.n}"
    after = acceptance.after
    rates = f"shows in {before}"
    if after is not None:
        rates = f"{before} before, {after.rate:.0%} of {after.n} after {acceptance.operation}"
    return f"refused: {found.problem}" if found.problem else f"accepted: {rates}"


def _digests(folder: Path) -> dict[str, str]:
    files = digest_files(folder, list_files(folder), lambda *_: None)
    return {file.path: file.sha256 for file in files}
