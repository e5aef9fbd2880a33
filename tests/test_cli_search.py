"""`search`, and a zip archive as the target of `inspect`."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from inspector.cli import app
from inspector.errors import HubUnreachable, TargetError
from tests.fetch.fake_hub import FACTS, FakeHub, closed_port, content_of, running_hub
from tests.fetch.tiny_files import write_model


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeHub]:
    with running_hub() as hub:
        hub.add("org/small", content_of(write_model(tmp_path / "small"))).facts = FACTS
        hub.add("org/tiny\u202e", {})
        yield hub


def command(home: Path, endpoint: str, *arguments: str) -> Result:
    environment = {"INSPECTOR_HOME": str(home), "HF_ENDPOINT": endpoint}
    return CliRunner().invoke(app, arguments, env=environment)


def test_search_prints_what_is_known_as_lines(tmp_path: Path, hub: FakeHub) -> None:
    done = command(tmp_path, hub.endpoint, "search", "SMALL")
    assert done.exit_code == 0
    heading, row = done.stdout.splitlines()
    assert heading.split("\t")[:3] == ["target", "kind", "parameters"]
    assert row.split("\t") == [
        "hf:org/small",
        "model",
        "904",
        "apache-2.0",
        "hf:org/base",
        "1234",
        "5",
        "4 Mar 2026",
        "gated: accept its terms on the Hub, and set HF_TOKEN",
    ]


def test_a_whole_id_is_told_in_full(tmp_path: Path, hub: FakeHub) -> None:
    done = command(tmp_path, hub.endpoint, "search", f"{hub.endpoint}/org/small")
    assert "Weights\tsafetensors\n" in done.stdout
    assert "The Hub's own scan\tflagged a.bin (unsafe)\n" in done.stdout
    found = json.loads(command(tmp_path, hub.endpoint, "search", "org/small", "--json").stdout)
    assert (found["kind"], found["base"]["location"]) == ("model", "org/base")


def test_the_first_part_of_an_id_is_a_search(tmp_path: Path, hub: FakeHub) -> None:
    (found,) = json.loads(command(tmp_path, hub.endpoint, "search", "org/sma", "--json").stdout)
    assert (found["name"], found["is_gated"]) == ("org/small", True)


def test_strange_names_stay_visible_characters(tmp_path: Path, hub: FakeHub) -> None:
    assert "hf:org/tiny\ufffd" in command(tmp_path, hub.endpoint, "search", "tiny").stdout


def test_nothing_found_is_said_on_stderr(tmp_path: Path, hub: FakeHub) -> None:
    done = command(tmp_path, hub.endpoint, "search", "zeppelin")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "has 'zeppelin' in its name" in done.stderr


def test_offline_is_one_error(tmp_path: Path) -> None:
    done = command(tmp_path, f"http://127.0.0.1:{closed_port()}", "search", "small")
    assert isinstance(done.exception, HubUnreachable)


def test_a_zip_without_a_model_starts_nothing(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "notes.zip", "w") as archive:
        archive.writestr("notes.txt", "no model")
    home = tmp_path / "home"
    done = command(home, "http://127.0.0.1:9", "inspect", str(tmp_path / "notes.zip"))
    assert isinstance(done.exception, TargetError)
    assert "The upload notes.zip holds no weights" in str(done.exception)
    assert not (home / "runs").exists()


def test_a_zip_stays_packed_where_the_control_is_a_mistake(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        for path in write_model(tmp_path / "model").iterdir():
            archive.write(path, path.name)
    home, zipped = tmp_path / "home", str(tmp_path / "model.zip")
    done = command(home, "http://127.0.0.1:9", "inspect", zipped, "--control", "nobody")
    assert isinstance(done.exception, TargetError)
    assert not (home / "uploads").exists()
