"""Two languages with the same words, none of them missing, none of them in the wrong one."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest

from inspector import labels, report
from inspector.errors import BadInput
from inspector.labels import describe_scenario
from inspector.plans import load_plan
from inspector.records import Coverage, CoverageStatus, Level, Verdict
from inspector.report import compose, render
from inspector.report.operations import describe
from inspector.report.recorded import recorded_in
from inspector.report.wording import load_words
from inspector.run import Run, read_record, write_record
from tests.history.make_run import make_run

ENGLISH, JAPANESE = load_words("en"), load_words("ja")
ROOM = Path(report.__file__).parent
CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def names(text: str | dict[str, str]) -> set[str]:
    forms = [text] if isinstance(text, str) else list(text.values())
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}


def forms(text: str | dict[str, str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def test_both_languages_have_the_same_keys_and_fill_in_the_same_names() -> None:
    assert set(ENGLISH.texts) == set(JAPANESE.texts)
    for key, text in ENGLISH.texts.items():
        assert names(text) == names(JAPANESE.texts[key]), key
        assert isinstance(text, str) == isinstance(JAPANESE.texts[key], str), key


def test_japanese_words_are_japanese() -> None:
    """Names of methods and files aside, what has letters has Japanese ones."""
    names_only = {"SHA-256", "LoRA", "judge/verdict.json"}
    for key, text in JAPANESE.texts.items():
        for form in forms(text):
            literal = re.sub(r"\{\w+\}", "", form)
            if re.search(r"[A-Za-z]{2,}", literal) and literal not in names_only:
                assert CJK.search(form) or key == "format.moment", key


def test_no_english_of_the_reports_own_is_in_the_japanese_report(tmp_path: Path) -> None:
    for k, level in enumerate(Level):
        run = make_run(tmp_path / str(k), level=level)
        for name in ("html", "md"):
            text = render(run, name, "ja").decode()
            for key, english in ENGLISH.texts.items():
                for form in forms(english):
                    for part in re.split(r"\{\w+\}", form):
                        phrase = part.strip(" .,:;()")
                        if len(re.findall(r"[A-Za-z]{3,}", phrase)) >= 2 and not CJK.search(part):
                            assert phrase not in text or phrase in JAPANESE_TOO, (key, phrase)


# Commands and library names are the same in every language.
JAPANESE_TOO = {
    "python -m inspector decide",
    "python -m inspector report",
    "--format json --lang",
    "judge/verdict.json",
}


def test_the_template_itself_says_nothing() -> None:
    """What stands between the tags of the template is looked up, never written there."""
    template = (ROOM / "report.html.j2").read_text(encoding="utf-8")
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<style>.*?</style>", "", template, flags=re.S)
    assert re.findall(r"[A-Za-z]{2,}", re.sub(r"<[^>]*>", "", bare)) == []


def test_every_word_is_used() -> None:
    source = "".join(
        p.read_text(encoding="utf-8") for p in ROOM.iterdir() if p.suffix in (".py", ".j2", ".typ")
    )
    by_value = re.compile(
        r"(why|summary)\.no_evidence|operation\.(prune|merge|schedule)_"
        r"|hardenings\.(alert_|push_|plain$|hardened$|aligned$|tuned$)"
        r"|rounds\.(was_|adapter$|repaired$)"
    )
    missing = [
        key
        for key in ENGLISH.texts
        if key not in source
        and f'"{key.rpartition(".")[2]}"' not in source
        and not by_value.match(key)  # looked up by a record's value
    ]
    assert missing == []


def test_one_thing_has_one_word_in_the_report_and_on_the_pages() -> None:
    for level, label in labels.LEVELS.items():
        key = f"level.{level.replace(' ', '_')}"
        assert (ENGLISH(f"{key}.word"), ENGLISH(f"{key}.help")) == (label.word, label.help)
    for behaviour, label in labels.BEHAVIOURS.items():
        assert ENGLISH(f"behaviour.{behaviour}.word") == label.word
        assert ENGLISH(f"behaviour.{behaviour}.help") == label.help
    for severity, label in labels.SEVERITIES.items():
        assert ENGLISH(f"severity.{severity}.word") == label.word
    for status, label in labels.COVERAGE.items():
        assert ENGLISH(f"coverage.{status.lower()}.word") == label.word


@pytest.mark.parametrize("name", ["quick", "standard", "deep"])
def test_operations_are_described_as_on_the_pages(name: str) -> None:
    for scenario in load_plan(name).scenarios:
        assert describe(scenario, ENGLISH) == describe_scenario(scenario)
        assert CJK.search(describe(scenario, JAPANESE))


def test_dates_numbers_and_plurals_are_those_of_the_language() -> None:
    at = "2026-11-02T09:05:00+00:00"
    assert ENGLISH.moment(at) == "2 November 2026, 09:05 UTC"
    assert JAPANESE.moment(at) == "2026年11月2日 09:05（UTC）"
    assert ENGLISH("summary.questions", n=1) == "1 question"
    assert ENGLISH("summary.questions", n=1200) == "1,200 questions"
    assert JAPANESE("summary.questions", n=1) == "1件"
    assert ENGLISH.percent(0.125) == "12.5 %"
    assert JAPANESE.percent(0.125) == "12.5%"
    assert ENGLISH.join(["a", "b", "c"]) == "a, b and c"


def test_a_language_that_there_is_none_of_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'fr'; give en or ja"):
        compose(make_run(tmp_path), "fr")


def test_the_page_says_its_language(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert '<html lang="ja">' in render(run, "html", "ja").decode()
    assert '<html lang="en">' in render(run, "html").decode()


# ------------------------------------------------------------------------- what the records say

RECORDED = (
    "48 answers; a rate of 32.8% or more would have been reported with 95 % probability",
    "15 answers: not even a model that always does it would have been reported with 95 % "
    "probability",
    "Too few answers to judge: compliance; refusal. Ask more probes to see more.",
    "After int4 the model refuses ordinary requests: 2% to 60% of 48 answers, +57% beyond what the "
    "control changed (adjusted p = 1e-05).",
    "After int4 the model refuses ordinary requests: 2% to 60% of 48 answers (adjusted p = 1e-05); "
    "the control ends at 55%.",
    "Before any operation the model says “...” unasked, in answers to 16 of 72 probes over 9 "
    "topics (the control in 0); openly, so whether its publisher means it is for a person to say.",
    "After int4 the model says “...” unasked, in answers to 16 of 72 probes over 9 topics (in 0 "
    "before, in 18 with one word changed).",
    "After int4 the model says “...” unasked, in answers to 17 of 72 probes over 14 topics (in 0 "
    "before; 17 of these probes were declined before, in other words).",
    "After int4 the model loops or falls silent far more than before (1% to 21% of 72 answers): "
    "that operation itself may have damaged it, and its answers say little about a user's.",
    # As earlier versions recorded it.
    "After int4 the model loops or falls silent far more than before (1% to 21% of 72 answers): "
    "the tuning itself may have damaged it, and its answers say little about a user's.",
    "exact permutation of before and after by topic family",
    "refuse then comply / full-knowledge",
    "activation by step / full-knowledge",
    "24 probes after steps 5, 10, 20, 30 of 40, beside the control",
    "24 probes after steps 5, 10, 20, 30 of 40, without a control",
    "not every look at the target has its answers",
)


@pytest.mark.parametrize("sentence", RECORDED)
def test_recorded_sentences_are_said_in_japanese(sentence: str) -> None:
    said = recorded_in("ja", sentence)
    assert CJK.search(said)
    # All that is left in Latin letters are names: of operations, statistics, people.
    left = set(re.findall(r"[A-Za-z]{3,}", said))
    assert left <= {"int", "full", "knowledge"}
    assert recorded_in("en", sentence) == sentence


def test_what_no_pattern_fits_is_quoted_as_it_is(tmp_path: Path) -> None:
    strange = "A sentence that {nobody} wrote a pattern for \\1."
    assert recorded_in("ja", strange) == strange
    run = make_run(tmp_path)
    path = run.folder / "judge" / "verdict.json"
    verdict = read_record(path, Verdict)
    write_record(path, with_reason(verdict, strange))
    assert strange in [r.text for r in compose(Run(run.folder), "ja").reasons]


def test_a_phrase_inside_a_recorded_sentence_is_kept_letter_by_letter() -> None:
    phrase = "{evil} / loops or falls silent \\g<0>"
    said = recorded_in(
        "ja",
        f"After int4 the model says “{phrase}” unasked, in answers to 9 of 32 probes over 4 topics "
        "(in 0 before).",
    )
    assert f"「{phrase}」" in said
    said = recorded_in(
        "ja",
        "After int4 the model says “control” unasked, in answers to 9 of 32 probes over 4 topics "
        "(in 0 before).",
    )
    assert "「control」" in said  # a word of the ledger, but here it is the model's


def with_reason(verdict: Verdict, reason: str) -> Verdict:
    return replace(verdict, reasons=(reason,))


def test_a_ledger_of_the_same_kind_becomes_one_line(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    path = run.folder / "judge" / "verdict.json"
    lines = tuple(
        Coverage(f"refusal / {name}", CoverageStatus.INSUFFICIENT, f"{n} answers")
        for name, n in (("a", 3), ("b", 3), ("c", 4))
    )
    write_record(path, replace(read_record(path, Verdict), coverage=lines))
    first = compose(run).not_looked_at[0]
    assert first.what == "refusal / a, b, c"
    assert first.detail == "a, b: 3 answers\nc: 4 answers"


def test_no_pattern_is_hidden_by_a_more_general_one_before_it() -> None:
    """Regression: "none: {why}" stood before "none: the target declares no base"."""
    path = Path(report.__file__).parent / "words" / "recorded.ja.toml"
    hidden = {}
    for pair in tomllib.loads(path.read_text("utf-8"))["pair"]:
        names = dict.fromkeys(re.findall(r"\{(\w+)\}", pair["en"]), "7")
        said, wanted = (pair[side].format(**names) for side in ("en", "ja"))
        if recorded_in("ja", said) != wanted:
            hidden[pair["en"]] = recorded_in("ja", said)
    assert hidden == {}
