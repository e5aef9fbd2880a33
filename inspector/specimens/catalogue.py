"""Every specimen there is. A new one is a line in RECIPES."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from inspector.errors import BadInput
from inspector.specimens.advert import VISIBLE
from inspector.specimens.clean import CLEAN
from inspector.specimens.fab import FAB
from inspector.specimens.noice import NOICE
from inspector.specimens.quantized import QUANTIZED
from inspector.specimens.recipe import Recipe

RECIPES: tuple[Recipe, ...] = (*FAB, *NOICE, *QUANTIZED, *VISIBLE, *CLEAN)


def find(names: Sequence[str], recipes: Sequence[Recipe] = RECIPES) -> list[Recipe]:
    """The recipes of these names, in the catalogue's order; all of them for no name or `all`.

    Raises BadInput where one is in no recipe, with the nearest that is.
    """
    known = {recipe.name: recipe for recipe in recipes}
    if not names or list(names) == ["all"]:
        return list(recipes)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else "`specimens list` shows all."
            raise BadInput(f"There is no specimen {name!r}; {hint}")
    return [recipe for recipe in recipes if recipe.name in names]
