"""The example workflow: valid YAML, and every command in it is one that the command line knows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml  # type: ignore[import-untyped]

from inspector.cli import app
from inspector.report import RENDERINGS

DOCS = Path(__file__).parents[2] / "docs"


def steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load((DOCS / "pipeline-example.yml").read_text())
    return list(workflow["jobs"]["inspect"]["steps"])


def commands() -> list[list[str]]:
    runs = [shlex.split(step["run"]) for step in steps() if "run" in step]
    return [run[run.index("inspector") + 1 :] for run in runs if "-m" in run]


def test_it_inspects_gates_reports_and_uploads() -> None:
    assert [command[0] for command in commands()] == ["inspect", "report"]
    assert "--policy" in commands()[0]
    upload = next(step for step in steps() if "upload-sarif" in step.get("uses", ""))
    assert upload["if"] == "always()"


@pytest.mark.parametrize("arguments", commands(), ids=lambda a: a[0])
def test_its_options_exist(arguments: list[str]) -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, click.Group) or hasattr(root, "commands")
    known = {o for p in root.commands[arguments[0]].params for o in p.opts}
    asked = {word for word in arguments if word.startswith("--")}
    assert asked <= known


def test_its_formats_exist() -> None:
    report = commands()[1]
    formats = [report[k + 1] for k, word in enumerate(report) if word == "--format"]
    assert {"sarif", "pdf"} <= set(formats) <= set(RENDERINGS)


def test_the_document_names_every_key_of_a_policy() -> None:
    text = (DOCS / "pipeline.md").read_text()
    for key in re.findall(r"^(\w+)", (DOCS / "policy-example.toml").read_text(), re.MULTILINE):
        assert key in text
