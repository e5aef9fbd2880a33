"""`scan`, `verify` and `watch` as a user runs them: output, exit codes, mistakes told plainly."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from inspector.fetch import fetch
from inspector.plans import load_plan
from inspector.records import Inspection, Level, Target, TargetKind
from inspector.run import Run, read_record, write_record
from inspector.settings import Settings
from tests.engine.tiny_model import save
from tests.fetch.fake_hub import FakeRepo, closed_port, content_of, running_hub
from tests.fetch.tiny_files import (
    ignore_progress,
    llama_tensors,
    write_adapter,
    write_model,
    write_pickle,
)
from tests.history.make_run import make_run
from tests.scan.pinned import pinned
from tests.scan.signing import make_keys, sign
from tests.scan.weight_files import write_llama
from tests.tiny.toy import Outcome, command

CARD = "---\nlicense: mit\n---\n"


def refused(done: Outcome, *said: str, code: int = 2) -> None:
    """One sentence on stderr, nothing on stdout."""
    assert done.code == code, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert all(words in done.stderr for words in said), done.stderr
    assert (done.stdout, "Traceback" in done.stderr) == ("", False)


def run_of(home: Path, folder: Path, name: str = "inspected") -> Run:
    """A run that pinned this folder, and no more."""
    run = Run(home / "runs" / name)
    target = Target(TargetKind.LOCAL, str(folder))
    write_record(run.folder / "inspection.json", Inspection(target, load_plan("quick"), "none"))
    write_record(run.folder / "fetch" / "target.json", pinned(folder))
    return run


# ---------------------------------------------------------------------- scan


def test_scan_says_what_is_wrong_with_any_folder(tmp_path: Path) -> None:
    """Pickles only: an inspection refuses that, a scan says why."""
    folder = tmp_path / "m"
    folder.mkdir()
    write_pickle(folder / "pytorch_model.bin")
    done = command(tmp_path / "home", "scan", folder)
    assert done.code == 1, done.stderr
    assert "PICKLE-WEIGHTS" in done.stdout
    assert "pytorch_model.bin" in done.stdout
    assert not (tmp_path / "home" / "runs").exists()


def test_scan_as_json_and_what_it_fails_on(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", card="---\nlicense: other\n---\n")
    done = command(tmp_path / "home", "scan", folder, "--json")
    document = json.loads(done.stdout)
    assert (done.code, done.stderr) == (0, "")
    assert [(f["rule_id"], f["severity"]) for f in document["findings"]] == [
        ("LICENCE-UNKNOWN", "medium")
    ]
    facts = {f["name"]: f["basis"] for f in document["provenance"]}
    assert (facts["licence"], facts["digest of all files"]) == ("declared", "verified")
    assert {c["what"] for c in document["coverage"]} >= {"licence"}
    assert command(tmp_path / "home", "scan", folder, "--fail-on", "medium").code == 1


def test_scan_of_a_hub_target_pins_it_and_checks_its_signature(tmp_path: Path) -> None:
    private, public = make_keys(tmp_path)
    folder = write_model(tmp_path / "m", card=CARD)
    sign(folder, private)
    with running_hub() as hub:
        repo = hub.add("org/signed", folder)
        arguments = ("scan", "hf:org/signed", "--json", "--key", public)
        done = command(tmp_path / "home", *arguments, INSPECTOR_HUB_ENDPOINT=hub.endpoint)
    document = json.loads(done.stdout)
    assert (done.code, document["commit"]) == (0, repo.commit_of("main")), done.stderr
    found = {f["rule_id"] for f in document["findings"]}
    assert found == {"HUB-REVISION-MOVING", "SIGNATURE-VERIFIED"}


def test_scan_compares_with_the_declared_base(tmp_path: Path) -> None:
    card = "---\nlicense: mit\nbase_model: org/base\n---\n"
    home, away = tmp_path / "home", f"http://127.0.0.1:{closed_port()}"
    with running_hub() as hub:
        size: dict[str, Any] = {"hidden_size": 32, "vocab_size": 64}
        hub.add("org/base", write_llama(tmp_path / "base", llama_tensors(1, **size), **size))
        (write_llama(tmp_path / "tuned", **size) / "README.md").write_text(card)
        hub.add("org/tuned", tmp_path / "tuned")
        there = {"INSPECTOR_HUB_ENDPOINT": hub.endpoint}
        done = command(home, "scan", "hf:org/tuned", "--json", **there)
        alone = command(home, "scan", "hf:org/tuned", "--no-base", **there)
        small = {**there, "INSPECTOR_MAX_DOWNLOAD_BYTES": "100"}
        costly = command(tmp_path / "new", "scan", tmp_path / "tuned", **small)
    unreachable = command(home, "scan", tmp_path / "tuned", INSPECTOR_HUB_ENDPOINT=away)
    document = json.loads(done.stdout)
    found = {f["rule_id"] for f in document["findings"]}
    assert (done.code, "--no-base" in done.stderr) == (1, True), done.stderr
    assert "LINEAGE-UNRELATED" in found
    (line,) = [c for c in document["coverage"] if c["what"] == "lineage"]
    assert (line["status"], "unrelated" in line["detail"]) == ("MEASURED", True)
    for other in (alone, costly, unreachable):
        assert (other.code, "LINEAGE" in other.stdout) == (0, False), other.stderr
        assert "was not fetched" in " ".join(other.stdout.split())
    assert "budget" in costly.stderr
    assert "without its base" in unreachable.stderr
    assert alone.stderr == ""


def test_scan_of_an_adapter_without_its_base(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "lora", "org/gone")
    away = {"INSPECTOR_HUB_ENDPOINT": f"http://127.0.0.1:{closed_port()}"}
    done = command(tmp_path / "home", "scan", folder, "--no-base", **away)
    assert (done.code, "ADAPTER-BASE-MISSING" in done.stdout) == (0, False), done.stderr
    assert command(tmp_path / "home", "scan", folder, **away).code == 4


def test_scan_and_mistakes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = write_model(tmp_path / "m")
    refused(command(home, "scan", "nowhere"), "'nowhere'", "hf:org/name")
    refused(command(home, "scan", folder, "--key", tmp_path / "none.pub"), "cannot be read")
    refused(command(home, "scan", folder, "--identity", "a@b.c"), "--issuer")
    refused(command(home, "scan", folder, INSPECTOR_SIGNER_ISSUER="x"), "--identity")
    (tmp_path / "empty").mkdir()
    refused(command(home, "scan", tmp_path / "empty"), "is empty")
    away = f"http://127.0.0.1:{closed_port()}"
    refused(command(home, "scan", "hf:o/n", INSPECTOR_HUB_ENDPOINT=away), "o/n", code=4)
    assert "--fail-on" in command(home, "scan", folder, "--fail-on", "odd").stderr


def test_a_scanned_adapter_without_its_base(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "a", base=None)
    done = command(tmp_path / "home", "scan", folder)
    assert done.code == 1
    assert "ADAPTER-BASE-UNDECLARED" in done.stdout


def test_hostile_names_do_not_command_the_terminal(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    write_pickle(folder / "evil\x1b[31m\u202egpj.pkl")
    done = command(tmp_path / "home", "scan", folder)
    assert "evil" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


# ---------------------------------------------------------------------- verify


def test_what_is_deployed_is_what_was_inspected(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    run = run_of(tmp_path / "home", folder)
    copy = shutil.copytree(folder, tmp_path / "deployed")
    for against in (str(run.folder), "inspected"):
        done = command(tmp_path / "home", "verify", copy, "--against", against)
        assert done.code == 0, done.stderr
        assert "is what the run inspected inspected" in done.stdout
        assert "verdict: none, it did not finish" in done.stdout


def test_every_difference_is_named(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    run_of(tmp_path / "home", folder)
    copy = shutil.copytree(folder, tmp_path / "deployed")
    (copy / "config.json").write_text("{}")
    (copy / "tokenizer.json").unlink()
    (copy / "more").mkdir()
    (copy / "more" / "weights.bin").write_bytes(b"?")
    os.mkfifo(copy / "pipe")
    done = command(tmp_path / "home", "verify", copy, "--against", "inspected", "--json")
    document = json.loads(done.stdout)
    assert done.code == 1
    states = {f["path"]: f["state"] for f in document["files"]}
    assert states == {
        "config.json": "changed",
        "model.safetensors": "same",
        "more/weights.bin": "extra",
        "pipe": "extra",
        "tokenizer.json": "missing",
        "tokenizer_config.json": "same",
    }
    shown = command(tmp_path / "home", "verify", copy, "--against", "inspected")
    assert "is NOT what the run" in shown.stdout
    assert "2 same, 1 changed, 1 missing, 2 extra" in shown.stdout


def test_a_renamed_file_is_told_by_its_bytes(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    run_of(tmp_path / "home", folder)
    copy = shutil.copytree(folder, tmp_path / "deployed")
    (copy / "model.safetensors").rename(copy / "Model.safetensors")
    (copy / "config.json").unlink()
    (copy / "config.json").symlink_to("/nowhere")
    done = command(tmp_path / "home", "verify", copy, "--against", "inspected")
    assert done.code == 1
    assert "the bytes of model.safetensors, under another name" in done.stdout
    assert "a link to nothing: not read" in done.stdout


def test_what_is_not_looked_into_is_said(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    run_of(tmp_path / "home", folder)
    copy = shutil.copytree(folder, tmp_path / "deployed")
    for name in (".cache/huggingface", "more/.git"):
        (copy / name).mkdir(parents=True)
        (copy / name / "model.py").write_text("# code")
    done = command(tmp_path / "home", "verify", copy, "--against", "inspected")
    assert done.code == 0
    assert "Not looked into: .cache, more/.git;" in done.stdout


def test_a_deployment_of_links_is_read_through(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    run_of(tmp_path / "home", folder)
    links = tmp_path / "deployed"
    links.mkdir()
    for path in folder.iterdir():
        (links / path.name).symlink_to(path)
    assert command(tmp_path / "home", "verify", links, "--against", "inspected").code == 0


def test_verify_and_mistakes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run = run_of(home, write_model(tmp_path / "m"))
    refused(command(home, "verify", tmp_path / "none", "--against", "inspected"), "no folder")
    refused(command(home, "verify", tmp_path, "--against", "nobody"), "nobody is no run")
    (run.folder / "fetch" / "target.json").unlink()
    refused(command(home, "verify", tmp_path, "--against", "inspected"), "never pinned", "--resume")


# ---------------------------------------------------------------------- watch

PLAN = """
suites = [{ suite = "own.jsonl" }]
precision = "fp32"
[sampling]
max_new_tokens = 4
[[scenarios]]
operation = "noise"
name = "noise"
scale = 0.01
"""


def watch(home: Path, *arguments: str | Path, hub: str = "") -> Outcome:
    return command(home, "watch", *arguments, INSPECTOR_HUB_ENDPOINT=hub)


def test_the_list_is_kept_and_mistakes_are_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert watch(home, "add", "hf:org/name", "--control", "none").code == 0
    assert watch(home, "add", "hf:org/other@v1", "--plan", "standard").code == 0
    listed = watch(home, "list").stdout.splitlines()
    assert listed[1:] == ["hf:org/name\tquick\tnone\t", "hf:org/other@v1\tstandard\tauto\t"]
    refused(watch(home, "add", "hf:org/name"), "watched already")
    refused(watch(home, "add", f"hf:org/name@{'a' * 40}"), "never moves")
    refused(watch(home, "add", "demo"), "does not come from a Hub")
    refused(watch(home, "add"), "No target was given")
    refused(watch(home, "add", "hf:org/x", "--plan", "quik"), "quik")
    refused(watch(home, "add", "--run", "nobody"), "no run")
    refused(watch(home, "remove", "hf:org/nobody"), "is not watched", "hf:org/name")
    assert watch(home, "remove", "hf:org/name").code == 0
    assert len(watch(home, "list").stdout.splitlines()) == 2
    (home / "watch.json").write_text("[")
    refused(watch(home, "list"), "cannot be read", "watch.json")


def earlier_run(home: Path, endpoint: str, plan: Path) -> Run:
    """An inspection of hf:org/tiny as it is now, made by hand: no finding, no evidence found."""
    target = Target(TargetKind.HUB, "org/tiny")
    run = make_run(home / "runs", level=Level.NO_EVIDENCE, target=target)
    artifact = fetch(target, Settings(home=home, hub_endpoint=endpoint), ignore_progress)
    write_record(run.folder / "inspection.json", Inspection(target, load_plan(str(plan)), "none"))
    write_record(run.folder / "fetch" / "target.json", artifact)
    write_record(run.folder / "scan" / "findings.json", ())
    return run


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    rows = [{"prompt": f"Say {n}.", "family": f"f{n % 4}"} for n in range(8)]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path / "plan.toml"


def test_a_target_that_moves_to_something_refused(tmp_path: Path, plan: Path) -> None:
    """Unchanged, then moved and refused by the scan, then still refused, then gone."""
    home = tmp_path / "home"
    first = content_of(write_model(tmp_path / "m", card=CARD))
    hostile = content_of(write_model(tmp_path / "h", card=CARD, auto_map={"AutoModel": "own.M"}))
    with running_hub() as hub:
        repo = hub.repos["org/tiny"] = FakeRepo({"main": first})
        run = earlier_run(home, hub.endpoint, plan)
        before = repo.commit_of("main")
        added = watch(home, "add", "--run", run.run_id)
        assert added.code == 0, added.stderr
        [same] = changes(watch(home, "check", "--json", hub=hub.endpoint), code=0)
        assert (same["state"], same["change"]) == ("unchanged", None)

        repo.revisions["main"] = hostile | {"notes.py": b"# code"}
        [moved] = changes(watch(home, "check", "--json", hub=hub.endpoint), code=2)
        [still] = changes(watch(home, "check", "--json", hub=hub.endpoint), code=2)
        commit = repo.commit_of("main")
        del hub.repos["org/tiny"]
        [gone] = changes(watch(home, "check", "--json", hub=hub.endpoint), code=2)
    change = moved["change"]
    assert (change["commit_before"], change["commit_after"]) == (before, commit)
    assert [(f["path"], f["state"]) for f in change["files"]] == [("config.json", "changed")]
    found = {f["rule_id"] for f in change["findings_new"]}
    assert found >= {"CODE-AUTO-MAP", "CODE-PYTHON"}
    assert (change["level_before"], change["level_after"]) == ("no evidence found", None)
    assert (moved["state"], still["state"]) == ("moved", "unchanged")
    assert still["run"] == moved["run"]
    assert (gone["state"], "org/tiny" in gone["message"]) == ("failed", True)


def test_a_target_that_moves_is_inspected_with_its_own_plan(tmp_path: Path, plan: Path) -> None:
    home = tmp_path / "home"
    first = content_of(save(tmp_path / "m")) | {"README.md": CARD.encode()}
    with running_hub() as hub:
        repo = hub.repos["org/tiny"] = FakeRepo({"main": first})
        run = earlier_run(home, hub.endpoint, plan)
        assert watch(home, "add", "--run", run.folder).code == 0
        repo.revisions["main"] = first | {"README.md": b"---\nlicense: other\n---\n"}
        [moved] = changes(watch(home, "check", "--json", hub=hub.endpoint), code=3)
        repo.revisions["main"] = first
        [back] = changes(watch(home, "check", "--json", hub=hub.endpoint), code=3)
    change = moved["change"]
    assert [(f["path"], f["state"]) for f in change["files"]] == [("README.md", "changed")]
    assert {f["rule_id"] for f in change["findings_new"]} >= {"LICENCE-UNKNOWN"}
    levels = (change["level_before"], change["level_after"])
    assert levels == ("no evidence found", "inconclusive")  # eight probes are too few
    assert (back["state"], back["change"]["commit_after"]) == ("moved", change["commit_before"])
    assert [(f["path"], f["state"]) for f in back["change"]["files"]] == [("README.md", "changed")]
    assert {f["rule_id"] for f in back["change"]["findings_gone"]} >= {"LICENCE-UNKNOWN"}
    again = read_record(Path(moved["run"]) / "inspection.json", Inspection)
    assert [s.name for s in again.plan.scenarios] == ["noise"]
    [entry] = watch(home, "list").stdout.splitlines()[1:]
    assert entry.split("\t")[3] == back["run"]


def test_a_hub_that_does_not_answer_and_a_revision_that_is_gone(tmp_path: Path) -> None:
    """Neither is news about the model: one sentence each, and the list stays as it is."""
    home = tmp_path / "home"
    assert watch(home, "add", "hf:org/tiny@v1", "--control", "none").code == 0
    listed = watch(home, "list").stdout
    down = f"http://127.0.0.1:{closed_port()}"
    [unreachable] = changes(watch(home, "check", "--json", hub=down), code=4)
    with running_hub() as hub:
        hub.repos["org/tiny"] = FakeRepo({"main": content_of(write_model(tmp_path / "m"))})
        [gone] = changes(watch(home, "check", "--json", hub=hub.endpoint), code=2)
    assert (unreachable["state"], gone["state"]) == ("failed", "failed")
    assert down in unreachable["message"]
    assert "v1" in gone["message"]
    assert watch(home, "list").stdout == listed


def changes(done: Outcome, code: int) -> list[dict[str, Any]]:
    assert done.code == code, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", ["scan", "verify", "watch"])
def test_each_command_explains_itself(tmp_path: Path, name: str) -> None:
    done = command(tmp_path, name, "--help")
    assert done.code == 0
    assert name in done.stdout
