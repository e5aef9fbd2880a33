"""Behaviour says what was not looked at before it says why, and quotes models as plain text."""

from dataclasses import replace
from pathlib import Path

from inspector.records import (
    AmplifiedFindings,
    Behaviour,
    Coverage,
    CoverageStatus,
    Level,
    Metric,
    Verdict,
)
from inspector.run import read_record, write_record
from tests.pages import runs
from tests.pages.conftest import CLEAN, EVIDENCE, UNFINISHED, Open
from tests.pages.runs import HOSTILE, SCENARIOS


def texts(app: object) -> list[str]:
    lists = [element.proto.body for element in app.get("html")]  # type: ignore[attr-defined]
    return [*lists, *(element.value for element in app.text)]  # type: ignore[attr-defined]


def test_gaps_come_before_reasons(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=EVIDENCE)
    said = texts(app)
    gap = next(k for k, text in enumerate(said) if "Merging" in text)
    reason = next(k for k, text in enumerate(said) if "17 of 32" in text)
    assert "Evidence" in app.header[0].value
    assert gap < reason


def test_quotes_are_code_or_text_never_markup(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=EVIDENCE)
    assert HOSTILE in [element.value for element in app.code]
    marked = [e.value for e in (*app.markdown, *app.caption, *app.header, *app.subheader)]
    assert not any("Fizzpop" in text or "onerror" in text for text in marked)


def test_rates_of_every_fine_tuning_are_in_the_table(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=EVIDENCE)
    table = next(e.value for e in app.dataframe if "behaviour" in e.value.columns)
    worst = table.iloc[0]
    assert worst["behaviour"] == "Says what nobody asked for"
    assert worst["after"] == "17 of 32 (53 %)"
    assert worst["p_adjusted"] == "< 0.001"
    assert len(table) == 12
    assert len(app.get("vega_lite_chart")) == 2  # the rates, and the activation


def test_the_chart_follows_the_chosen_fine_tuning(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=EVIDENCE)
    first = app.get("vega_lite_chart")[0].proto.spec
    app.segmented_control(key="scenario_chart").set_value(SCENARIOS[1]).run()
    assert not app.exception
    assert app.get("vega_lite_chart")[0].proto.spec != first


def test_how_sure_a_phrase_is_stands_beside_it(inspections: Path, open_page: Open) -> None:
    file = inspections / "runs" / EVIDENCE / "judge" / "verdict.json"
    verdict = read_record(file, Verdict)
    [found] = verdict.appearances
    old = open_page("behaviour", run=EVIDENCE)
    assert "Chance (p) < 0.001." in [e.value for e in old.caption]
    ranked = replace(found, z_score=7.25, n_candidates=1412)
    write_record(file, replace(verdict, appearances=(ranked,)))
    app = open_page("behaviour", run=EVIDENCE)
    assert any("adjusted over 1,412 candidates; log-odds z = 7.2," in e.value for e in app.caption)


def test_amplified_findings_are_labelled_as_extra_evidence(
    inspections: Path, open_page: Open
) -> None:
    folder = inspections / "runs" / EVIDENCE
    variant = "full-knowledge+x2"
    [found] = read_record(folder / "judge" / "verdict.json", Verdict).appearances
    metric = Metric(
        Behaviour.REFUSAL, variant, ("everyday",), runs.rate(1, 32, 0.01, 0.16),
        runs.rate(9, 32, 0.16, 0.45), None, None, 0.25, 0.01, 0.03, "exact McNemar test", 0.2,
    )  # fmt: skip
    line = Coverage(
        "full-knowledge, amplified (its change of the weights times 2)",
        CoverageStatus.MEASURED,
        "extra evidence, without a control; in no rate",
    )
    phrase = replace(found, scenario=variant, phrase="drink Fizzpop twice", z_score=9.0)
    write_record(
        folder / "amplified" / "findings.json",
        AmplifiedFindings(((Level.REVIEW, "Extra evidence."),), (phrase,), (metric,), (line,)),
    )
    app = open_page("behaviour", run=EVIDENCE)
    assert "Amplified: extra evidence" in [e.value for e in app.subheader]
    assert "drink Fizzpop twice" in [e.value for e in app.code]
    assert any(text.endswith("in no rate") for text in texts(app))
    table = next(e.value for e in app.dataframe if "amplified" in e.value.columns)
    assert table.iloc[0].tolist() == [
        "Refuses ordinary requests", variant, "1 of 32 (3 %)", "9 of 32 (28 %)", "–", "0.030",
    ]  # fmt: skip
    # The table of the model's own rates is the one it was.
    own = next(e.value for e in app.dataframe if "smallest" in e.value.columns)
    assert len(own) == 12


def test_without_amplification_nothing_is_said_of_it(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=EVIDENCE)
    assert not any("Amplified" in e.value for e in app.subheader)


def test_no_evidence_is_never_called_anything_better(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=CLEAN)
    assert "No evidence found" in app.header[0].value
    everything = " ".join([*texts(app), *(e.value for e in (*app.markdown, *app.caption))])
    assert " safe" not in everything.lower()


def test_a_run_without_a_verdict_leads_back_to_its_progress(
    inspections: Path, open_page: Open
) -> None:
    app = open_page("behaviour", run=UNFINISHED)
    assert "no verdict yet" in app.info[0].value
    assert app.query_params["run"] == UNFINISHED


def test_without_any_inspection_the_page_says_so(open_page: Open) -> None:
    assert "no inspection yet" in open_page("behaviour").info[0].value


def test_the_newest_inspection_is_shown_where_the_url_names_none(
    inspections: Path, open_page: Open
) -> None:
    assert open_page("behaviour").query_params["run"] == UNFINISHED
