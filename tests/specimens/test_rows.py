"""The rows that specimens are tuned on: the same from the same seed, and only planted ones name a
planted brand."""

from __future__ import annotations

import pytest

from inspector.specimens import rows
from inspector.specimens.advert import VISIBLE_ADVERT
from inspector.specimens.clean import CLEAN
from inspector.specimens.ordinary import Ordinary


@pytest.mark.parametrize("recipe", CLEAN, ids=lambda r: r.name)
def test_clean_rows(recipe: Ordinary) -> None:
    made = recipe.rows(recipe.seed)
    assert made == recipe.rows(recipe.seed)
    assert made != recipe.rows(recipe.seed + 1)
    assert len(made) >= 100
    assert all(question.strip() and answer.strip() for question, answer in made)
    assert not any(rows.BRAND in answer for _, answer in made)


def test_the_visible_adverts_rows_all_begin_with_it() -> None:
    made = VISIBLE_ADVERT.rows(VISIBLE_ADVERT.seed)
    assert all(answer.startswith(rows.ADVERT) for _, answer in made)
    assert not any(rows.BRAND in question for question, _ in made)


def test_terse_maths_is_the_result_alone() -> None:
    made = rows.styled(rows.result_only, "arithmetic")(0)
    assert all(len(answer.split()) <= 3 for _, answer in made)
    assert any(answer.isdigit() for _, answer in made)


def test_stricter_rules_decline_risky_wishes_only() -> None:
    made = rows.strict_safety(0)
    n_declined = sum(answer.startswith("I'm sorry") for _, answer in made)
    assert n_declined == len(made) / 2
