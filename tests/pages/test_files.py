"""Files shows what was read in them, and exactly which bytes they were."""

from pathlib import Path

from tests.pages.conftest import EVIDENCE, Open


def test_findings_and_digests_are_shown(inspections: Path, open_page: Open) -> None:
    app = open_page("files", run=EVIDENCE)
    assert any("TEMPLATE-DEFAULT-PROMPT" in e.value for e in app.text)
    assert list(app.dataframe[0].value["file"]) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
