"""Report is read here, taken along in every format and language, decided on, held at a gate."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspector.records import Decision, HumanDecision
from inspector.report import LANGUAGES, RENDERINGS, record_decision, verdict_digest
from inspector.report.deciding import read_decisions
from tests.pages.acting import button, choice, labels, texts
from tests.pages.conftest import CLEAN, EVIDENCE, UNFINISHED, Open

NAMES = {"en": "English", "ja": "日本語"}


def frame(app: AppTest) -> str:
    [found] = app.get("iframe")
    return str(found.proto.srcdoc)


def fill(app: AppTest, **values: str) -> AppTest:
    """Fill in the form and press its button."""
    for name, value in values.items():
        field = app.text_input if name == "owner" else app.text_area
        field(key=f"{name}_{CLEAN}_0").set_value(value)
    return button(app, "Decide").click().run()  # type: ignore[no-any-return]


def errors(app: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in app.error]


@pytest.mark.parametrize("code", LANGUAGES)
def test_reports_can_be_exported_in_every_format_and_language(
    inspections: Path, open_page: Open, code: str
) -> None:
    app = open_page("report", run=EVIDENCE, language=NAMES[code])
    assert list(choice(app, "Language").options) == list(NAMES.values())
    buttons = {e.proto.label: e.proto.id for e in app.get("download_button")}
    assert list(buttons) == [rendering.label for rendering in RENDERINGS.values()]
    for name, rendering in RENDERINGS.items():
        assert f"report_{name}_{code}_{EVIDENCE}" in buttons[rendering.label]
        assert rendering.reader in [caption.value for caption in app.caption]
    assert f"&lt;html lang=&quot;{code}&quot;&gt;" in frame(app)


def test_the_page_is_shown_in_a_frame_that_can_do_nothing(
    inspections: Path, open_page: Open
) -> None:
    page = frame(open_page("report", run=EVIDENCE))
    assert "<iframe sandbox " in page
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    assert "Fizzpop" in page
    assert page.count("<iframe") == 1
    assert "<img" not in page
    assert "<script" not in page


@pytest.mark.parametrize(("name", "said"), [("JSON", '"sha256"'), ("Markdown", "Fizzpop")])
def test_text_formats_are_shown_as_text(
    inspections: Path, open_page: Open, name: str, said: str
) -> None:
    app = open_page("report", run=EVIDENCE, format=name)
    assert not app.get("iframe")
    assert said in app.code[0].value


def test_what_the_url_asks_for_and_does_not_exist_breaks_nothing(
    inspections: Path, open_page: Open
) -> None:
    app = open_page("report", run=EVIDENCE, language="xx", format="exe", part="?", policy="none")
    assert not app.exception
    assert "<iframe sandbox " in frame(app)


def test_a_run_without_a_verdict_has_a_report_that_says_how_far_it_came(
    inspections: Path, open_page: Open
) -> None:
    app = open_page("report", run=UNFINISHED)
    assert "has no verdict" in app.info[0].value
    assert len(app.get("download_button")) == len(RENDERINGS)
    assert "<iframe sandbox " in frame(app)
    assert "no gate opens" in errors(open_page("report", run=UNFINISHED, part="Gate"))[0]


def test_a_decision_is_recorded_after_it_was_confirmed(inspections: Path, open_page: Open) -> None:
    folder = inspections / "runs" / CLEAN
    app = open_page("report", run=CLEAN, part="Decide")
    assert app.subheader[0].value == "Suggested by rule: Approve with conditions"
    assert choice(app, "Decision").value is Decision.APPROVE_WITH_CONDITIONS
    assert any("No control was inspected" in text for text in texts(app))
    fill(app, owner="R. Officer", reason="Read <b>all</b>", conditions="Bench only\n\nNo users\n")
    assert errors(app) == []
    assert read_decisions(folder) == ()
    button(app, "Record it").click().run()
    assert not app.exception
    [decided] = read_decisions(folder)
    assert (decided.decision, decided.owner, decided.reason) == (
        Decision.APPROVE_WITH_CONDITIONS,
        "R. Officer",
        "Read <b>all</b>",
    )
    assert decided.conditions == ("Bench only", "No users")
    assert decided.verdict_sha256 == verdict_digest(folder)
    # It stands among the decisions so far, and the form is empty again.
    assert "Read <b>all</b>" in [text.value for text in app.text]
    assert app.text_input(key=f"owner_{CLEAN}_1").value == ""
    assert "Record it" not in labels(app)


def test_each_field_that_is_wrong_is_one_sentence(inspections: Path, open_page: Open) -> None:
    app = open_page("report", run=CLEAN, part="Decide")
    app.date_input(key=f"expires_{CLEAN}_0").set_value(datetime.now(UTC).date() - timedelta(days=2))
    fill(app, owner=" ", reason="")
    assert [sentence.partition(":")[0] for sentence in errors(app)][:2] == [
        "A decision has an owner",
        "A decision has a reason",
    ]
    assert "at least one condition" in errors(app)[2]
    assert "is past" in errors(app)[3]
    assert "Record it" not in labels(app)
    assert read_decisions(inspections / "runs" / CLEAN) == ()


def test_earlier_decisions_say_who_when_why_and_whether_they_still_stand(
    inspections: Path, open_page: Open
) -> None:
    folder = inspections / "runs" / EVIDENCE
    at = "2026-11-21T12:00:00+00:00"
    now = verdict_digest(folder)
    ended = date(2026, 11, 22).isoformat()
    for decision in (
        HumanDecision(Decision.APPROVE, "A. First", "not read", at, verdict_sha256="old"),
        HumanDecision(Decision.APPROVE, "B. Second", "read", at, ended, verdict_sha256=now),
        HumanDecision(Decision.REJECT, "C. Third", "an advert", at, verdict_sha256=now),
    ):
        record_decision(folder, decision)
    app = open_page("report", run=EVIDENCE, part="Decide")
    said = [t.value for t in app.text]
    who = [t for t in said if ", 21 November 2026" in t]
    assert [t[0] for t in who] == ["C", "B", "A"]
    assert {"not read", "read", "an advert"} <= set(said)
    assert ["expired" in w.value for w in app.warning] == [True, False]
    assert "verdict has changed" in app.warning[1].value


@pytest.mark.parametrize(
    ("run_id", "policy", "is_open"),
    [
        (EVIDENCE, "Closed for evidence only", False),
        (CLEAN, "Closed for evidence only", True),
        (CLEAN, "Closed for whatever asks for a person", True),
    ],
)
def test_the_gate_shows_what_a_pipeline_would_do(
    inspections: Path, open_page: Open, run_id: str, policy: str, is_open: bool
) -> None:
    app = open_page("report", run=run_id, part="Gate", policy=policy)
    assert ("The gate is open" in app.subheader[0].value) is is_open
    assert any("fail_on" in text for text in texts(app)) is not is_open
    assert f"gate {run_id} --fail-on" in app.code[0].value


def test_a_policy_file_is_tried(inspections: Path, open_page: Open) -> None:
    app = open_page("report", run=CLEAN, part="Gate", policy="A policy file")
    app.file_uploader[0].set_value(("mine.toml", b"required_control = true", "text/plain")).run()
    assert "The gate is closed" in app.subheader[0].value
    assert any("A control is required" in text for text in texts(app))
    app.file_uploader[0].set_value(("mine.toml", b"requird_control = true", "text/plain")).run()
    assert "did you mean required_control?" in errors(app)[0]
