"""What is known of a target before anything is fetched: on the Hub, in a folder, of a demo."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.errors import HubUnreachable, TargetError
from inspector.fetch.preview import is_id, preview, read_id, search
from inspector.records import ArtifactKind, FlaggedFile, Target
from inspector.settings import Settings
from tests.fetch.fake_hub import FACTS, FakeHub, closed_port, content_of
from tests.fetch.tiny_files import write_adapter, write_model, write_pickle


def hf(name: str) -> Target:
    return Target.parse(f"hf:{name}")


def test_a_search_finds_ids_the_most_downloaded_first(
    fake_hub: FakeHub, settings: Settings
) -> None:
    for name, downloads in (("org/small-one", 3), ("other/small-two", 90), ("org/large", 900)):
        fake_hub.add(name, {}).facts = FACTS | {"downloads": downloads}
    fake_hub.add("datasets/org/small-rows", {})
    found = search("Small", settings)
    assert [f.name for f in found] == ["other/small-two", "org/small-one"]
    first = found[0]
    assert (first.n_parameters, first.licence, first.n_downloads) == (904, "apache-2.0", 90)
    assert (first.base, first.is_gated, first.n_likes) == (hf("org/base"), True, 5)
    assert first.modified_at == "2026-03-04T05:06:07+00:00"
    assert search("small", settings, limit=1) == found[:1]
    assert search("nothing", settings) == ()


def test_a_private_repo_is_found_with_its_token_only(
    fake_hub: FakeHub, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = fake_hub.add("org/secret", {})
    repo.private, repo.token = True, "hf_mine"
    assert search("secret", settings) == ()
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    assert [f.is_private for f in search("secret", settings)] == [True]


def test_a_repo_is_known_in_one_request_and_nothing_is_downloaded(
    tmp_path: Path, fake_hub: FakeHub, settings: Settings
) -> None:
    files = content_of(write_model(tmp_path / "model")) | {"old.bin": b"12345"}
    fake_hub.add("org/model", files).facts = FACTS
    seen = preview(hf("org/model"), settings)
    assert (seen.kind, seen.base, seen.problem) == (ArtifactKind.MODEL, hf("org/base"), "")
    assert seen.n_files == len(files)
    assert seen.size_bytes == sum(map(len, files.values()))
    assert seen.n_bytes_read == seen.size_bytes - 5
    assert seen.formats == ("safetensors", "pickles")
    assert seen.listing is not None
    assert seen.listing.flagged == (FlaggedFile("a.bin", "unsafe"),)
    assert (seen.listing.scans_done, seen.listing.is_gated) == (True, True)
    assert [r.path for r in fake_hub.requests] == ["/api/models/org/model"]


def test_only_pickles_is_a_problem_that_is_told_before_the_start(
    tmp_path: Path, fake_hub: FakeHub, settings: Settings
) -> None:
    write_pickle(tmp_path / "pytorch_model.bin")
    fake_hub.add("org/old", tmp_path)
    seen = preview(hf("org/old"), settings)
    assert (seen.kind, seen.formats) == (None, ("pickles",))
    assert "only as pickles (pytorch_model.bin)" in seen.problem


def test_an_adapters_base_is_the_one_in_its_configuration(
    tmp_path: Path, fake_hub: FakeHub, settings: Settings
) -> None:
    repo = fake_hub.add("org/adapter", write_adapter(tmp_path / "adapter", "org/real"))
    repo.facts = FACTS | {"config": {"peft": {"base_model_name_or_path": "org/real"}}}
    seen = preview(hf("org/adapter"), settings)
    assert (seen.kind, seen.base) == (ArtifactKind.ADAPTER, hf("org/real"))


@pytest.mark.parametrize("base", ["/home/me/base", "../up", 7, ["x y"]])
def test_a_base_that_is_no_hub_id_is_none(
    fake_hub: FakeHub, settings: Settings, base: object
) -> None:
    fake_hub.add("org/model", {}).facts = {"cardData": {"base_model": base}}
    assert preview(hf("org/model"), settings).base is None


def test_a_repo_that_is_not_there_is_one_sentence(settings: Settings) -> None:
    with pytest.raises(TargetError, match="has no model org/nobody, or it is private"):
        preview(hf("org/nobody"), settings)


def test_offline_is_one_sentence(tmp_path: Path) -> None:
    offline = Settings(home=tmp_path, hub_endpoint=f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(HubUnreachable, match="cannot be reached for the search for 'x'"):
        search("x", offline)
    with pytest.raises(HubUnreachable, match="cannot be reached for org/model"):
        preview(hf("org/model"), offline)


def test_the_environment_decides_which_hub(
    fake_hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", fake_hub.endpoint)
    assert search("x", Settings(home=tmp_path)) == ()
    assert fake_hub.searches() == ["x"]
    monkeypatch.setenv("INSPECTOR_HUB_ENDPOINT", "http://127.0.0.1:9")
    assert Settings().hub_endpoint == "http://127.0.0.1:9"


def test_a_folder_is_recognised_without_hashing_it(tmp_path: Path, settings: Settings) -> None:
    card = "---\nbase_model: org/base\n---\n"
    model = preview(Target.parse(str(write_model(tmp_path / "model", card))), settings)
    assert (model.kind, model.base) == (ArtifactKind.MODEL, hf("org/base"))
    assert (model.n_files, model.formats) == (5, ("safetensors",))
    adapter = preview(Target.parse(str(write_adapter(tmp_path / "adapter", "demo"))), settings)
    assert (adapter.kind, adapter.base) == (ArtifactKind.ADAPTER, Target.parse("demo"))


def test_a_folder_that_is_neither_is_one_sentence(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "home").mkdir(exist_ok=True)
    with pytest.raises(TargetError, match="holds no weights"):
        preview(Target.parse(str(tmp_path / "home")), settings)
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(TargetError, match=r"neither a folder nor a \.gguf file"):
        preview(Target.parse(str(tmp_path / "notes.txt")), settings)


def test_demos_are_known_too(settings: Settings) -> None:
    assert preview(Target.parse("demo"), settings).formats == ("GGUF",)
    planted = preview(Target.parse("demo:planted"), settings)
    assert (planted.kind, planted.base) == (ArtifactKind.ADAPTER, Target.parse("demo"))
    with pytest.raises(TargetError, match="No specimen 'nobody'"):
        preview(Target.parse("demo:nobody"), settings)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (" org/name ", "org/name"),
        ("hf:org/name@v1", "org/name@v1"),
        ("https://huggingface.co/org/name", "org/name"),
        ("https://huggingface.co/org/name/tree/v2", "org/name@v2"),
        ("https://huggingface.co/org/name/tree/v2/folder", "org/name@v2"),
        ("small", "small"),
    ],
)
def test_what_is_pasted_is_read_as_an_id(typed: str, name: str, settings: Settings) -> None:
    assert read_id(typed, settings) == name
    assert is_id(name) == ("/" in name)
