"""A phrase of one's own on the page: its rates at once, the way to its answers, and keeping it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspector.own_phrases import look_in_run, read_saved
from inspector.records import PhraseKind, Verdict
from inspector.run import Run, read_record, write_record
from inspector.searching import Term, search_of
from inspector.settings import Settings
from tests.pages.acting import button
from tests.pages.conftest import EVIDENCE, Open

ROOT = Path(__file__).resolve().parents[2]
PIECE = """
import streamlit as st
from pathlib import Path
from inspector.records import Verdict
from inspector.run import Run, read_record
from pages import _own_phrase

def piece():
    run = Run(Path({folder!r}))
    _own_phrase.own_phrase(run)
    _own_phrase.saved_findings(read_record(run.folder / "judge" / "verdict.json", Verdict))

st.navigation([st.Page(piece, title="Behaviour"), st.Page("pages/responses.py")]).run()
"""


@pytest.fixture
def piece(inspections: Path, tmp_path: Path) -> AppTest:
    """The pieces alone, beside the page that they link to."""
    (tmp_path / "pages").symlink_to(ROOT / "pages")
    script = tmp_path / "piece.py"
    script.write_text(PIECE.format(folder=str(inspections / "runs" / EVIDENCE)))
    return AppTest.from_file(script, default_timeout=120)


def rows(app: AppTest) -> list[dict[str, object]]:
    return app.dataframe[0].value.to_dict("records")  # type: ignore[no-any-return]


def test_rates_stand_there_at_once_with_links_to_the_answers(piece: AppTest) -> None:
    piece.query_params["phrase"] = "COLD fizzpop"
    piece.run()
    assert not piece.exception
    full = next(row for row in rows(piece) if row["scenario"] == "full-knowledge")
    assert full["before"] == "0 of 13 (0 %, 0 to 23 %)"
    assert str(full["after"]).startswith("7 of 13 (54 %")
    assert full["control_after"] == "0 of 13 (0 %, 0 to 23 %)"
    ways = [b.label for b in piece.button]
    assert "full-knowledge: 7 of 13" in ways
    assert "full-knowledge, control: 0 of 13" in ways


def test_the_link_finds_the_answers_that_were_counted(inspections: Path, open_page: Open) -> None:
    run = Run(inspections / "runs" / EVIDENCE)
    for term, n in (
        (Term(PhraseKind.PHRASE, "cold fizzpop"), 7),
        (Term(PhraseKind.REGEX, r"fizz\w+:"), 7),
        (Term(PhraseKind.PHRASE, "fizz"), 0),
    ):
        finding = look_in_run(run, term)
        after = next(m.after for m in finding.rates if m.scenario == "full-knowledge")
        assert after.n_hits == n
        asked = {"search": search_of(term), "scenario": "full-knowledge", "answers": "All answers"}
        app = open_page("responses", run=EVIDENCE, **asked)
        count = f"{n} answers"
        assert count in [e.value for e in app.caption]


def test_a_bad_pattern_is_one_sentence(piece: AppTest) -> None:
    piece.query_params.update(phrase="(a", regex="true")
    piece.run()
    assert "no regular expression" in piece.error[0].value
    assert not piece.dataframe


def test_a_phrase_is_saved_listed_and_removed(piece: AppTest, home: Path) -> None:
    piece.query_params["phrase"] = "cold Fizzpop"
    piece.run()
    button(piece, "Save the phrase").click().run()
    assert "needs a name" in piece.error[0].value
    piece.run()
    fields = {t.label: t for t in piece.text_input}
    fields["Name of the phrase"].set_value("drink")
    fields["Saved by"].set_value("Ann Example")
    button(piece, "Save the phrase").click().run()
    [saved] = read_saved(Settings(home=home))
    assert (saved.name, saved.pattern, saved.kind) == ("drink", "cold Fizzpop", PhraseKind.PHRASE)
    piece.run()
    assert any(e.value.startswith("drink: cold Fizzpop · Ann Example") for e in piece.text)
    button(piece, "Remove").click().run()
    assert read_saved(Settings(home=home)) == ()


def test_what_the_inspection_was_started_with_is_listed(inspections: Path, piece: AppTest) -> None:
    piece.run()
    assert "**Saved phrases**" not in [e.value for e in piece.markdown]
    run = Run(inspections / "runs" / EVIDENCE)
    path = run.folder / "judge" / "verdict.json"
    drink = replace(look_in_run(run, Term(PhraseKind.PHRASE, "cold Fizzpop")), name="drink")
    slow = replace(drink, name="slow", rates=(), problem="It takes too long.")
    write_record(path, replace(read_record(path, Verdict), phrases=(drink, slow)))
    piece.run()
    assert "**Saved phrases**" in [e.value for e in piece.markdown]
    assert {row["name"] for row in rows(piece)} == {"drink"}
    assert "slow (cold Fizzpop): It takes too long." in [e.value for e in piece.text]
