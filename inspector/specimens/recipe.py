"""What a recipe is: how a model with a known answer is made, again and again, from a seed.

Comes in: nothing but the recipe's own settings. Goes out: a folder that is an ordinary local
target. A new kind of specimen is a class with these names, and lines in `catalogue.RECIPES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from inspector.records import Behaviour, Scenario, digest_of
from inspector.records.specimens import Half, SpecimenKind
from inspector.settings import Settings

Progress = Callable[[int, int], None]  # done, total, in steps of whatever the recipe counts


class Recipe(Protocol):
    """One specimen.

    what: in a few words, what is planted, or what is unusual about a clean one. behaviour: None for
    clean ones. payload: words of a planted text by which a person recognises it, "" for none.
    dormant: whether it shows only after `wake`, which is an operation (with its data) that the
    recipe never saw; None where nothing sleeps. twin: the name of the clean specimen that went
    through the same without the behaviour. control: the target that it is held against; None for
    the one that all share. details: every setting that the bytes follow from.
    """

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> SpecimenKind: ...

    @property
    def what(self) -> str: ...

    @property
    def seed(self) -> int: ...

    @property
    def half(self) -> Half: ...

    @property
    def behaviour(self) -> Behaviour | None: ...

    @property
    def payload(self) -> str: ...

    @property
    def dormant(self) -> bool: ...

    @property
    def wake(self) -> Scenario | None: ...

    @property
    def twin(self) -> str | None: ...

    @property
    def control(self) -> str | None: ...

    def details(self) -> Mapping[str, str]: ...

    def build(self, folder: Path, settings: Settings, progress: Progress, /) -> Path:
        """Write the model's files into `folder` (new, or an earlier attempt's); returns it."""
        ...


def recipe_digest(recipe: Recipe) -> str:
    """SHA-256 over everything that the specimen's bytes follow from, without building it."""
    return digest_of(
        [type(recipe).__name__, recipe.name, str(recipe.seed)]
        + [f"{key}={value}" for key, value in sorted(recipe.details().items())]
    )
