"""The machine, the token, versions and settings: told plainly, and no part of a token anywhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from inspector.errors import InspectorError
from inspector.health import (
    TokenState,
    graphics_cards,
    machine,
    packages,
    settings_in_force,
    token_state,
    torch_devices,
)
from inspector.settings import Settings

SECRET = "hf_abcdefghijklmnop"


def test_the_machine_is_read_from_proc(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name : Fast 9000\nmodel name : Other\n")
    (tmp_path / "meminfo").write_text("MemTotal:  2000 kB\nMemAvailable:    500 kB\n")
    here = machine(tmp_path)
    assert (here.processor, here.memory_bytes, here.memory_free_bytes) == (
        "Fast 9000",
        2_048_000,
        512_000,
    )
    assert 1 <= here.n_cores <= here.n_all
    assert machine(tmp_path / "nowhere").memory_bytes is None


def test_graphics_cards_are_what_the_drivers_tool_lists() -> None:
    listing = (sys.executable, "-c", "print('Card A, 80 GiB, 1.2\\n\\nCard B, 80 GiB, 1.2')")
    assert graphics_cards(listing) == ("Card A, 80 GiB, 1.2", "Card B, 80 GiB, 1.2")
    assert graphics_cards(("no-such-tool-anywhere",)) == ()
    assert graphics_cards((sys.executable, "-c", "raise SystemExit(9)")) == ()


def test_torch_is_asked_in_a_process_of_its_own() -> None:
    lines = torch_devices()
    assert lines[0].startswith("torch 2.")
    with pytest.raises(InspectorError, match="could not be asked"):
        torch_devices((sys.executable, "-c", "print('x')"))


@pytest.mark.parametrize(
    ("environment", "state"),
    [
        ({"HF_TOKEN": SECRET}, TokenState(True, "HF_TOKEN")),
        ({"HUGGING_FACE_HUB_TOKEN": SECRET}, TokenState(True, "HUGGING_FACE_HUB_TOKEN")),
        ({"HF_TOKEN": "  "}, TokenState(False)),
        ({}, TokenState(False)),
    ],
)
def test_where_a_token_comes_from(
    tmp_path: Path, environment: dict[str, str], state: TokenState
) -> None:
    found = token_state({"HF_HOME": str(tmp_path)} | environment)
    assert found == state
    assert SECRET not in repr(found)


def test_a_token_file_is_found_as_huggingface_hub_finds_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SECRET)
    for environment in (
        {"HF_HOME": str(tmp_path)},
        {"HF_TOKEN_PATH": str(tmp_path / "token"), "HF_HOME": "/nowhere"},
    ):
        assert token_state(environment) == TokenState(True, str(tmp_path / "token"))


def test_packages_are_compared_with_what_is_fixed(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(
        "# what\nstreamlit==1.67.0\npyarrow==0.0.1  # old\nduckdb>=2,<3\nno-such-thing==1\n"
    )
    assert [(p.name, p.required, p.fits) for p in packages(path)] == [
        ("streamlit", "==1.67.0", True),
        ("pyarrow", "==0.0.1", False),
        ("duckdb", ">=2,<3", None),
        ("no-such-thing", "==1", False),
    ]
    assert packages(tmp_path / "none.txt") == ()


def test_every_fixed_package_is_installed_here() -> None:
    assert [p.name for p in packages() if p.installed is None] == []


def test_settings_tell_the_variable_they_come_from(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, hub_endpoint="https://me:pass@hub.example:1/x", n_slots=2)
    lines = {line.name: line for line in settings_in_force(settings, {"INSPECTOR_HOME": "x"})}
    assert set(lines) == set(Settings.model_fields)
    assert (lines["home"].variable, lines["home"].is_given) == ("INSPECTOR_HOME", True)
    assert (lines["n_slots"].value, lines["n_slots"].is_given) == ("2", False)
    assert lines["hub_endpoint"].value == "https://…@hub.example:1/x"
    assert lines["signing_key"].value == "not set"
    assert all(line.meaning for line in lines.values())
