"""The house rules that import-linter cannot see (its contracts run in `make check`)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pages._address import BOUND

ROOT = Path(__file__).parent.parent
ROOMS = sorted((ROOT / "inspector").rglob("*.py"))
PAGES = sorted((ROOT / "pages").glob("*.py"))

MAX_LINES = 450
MAX_PAGE_LINES = 130
# Longer on purpose, with the most they may have: the vocabulary and the straight path are each
# meant to be read in one place. (pages/_shared.py is no page: what several pages draw.)
LONGER = {"inspector/inspection.py": 600, "pages/_shared.py": 200}


def loaded_by(statement: str, among: set[str]) -> set[str]:
    """Which of these packages a fresh interpreter holds after the statement."""
    code = f"import sys; {statement}; print(*sorted({among!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_probe_itself_sees_what_is_loaded() -> None:
    assert loaded_by("import duckdb", {"duckdb", "torch"}) == {"duckdb"}


def test_dashboard_and_command_never_import_the_engines_libraries() -> None:
    pages = [f"pages.{p.stem}" for p in PAGES if p.stem.startswith("_") and p.stem[1] != "_"]
    rooms = ["inspection", "cli", "jobs", "history", "progress", "charts", "report", "labels"]
    rooms += ["overview", "storage", "health", "federate.path", "federate.participants"]
    modules = pages + [f"inspector.{room}" for room in rooms]
    heavy = {"torch", "transformers", "peft", "safetensors", "tokenizers"}
    assert loaded_by(f"import {', '.join(modules)}", heavy) == set()


@pytest.mark.parametrize("page", [p.name for p in PAGES if not p.name.startswith("_")])
def test_no_page_imports_the_engine_or_what_it_wraps(page: str) -> None:
    """Pages run when they are imported, so their import statements are read instead."""
    names = imported(ROOT / "pages" / page)
    assert not {n for n in names if n.split(".")[0] in {"torch", "transformers", "peft", "duckdb"}}
    assert not {n for n in names if n.startswith(("inspector.engine", "inspector.scenarios"))}


def test_workers_import_neither_dashboard_nor_database() -> None:
    modules = "inspector.inspection, inspector.jobs.worker"
    assert loaded_by(f"import {modules}", {"streamlit", "duckdb", "torch", "altair"}) == set()


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in [*ROOMS, *PAGES, ROOT / "app.py"]
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_files_stay_short() -> None:
    too_long = {}
    for path in [*ROOMS, *PAGES]:
        name = str(path.relative_to(ROOT))
        usual = MAX_PAGE_LINES if path.parent.name == "pages" else MAX_LINES
        n_lines = len(path.read_text().splitlines())
        if n_lines > LONGER.get(name, usual):
            too_long[name] = n_lines
    assert too_long == {}


def test_only_the_command_prints() -> None:
    printing = [
        str(path.relative_to(ROOT))
        for path in ROOMS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and path.parent.name != "cli"
    ]
    assert printing == []


def test_no_room_is_a_drawer_for_odds_and_ends() -> None:
    names = {path.stem for path in ROOMS} | {path.parent.name for path in ROOMS}
    assert not {n for n in names if re.search(r"util|helper|manager|misc|common$", n)}


def test_the_picture_shows_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {p.stem for p in (ROOT / "inspector").glob("*.py") if not p.stem.startswith("__")}
    rooms |= {p.parent.name for p in (ROOT / "inspector").glob("*/__init__.py")}
    missing = sorted(r for r in rooms if not re.search(rf"\b{re.escape(r)}\b", text))
    assert missing == []


def test_no_suppressed_rule_without_its_name() -> None:
    vague = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [*ROOMS, *PAGES]
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(r"#\s*(type:\s*ignore|noqa)(?![\[:])", line)
    ]
    assert vague == []


def test_every_widget_in_the_address_is_let_go_when_its_page_is_left() -> None:
    """What `pages/_address.py` does not name would narrow another page that has the same key."""
    bound: set[str] = set()
    for path in PAGES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            given = {k.arg: k.value for k in node.keywords if k.arg is not None}
            spread = {
                ast.unparse(k.value).rpartition(".")[2] for k in node.keywords if k.arg is None
            }
            if ("bind" in given or spread & {"url", "URL", "pick"}) and "key" in given:
                key = given["key"]
                assert isinstance(key, ast.Constant), f"{path.name}: the key must be a plain text"
                bound.add(str(key.value))
    assert bound == set(BOUND)
