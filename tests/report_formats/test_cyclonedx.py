"""CycloneDX 1.6: strictly valid, deterministic, complete, and nothing in it acts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from inspector.records import Level, Target, TargetKind
from inspector.records.provenance import Basis, Provenance, ProvenanceFact
from inspector.report.contents import ReportContents
from inspector.report.cyclonedx import render_cyclonedx
from tests.report_formats.sample import hostile, sample


def bom_of(contents: ReportContents) -> dict[str, Any]:
    text = render_cyclonedx(contents).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bom: dict[str, Any] = json.loads(text)
    return bom


@pytest.mark.parametrize("level", [*Level, None])
def test_every_outcome_validates_strictly(level: Level | None) -> None:
    bom = bom_of(sample(level))
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")


def test_the_validator_would_see_a_mistake() -> None:
    bom = bom_of(sample())
    bom["metadata"]["component"]["modelCard"]["invented"] = 1
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bom)) is not None


def test_the_model_its_files_and_its_base_with_digests() -> None:
    bom = bom_of(sample())
    model = bom["metadata"]["component"]
    assert model["type"] == "machine-learning-model"
    assert model["purl"] == f"pkg:huggingface/org/name@{'d4' * 20}"
    assert {c["name"]: c["hashes"][0]["content"] for c in bom["components"]} == {
        "config.json": "a1" * 32,
        "sub folder/model.safetensors": "b2" * 32,
        "tokenizer_config.json": "c3" * 32,
    }
    (base,) = model["pedigree"]["ancestors"]
    assert (base["group"], base["name"]) == ("org", "base")
    assert base["components"][0]["hashes"] == [{"alg": "SHA-256", "content": "e5" * 32}]
    assert {d["ref"]: d.get("dependsOn") for d in bom["dependencies"]}["model"] == [
        c["bom-ref"] for c in bom["components"]
    ]


def test_a_base_that_is_only_named_says_so() -> None:
    contents = sample()
    target = contents.identity[0]
    named = replace(target.artifact, base=Target(TargetKind.HUB, "org/far", "v1"))
    alone = replace(contents, identity=(replace(target, artifact=named),))
    (base,) = bom_of(alone)["metadata"]["component"]["pedigree"]["ancestors"]
    assert (base["name"], base["version"]) == ("far", "v1")
    assert base["properties"] == [{"name": "inspector:mark", "value": "declared"}]
    # The same base, used as the control: then its bytes are known.
    control = contents.identity[2]
    known = replace(
        control, artifact=replace(control.artifact, target=named.base or control.artifact.target)
    )
    both = replace(contents, identity=(replace(target, artifact=named), known))
    (base,) = bom_of(both)["metadata"]["component"]["pedigree"]["ancestors"]
    assert base["components"][0]["hashes"][0]["content"] == "e5" * 32


def test_no_base_no_pedigree() -> None:
    contents = sample()
    bom = bom_of(replace(contents, identity=contents.identity[:1]))
    assert "pedigree" not in bom["metadata"]["component"]


def test_the_model_card_has_rates_with_intervals_and_limits() -> None:
    card = bom_of(sample())["metadata"]["component"]["modelCard"]
    metrics = card["quantitativeAnalysis"]["performanceMetrics"]
    assert {
        "type": "injected_content rate",
        "value": "0.5250",
        "slice": "full-knowledge, target, after, 21 of 40 answers",
        "confidenceInterval": {"lowerBound": "0.3750", "upperBound": "0.6750"},
    } in metrics
    assert len(metrics) == 6  # four with a control, two without
    limits = card["considerations"]["technicalLimitations"]
    assert limits[0] == "Merging (Not run): not in this plan"
    assert card["considerations"]["ethicalConsiderations"][0]["name"].startswith("After full")


def test_findings_and_the_verdicts_reasons_are_vulnerabilities() -> None:
    bom = bom_of(sample())
    found = {v["id"]: v for v in bom["vulnerabilities"]}
    refs = {c["bom-ref"] for c in bom["components"]} | {"model"}
    assert {ref["ref"] for v in bom["vulnerabilities"] for ref in v["affects"]} <= refs
    assert found["PICKLE-PRESENT"]["ratings"][0]["severity"] == "high"
    assert found["TEMPLATE-NOTE"]["affects"] == [{"ref": "file:tokenizer_config.json"}]
    assert found["ARCHIVE-INSIDE"]["affects"] == [{"ref": "file:config.json"}]
    assert found["BEHAVIOUR-INJECTED-CONTENT"]["affects"] == [
        {"ref": "file:sub folder/model.safetensors"}
    ]
    assert found["BEHAVIOUR-INJECTED-CONTENT"]["analysis"] == {"state": "in_triage"}
    quiet = bom_of(replace(sample(Level.NO_EVIDENCE), findings=()))
    assert "vulnerabilities" not in quiet


def test_the_serial_number_follows_the_contents_alone() -> None:
    contents = sample()
    assert render_cyclonedx(contents) == render_cyclonedx(sample())
    other = bom_of(replace(contents, sha256="0" * 64))
    assert other["serialNumber"] != bom_of(contents)["serialNumber"]
    assert bom_of(contents)["metadata"]["timestamp"].startswith("2026-11-22T01:09:41")


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in strings(item)]


@pytest.mark.parametrize("level", [Level.EVIDENCE, None])
def test_hostile_text_is_visible_and_does_nothing(level: Level | None) -> None:
    texts = strings(bom_of(hostile(level=level)))
    said = [t for t in texts if "<script>" in t]
    assert len(said) >= 8
    assert all("[U+202E]txt.exe[U+202C]" in t for t in said)
    hidden = "\x1b\u202e\u200b\x00\u2028\U000e0041"
    assert not [t for t in texts if any(c in t for c in hidden)]


@pytest.mark.parametrize(
    ("said", "licences"),
    [
        ("apache-2.0", [{"id": "Apache-2.0"}]),
        ("mit and house (not a well-known one)", [{"id": "MIT"}, {"name": "house"}]),
        ("none declared", []),
    ],
)
def test_a_licence_is_what_the_author_declares(said: str, licences: list[dict[str, str]]) -> None:
    contents = sample()
    facts = (
        ProvenanceFact("licence", said, Basis.DECLARED, "the card"),
        ProvenanceFact("commit", "abc", Basis.VERIFIED, "the bytes"),
    )
    section = replace(contents.provenance, provenance=Provenance("hf:org/name", facts))
    model = bom_of(replace(contents, provenance=section))["metadata"]["component"]
    for entry in model.get("licenses", ()):
        assert entry["license"].pop("acknowledgement") == "declared"
    assert [entry["license"] for entry in model.get("licenses", ())] == licences
    values = {p["name"]: p["value"] for p in model["properties"]}
    assert values["inspector:verified:commit"] == "abc (the bytes)"
    assert values["inspector:declared:licence"] == f"{said} (the card)"


def test_where_a_local_model_lies_is_nobodys_business() -> None:
    contents = sample()
    target = contents.identity[0]
    local = replace(target.artifact, target=Target(TargetKind.LOCAL, "/home/somebody/my-model"))
    bom = bom_of(
        replace(contents, identity=(replace(target, artifact=replace(local, commit=None)),))
    )
    assert bom["metadata"]["component"]["name"] == "my-model"
    assert bom["metadata"]["component"]["version"].startswith("sha256:")
    assert "purl" not in bom["metadata"]["component"]


def test_settings_judges_frameworks_and_decisions_are_properties_of_the_card() -> None:
    card = bom_of(sample())["metadata"]["component"]["modelCard"]
    told = {p["name"]: p["value"] for p in card["properties"]}
    assert told["inspector:operation:full-knowledge:Steps"] == "40"
    assert told["inspector:judge"] == "rules 1: all"
    assert told["inspector:override"].endswith("R. Officer: reject: adverts")
    assert told["inspector:retest"] == "Any change of the files"
    assert told["inspector:supporting evidence"].startswith("Supporting evidence only")
    item = "inspector:supporting evidence:OWASP LLM Top 10:LLM04:2025"
    assert told[item] == "Data and model poisoning: Rates"
    assert told["inspector:reproduction:torch"] == "2.13.0"
