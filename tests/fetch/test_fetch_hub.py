"""The Hub path against a fake Hub: real requests, every fault that the issue names."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inspector.errors import DataError, DiskFull, HubUnreachable, TargetError
from inspector.fetch import fetch, fetch_dataset
from inspector.fetch.hub import Hub, RemoteFile
from inspector.fetch.snapshot import fetch_model, marker_of
from inspector.records import (
    Artifact,
    ArtifactKind,
    FlaggedFile,
    HubFacts,
    Target,
    TargetKind,
)
from inspector.settings import Settings
from tests.fetch.fake_hub import FakeHub, FakeRepo, closed_port, content_of, running_hub
from tests.fetch.tiny_files import ignore_progress, write_adapter, write_model, write_pickle

MODEL = Target(TargetKind.HUB, "org/tiny")
BIG = "model.safetensors"


@pytest.fixture
def repo(fake_hub: FakeHub, tmp_path: Path) -> FakeRepo:
    card = "---\nbase_model: org/base\n---\n"
    return fake_hub.add("org/tiny", write_model(tmp_path / "source", card=card))


def hub_at(endpoint: str, token: str | None = "hf_none") -> Hub:
    return Hub(endpoint, token, n_resumes=3, wait_s=0.0, timeout_s=5.0)


def fetch_fast(settings: Settings, target: Target = MODEL, token: str = "hf_none") -> Artifact:
    return fetch_model(hub_at(settings.hub_endpoint, token), target, settings, ignore_progress)


def test_a_model_is_pinned_to_its_commit(settings: Settings, repo: FakeRepo) -> None:
    seen: list[tuple[int, int]] = []
    artifact = fetch(MODEL, settings, lambda done, total: seen.append((done, total)))
    assert artifact.commit == repo.commit_of("main")
    assert artifact.base == Target(TargetKind.HUB, "org/base")
    content = repo.files_of("main")
    assert {f.path: f.sha256 for f in artifact.files} == {
        path: hashlib.sha256(data).hexdigest() for path, data in content.items()
    }
    total = sum(map(len, content.values()))
    assert seen[-1] == (total, total)
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert Path(artifact.folder).parent == settings.snapshots / "models--org--tiny"


def test_only_what_a_loader_reads_is_downloaded(
    fake_hub: FakeHub, settings: Settings, repo: FakeRepo, tmp_path: Path
) -> None:
    write_pickle(tmp_path / "weights.bin")
    main = repo.revisions["main"]
    left = {
        "pytorch_model.bin": (tmp_path / "weights.bin").read_bytes(),
        "modeling_tiny.py": b"# code",
        "model.fp16.safetensors": b"another precision",
        "consolidated.safetensors": b"the same weights under another name",
        "adapter_model.safetensors": b"no config goes with it",
        "tiny.gguf": b"GGUF",
        "onnx/config.json": b"{}",
    }
    main |= left | {"LICENSE": b"text", "chat_template.jinja": b"{{ messages }}"}
    artifact = fetch_fast(settings)
    assert artifact.skipped == tuple(sorted(left))
    assert {f.path for f in artifact.files} == set(main) - set(left)
    assert not any(path in url for path in left for url in fake_hub.downloads())


def test_a_second_fetch_downloads_nothing(
    fake_hub: FakeHub, settings: Settings, repo: FakeRepo
) -> None:
    first = fetch_fast(settings)
    n_requests = len(fake_hub.downloads())
    assert fetch_fast(settings) == first
    assert len(fake_hub.downloads()) == n_requests


def test_a_known_commit_needs_no_hub(settings: Settings, repo: FakeRepo) -> None:
    commit = repo.commit_of("main")
    first = fetch_fast(settings, Target(TargetKind.HUB, "org/tiny", commit))
    away = settings.model_copy(update={"hub_endpoint": f"http://127.0.0.1:{closed_port()}"})
    assert fetch_fast(away, Target(TargetKind.HUB, "org/tiny", commit)) == first
    with pytest.raises(HubUnreachable):
        fetch_fast(away)


def test_a_snapshot_changed_on_the_disk_is_mended(settings: Settings, repo: FakeRepo) -> None:
    first = fetch_fast(settings)
    (Path(first.folder) / "config.json").write_text("{}")
    (Path(first.folder) / "extra.py").write_text("# not from the Hub")
    assert fetch_fast(settings) == first


def test_revisions(settings: Settings, repo: FakeRepo) -> None:
    repo.revisions["v1"] = repo.revisions["main"] | {"config.json": b'{"model_type": "old"}'}
    old = fetch_fast(settings, Target(TargetKind.HUB, "org/tiny", "v1"))
    assert old.commit == repo.commit_of("v1") != repo.commit_of("main")
    assert (Path(old.folder) / "config.json").read_bytes() == b'{"model_type": "old"}'
    with pytest.raises(TargetError, match="no revision 'v2'"):
        fetch_fast(settings, Target(TargetKind.HUB, "org/tiny", "v2"))


def test_a_missing_repo(settings: Settings) -> None:
    with pytest.raises(TargetError, match="no model org/nothing, or it is private"):
        fetch_fast(settings, Target(TargetKind.HUB, "org/nothing"))


def test_a_gated_repo_opens_to_the_right_token_only(settings: Settings, repo: FakeRepo) -> None:
    repo.token = "hf_right"
    with pytest.raises(TargetError, match=r"accept its terms at http.*/org/tiny.*HF_TOKEN"):
        fetch_fast(settings, token="hf_wrong")
    assert fetch_fast(settings, token="hf_right").commit == repo.commit_of("main")


def test_a_private_repo_looks_missing_without_its_token(settings: Settings, repo: FakeRepo) -> None:
    repo.token, repo.private = "hf_right", True
    with pytest.raises(TargetError, match="or it is private; check the spelling, or set HF_TOKEN"):
        fetch_fast(settings, token="hf_wrong")
    assert fetch_fast(settings, token="hf_right").commit == repo.commit_of("main")


def test_several_jobs_share_one_download(
    fake_hub: FakeHub, settings: Settings, repo: FakeRepo
) -> None:
    with ThreadPoolExecutor(3) as pool:
        artifacts = list(pool.map(fetch_fast, [settings] * 3))
    assert artifacts[0] == artifacts[1] == artifacts[2]
    assert len(fake_hub.downloads()) == len(artifacts[0].files)


def test_the_token_comes_from_the_environment(
    settings: Settings, repo: FakeRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.token = "hf_right"
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(TargetError, match=r"is gated"):
        fetch(MODEL, settings, ignore_progress)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert fetch(MODEL, settings, ignore_progress).commit == repo.commit_of("main")


def test_a_server_error_on_the_way_is_retried(settings: Settings, repo: FakeRepo) -> None:
    repo.failures[BIG] = 2
    assert BIG in {f.path for f in fetch_fast(settings).files}
    repo.revisions["main"] = repo.revisions["main"] | {"config.json": b"{}"}
    repo.failures["config.json"] = 1000
    with pytest.raises(HubUnreachable, match=r"config\.json .* was cut 4 times \(HTTP status 503"):
        fetch_fast(settings)


def test_a_connection_cut_once_is_resumed(
    fake_hub: FakeHub, settings: Settings, repo: FakeRepo
) -> None:
    repo.cuts[BIG] = 1
    artifact = fetch_fast(settings)
    assert {f.path for f in artifact.files} >= {BIG}
    half = len(repo.files_of("main")[BIG]) // 2
    ranges = [r.range for r in fake_hub.requests if r.path.endswith(BIG)]
    assert ranges == [None, f"bytes={half}-"]


def test_a_connection_cut_always_ends_clearly_and_keeps_what_came(
    fake_hub: FakeHub, settings: Settings, repo: FakeRepo
) -> None:
    repo.cuts[BIG] = 1000
    with pytest.raises(HubUnreachable, match=rf"download of {BIG} .* was cut 4 times"):
        fetch_fast(settings)
    assert len([p for p in fake_hub.downloads() if p.endswith(BIG)]) == 4
    repo.cuts.clear()
    assert fetch_fast(settings).commit == repo.commit_of("main")
    last = next(r.range for r in reversed(fake_hub.requests) if r.path.endswith(BIG))
    assert last is not None
    assert last != "bytes=0-"


@pytest.mark.parametrize("path", [BIG, "config.json"])
def test_wrong_bytes_are_refused_and_removed(settings: Settings, repo: FakeRepo, path: str) -> None:
    repo.wrong.add(path)
    with pytest.raises(HubUnreachable, match=rf"{path} .*does not match its digest") as caught:
        fetch_fast(settings)
    content = repo.files_of("main")[path]
    blob = b"blob %d\0" % len(content) + content
    digest = hashlib.sha256(content) if path == BIG else hashlib.sha1(blob)
    assert digest.hexdigest() in str(caught.value)
    left = [p for p in settings.snapshots.rglob("*") if p.is_file() and p.suffix != ".lock"]
    assert digest.hexdigest() not in {p.name for p in left}
    assert path not in {p.name for p in left}
    repo.wrong.clear()
    assert path in {f.path for f in fetch_fast(settings).files}


def test_a_file_longer_than_announced_is_cut_off(settings: Settings, repo: FakeRepo) -> None:
    repo.announced["config.json"] = 10
    with pytest.raises(HubUnreachable, match=r"config\.json sends more than the 10 bytes"):
        fetch_fast(settings)
    assert [p for p in settings.snapshots.rglob("*.partial/*") if p.stat().st_size] == []


def test_what_the_disk_cannot_hold_is_not_begun(
    fake_hub: FakeHub, settings: Settings, repo: FakeRepo
) -> None:
    repo.announced[BIG] = 10**18
    rich = settings.model_copy(update={"max_download_bytes": 10**19})
    with pytest.raises(DiskFull, match="free some room"):
        fetch_fast(rich)
    assert fake_hub.downloads() == []


def test_offline_mode_is_said_as_such(settings: Settings, repo: FakeRepo) -> None:
    program = (
        "import sys\n"
        "from inspector.errors import HubUnreachable\n"
        "from inspector.fetch.hub import Hub\n"
        "try:\n"
        "    Hub(sys.argv[1], 'hf_none').look_up('model', 'org/tiny', None)\n"
        "except HubUnreachable as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, settings.hub_endpoint],
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "because HF_HUB_OFFLINE is set" in done.stdout


def test_the_budget_is_checked_before_the_first_byte(
    fake_hub: FakeHub, settings: Settings, repo: FakeRepo
) -> None:
    small = settings.model_copy(update={"max_download_bytes": 100})
    with pytest.raises(
        TargetError, match=r"\d bytes and the budget is 100 bytes; raise INSPECTOR_MAX"
    ):
        fetch_fast(small)
    assert fake_hub.downloads() == []


def test_an_adapter_with_its_bases_revision(
    fake_hub: FakeHub, settings: Settings, tmp_path: Path
) -> None:
    fake_hub.add("org/lora", write_adapter(tmp_path / "lora", "org/base", revision="v3"))
    artifact = fetch_fast(settings, Target(TargetKind.HUB, "org/lora"))
    assert artifact.kind is ArtifactKind.ADAPTER
    assert artifact.base == Target(TargetKind.HUB, "org/base", "v3")


def test_a_repo_may_not_name_paths_of_this_machine(
    fake_hub: FakeHub, settings: Settings, tmp_path: Path
) -> None:
    here = write_model(tmp_path / "here")
    fake_hub.add("org/lora", write_adapter(tmp_path / "lora", str(here)))
    assert fetch_fast(settings, Target(TargetKind.HUB, "org/lora")).base is None


def test_pickles_only_are_refused_before_the_download(
    fake_hub: FakeHub, settings: Settings, tmp_path: Path
) -> None:
    folder = write_model(tmp_path / "source")
    (folder / BIG).rename(folder / "pytorch_model.bin")
    fake_hub.add("org/pickled", folder)
    with pytest.raises(TargetError, match=r"org/pickled holds its weights only as pickles"):
        fetch_fast(settings, Target(TargetKind.HUB, "org/pickled"))
    assert fake_hub.downloads() == []


def test_names_that_leave_the_folder_are_refused(fake_hub: FakeHub, settings: Settings) -> None:
    for name in ("../evil.json", "/etc/evil.json", "a/../../evil.json"):
        fake_hub.add("org/evil", {name: b"{}"})
        with pytest.raises(TargetError, match="leads out of its repo's folder"):
            fetch_fast(settings, Target(TargetKind.HUB, "org/evil"))


def test_a_digest_that_is_none_is_refused() -> None:
    with pytest.raises(TargetError, match="as the digest"):
        RemoteFile("config.json", 3, "../../x", is_lfs=False)


def test_the_token_stays_with_the_hub(
    fake_hub: FakeHub, settings: Settings, repo: FakeRepo
) -> None:
    with running_hub() as elsewhere:
        elsewhere.add("org/tiny", content_of(repo.files_of("main")))
        url = f"{elsewhere.endpoint}/org/tiny/resolve/main/{BIG}"
        repo.redirects[BIG] = url
        fetch_fast(settings, token="hf_secret")
        assert [r.authorization for r in elsewhere.requests] == [None]
    assert {r.authorization for r in fake_hub.requests} == {"Bearer hf_secret"}


def test_nothing_but_the_repo_is_asked_for(
    fake_hub: FakeHub, settings: Settings, repo: FakeRepo
) -> None:
    fetch_fast(settings)
    assert all("org/tiny" in r.path for r in fake_hub.requests)


def test_an_unreachable_hub(settings: Settings) -> None:
    endpoint = f"http://127.0.0.1:{closed_port()}"
    away = settings.model_copy(update={"hub_endpoint": endpoint})
    with pytest.raises(
        HubUnreachable, match=rf"{endpoint} cannot be reached .*give a local folder"
    ):
        fetch(MODEL, away, ignore_progress)


def test_an_endpoint_that_is_no_hub(settings: Settings) -> None:
    away = settings.model_copy(update={"hub_endpoint": "no-scheme"})
    with pytest.raises(HubUnreachable, match="no-scheme cannot be reached"):
        fetch_fast(away)


def test_a_data_set_is_pinned_with_its_train_split(fake_hub: FakeHub, settings: Settings) -> None:
    files = {
        "README.md": b"card",
        "data/train-00000-of-00001.parquet": b"rows",
        "data/test-00000-of-00001.parquet": b"other rows",
        "train.jsonl": b"the same rows",
    }
    repo = fake_hub.add("datasets/org/chat", files)
    folder = fetch_dataset("org/chat", None, settings, ignore_progress)
    assert folder.name == repo.commit_of("main")
    found = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    assert found == ["data/train-00000-of-00001.parquet"]
    (folder / found[0]).write_bytes(b"changed")
    assert fetch_dataset("org/chat", None, settings, ignore_progress) == folder
    assert (folder / found[0]).read_bytes() == b"rows"
    assert fetch_dataset("org/chat", folder.name, settings, ignore_progress) == folder
    assert marker_of(folder).exists()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["data.jsonl"], ["data.jsonl"]),
        (["rows.jsonl", "test.jsonl", "validation.jsonl"], ["rows.jsonl"]),
        (["main/train.jsonl", "socratic/train.jsonl"], ["main/train.jsonl"]),
        (["training_notes.jsonl", "train.jsonl"], ["train.jsonl"]),
        (["train.csv", "train.jsonl"], ["train.jsonl"]),
        (["train.csv", "README.md"], ["train.csv"]),
    ],
)
def test_which_data_files_are_taken(
    fake_hub: FakeHub, settings: Settings, names: list[str], expected: list[str]
) -> None:
    fake_hub.add("datasets/org/rows", dict.fromkeys(names, b"{}\n"))
    folder = fetch_dataset("org/rows", None, settings, ignore_progress)
    found = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    assert found == expected


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["data.xlsx", "README.md"], r"no training data as .*\.csv files \(it has .md, .xlsx"),
        (["test.jsonl"], "no training data"),
        (["en/train.jsonl", "de/train.jsonl"], r"2 folders \(de, en\)"),
    ],
)
def test_data_sets_without_usable_files(
    fake_hub: FakeHub, settings: Settings, names: list[str], message: str
) -> None:
    fake_hub.add("datasets/org/rows", dict.fromkeys(names, b"{}\n"))
    with pytest.raises(DataError, match=message):
        fetch_dataset("org/rows", None, settings, ignore_progress)
    with pytest.raises(DataError, match="not of the form org/name"):
        fetch_dataset("no spaces please", None, settings, ignore_progress)


def test_what_the_hub_says_is_kept_with_the_snapshot(
    fake_hub: FakeHub, settings: Settings, repo: FakeRepo
) -> None:
    assert fetch_fast(settings).hub is not None
    repo.facts = {
        "author": "org",
        "createdAt": "2026-01-02T03:04:05.000Z",
        "lastModified": "2026-02-03T04:05:06.000Z",
        "securityRepoStatus": {
            "scansDone": True,
            "filesWithIssues": [{"path": "pytorch_model.bin", "level": "unsafe"}],
        },
    }
    artifact = fetch_fast(settings)
    assert artifact.hub == HubFacts(
        endpoint=settings.hub_endpoint,
        asked="org/tiny",
        resolved="org/tiny",
        author="org",
        created_at="2026-01-02T03:04:05+00:00",
        modified_at="2026-02-03T04:05:06+00:00",
        scans_done=True,
        flagged=(FlaggedFile("pytorch_model.bin", "unsafe"),),
    )
    assert artifact.hub.asked_at
    commit = repo.commit_of("main")
    n_requests = len(fake_hub.requests)
    assert fetch_fast(settings, Target(TargetKind.HUB, "org/tiny", commit)).hub == artifact.hub
    assert len(fake_hub.requests) == n_requests


def test_a_repo_that_moved_is_followed_and_told(
    fake_hub: FakeHub, settings: Settings, repo: FakeRepo
) -> None:
    fake_hub.repos["old/tiny"] = FakeRepo({"main": {}}, moved_to="org/tiny")
    artifact = fetch_fast(settings, Target(TargetKind.HUB, "old/tiny"))
    assert artifact.commit == repo.commit_of("main")
    assert artifact.hub is not None
    assert (artifact.hub.asked, artifact.hub.resolved) == ("old/tiny", "org/tiny")


@pytest.mark.parametrize("status", [{"filesWithIssues": 3}, {"filesWithIssues": [{}]}])
def test_a_scan_status_of_another_form_is_no_usable_answer(
    settings: Settings, repo: FakeRepo, status: object
) -> None:
    repo.facts = {"securityRepoStatus": status}
    with pytest.raises(HubUnreachable, match="does not answer like a Hub"):
        fetch_fast(settings)
