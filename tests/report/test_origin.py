"""Lineage and provenance in the report: what the scan wrote, and whose word each fact is."""

from __future__ import annotations

from pathlib import Path

from inspector.records import Finding, Severity
from inspector.records.lineage import Change, Kinship, LayerKinship, Lineage
from inspector.records.provenance import Basis, Provenance, ProvenanceFact
from inspector.report import compose, render
from inspector.report.contents import Mark
from inspector.run import Run, write_record
from tests.history.make_run import make_run

LINEAGE = Lineage(
    against="hf:example/base@abc",
    declared=True,
    digests=("a" * 64, "b" * 64),
    kinship=Kinship.PARTLY,
    change=Change.LAYERS,
    layers=(
        LayerKinship("embedding", Kinship.IDENTICAL, 1, 1, 0.0, 1.0),
        LayerKinship("layer 3", Kinship.UNRELATED, 7, 0, 1.4, 0.01, 64, 64),
    ),
    n_tensors=9,
    n_compared=8,
    n_identical=1,
    share_identical=0.25,
    share_unrelated=0.75,
)
PROVENANCE = Provenance(
    "hf:example/model",
    (
        ProvenanceFact("digest of all files", "c" * 64, Basis.VERIFIED, "SHA-256 of every file"),
        ProvenanceFact("licence", "<b>apache-2.0</b>", Basis.DECLARED, "the author's card"),
    ),
)


def with_records(root: Path) -> Run:
    run = make_run(root)
    write_record(run.folder / "scan" / "lineage.json", LINEAGE)
    write_record(run.folder / "scan" / "provenance.json", PROVENANCE)
    return run


def test_without_the_records_both_are_in_the_ledger_as_not_run(tmp_path: Path) -> None:
    contents = compose(make_run(tmp_path))
    assert contents.lineage.facts == contents.provenance.facts == ()
    assert contents.lineage.note.startswith("Not run")
    assert {"lineage", "provenance and signature"} <= {e.what for e in contents.not_looked_at}


def test_lineage_is_told_layer_by_layer(tmp_path: Path) -> None:
    section = compose(with_records(tmp_path)).lineage
    facts = {f.label: (f.value, f.mark) for f in section.facts}
    assert facts["Compared with"] == (
        "hf:example/base@abc (which it names as its base)",
        Mark.DECLARED,
    )
    assert facts["Kinship"] == ("partly", Mark.VERIFIED)
    assert facts["Share of the parameters"][0] == ("identical 25 %, derived 0 % and unrelated 75 %")
    [table] = section.tables
    assert table.rows[1] == ("layer 3", "unrelated", "7", "0", "140 %", "0.0100", "64 of 64")
    assert table.stands_out == (1,)


def test_each_fact_says_whose_word_it_is(tmp_path: Path) -> None:
    run = with_records(tmp_path)
    facts = {f.label: f for f in compose(run).provenance.facts}
    assert facts["digest of all files"].mark is Mark.VERIFIED
    assert facts["licence"].mark is Mark.DECLARED
    html = render(run, "html").decode()
    assert "<b>apache-2.0</b>" not in html
    assert "&lt;b&gt;apache-2.0&lt;/b&gt; (the author&#39;s card)" in html
    assert "作成者のモデルカード" in render(run, "md", "ja").decode()


def test_a_finding_about_what_the_hub_says_is_no_verified_fact(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    told = Finding("HUB-RENAMED", Severity.MEDIUM, "The repo moved", "", "a, b", "Use b.")
    read = Finding("PICKLE-WEIGHTS", Severity.CRITICAL, "The weights are a pickle", "w.bin", "", "")
    write_record(run.folder / "scan" / "findings.json", (told, read))
    contents = compose(run, "ja")
    assert contents.findings is not None
    marks = {f.finding.rule_id: f.mark for f in contents.findings}
    assert marks == {"HUB-RENAMED": Mark.DECLARED, "PICKLE-WEIGHTS": Mark.VERIFIED}
    assert contents.findings[0].title == "重みがpickle形式である"
    assert "AML.T0011.000" in contents.findings[0].references
