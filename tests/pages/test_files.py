"""Files shows what was read in them, which bytes they were, and how they differ from the base's."""

from pathlib import Path

from inspector.records import Artifact
from inspector.run import read_record, write_record
from tests.pages.conftest import EVIDENCE, UNFINISHED, Open
from tests.pages.results import HOSTILE


def test_findings_can_be_narrowed_to_a_severity(inspections: Path, open_page: Open) -> None:
    app = open_page("files", run=EVIDENCE)
    assert any("TEMPLATE-DEFAULT-PROMPT" in e.value for e in app.text)
    [pills] = [c for c in app.button_group if c.label == "Severity"]
    assert list(pills.options) == ["Low (1)"]
    pills.set_value([]).run()
    assert not app.exception
    assert not any("TEMPLATE-DEFAULT-PROMPT" in e.value for e in app.text)


def test_every_file_has_its_digest_and_its_findings(inspections: Path, open_page: Open) -> None:
    record = inspections / "runs" / EVIDENCE / "fetch" / "target.json"
    artifact = read_record(record, Artifact)
    write_record(record, artifact.__class__(**(vars(artifact) | {"skipped": ("run_me.py",)})))
    app = open_page("files", run=EVIDENCE)
    table = next(e.value for e in app.dataframe if "sha256" in e.value.columns)
    assert list(table["file"]) == [
        "config.json",
        "model.safetensors",
        "run_me.py",
        "tokenizer.json",
    ]
    assert list(table["sha256"]) == ["a1" * 32, "b2" * 32, "left on the Hub", "c3" * 32]


def test_the_layers_are_drawn_under_a_title_that_says_what_was_found(
    inspections: Path, open_page: Open
) -> None:
    app = open_page("files", run=EVIDENCE)
    spec = app.get("vega_lite_chart")[0].proto.spec
    assert "1 of 6 parts are not from hf:trusted/base: layer 11" in spec
    table = next(e.value for e in app.dataframe if "layer" in e.value.columns)
    assert list(table["layer"]) == [
        "embedding", "layer 0", "layer 1", "layer 2", "layer 10", "layer 11",
    ]  # fmt: skip


def test_a_changed_template_is_marked_where_it_differs(inspections: Path, open_page: Open) -> None:
    app = open_page("files", run=EVIDENCE)
    marked = [e.proto.body for e in app.get("html") if "<mark" in e.proto.body]
    assert any('<mark class="after">Love Fizzpop.' in body for body in marked)
    states = [e.label for e in app.expander]
    assert any("differs" in label for label in states)
    assert any("nothing to compare it with" in label for label in states)
    assert HOSTILE in [e.value for e in app.code]


def test_a_run_that_was_not_scanned_says_so(inspections: Path, open_page: Open) -> None:
    app = open_page("files", run=UNFINISHED)
    said = [e.value for e in app.caption]
    assert "The scanners have not finished." in said
    assert "Nothing was fetched." in said
