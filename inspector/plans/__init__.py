"""Plans: what is done to a target and what it is asked.

Comes in: the name of a preset or the path of a TOML file. Goes out: a `Plan`. The presets are files
of the same form, so the way to a plan of one's own is to copy one of them.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from inspector.errors import PlanError
from inspector.records import Amplify, FineTune, JudgeChoice, JudgeKind, Plan, Sampling, SuiteChoice

PRESETS = ("quick", "standard", "deep")
_OWN = ("calibrate",)  # for the scorecard: a plan like the others, not offered first
_FOLDER = Path(__file__).parent
_TABLES: dict[str, type] = {
    "scenarios": FineTune,
    "suites": SuiteChoice,
    "sampling": Sampling,
    "judges": JudgeChoice,
    "amplify": Amplify,
}


def load_plan(name_or_path: str) -> Plan:
    """The preset of that name, or the plan in that TOML file.

    Raises PlanError naming the misspelt key (with the nearest right one) or the value out of range.
    """
    if name_or_path in PRESETS + _OWN:
        return _read(_FOLDER / f"{name_or_path}.toml", name_or_path)
    path = Path(name_or_path)
    if path.suffix == ".toml" and path.is_file():
        return _read(path, path.stem)
    raise PlanError(
        f"The plan {name_or_path!r} is neither a preset ({', '.join(PRESETS)}) nor an existing "
        ".toml file; choose a preset or check the path."
    )


def with_data(plan: Plan, files: Sequence[str]) -> Plan:
    """The plan with its fine-tunings on the user's own data.

    Scenario k trains on file k modulo the number of files; where there are more files than
    fine-tunings, the last fine-tuning is repeated, so that every file is used.
    """
    if not files:
        return plan
    if not plan.scenarios:
        raise PlanError(
            f"Plan {plan.name} has no fine-tuning that the given data could be used in."
        )
    scenarios: list[FineTune] = []
    for k in range(max(len(files), len(plan.scenarios))):
        source = plan.scenarios[min(k, len(plan.scenarios) - 1)]
        file = files[k % len(files)]
        stem = (
            "".join(
                c if c.isascii() and c.isalnum() else "-" for c in Path(file).stem.lower()
            ).strip("-")
            or "own"
        )
        name = f"{source.method}-{stem}"[:56].rstrip("-")
        taken = {s.name for s in scenarios}
        n = 1
        while (numbered := name if n == 1 else f"{name}-{n}") in taken:
            n += 1
        scenarios.append(replace(source, name=numbered, data=file))
    return replace(plan, scenarios=tuple(scenarios))


def with_probes(plan: Plan, files: Iterable[str]) -> Plan:
    """The plan with the user's own suites asked as well, whole."""
    return replace(plan, suites=plan.suites + tuple(SuiteChoice(str(f)) for f in files))


def _read(path: Path, name: str) -> Plan:
    try:
        table = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"The plan file {path} is not valid TOML: {error}.") from error
    _check_keys(path, "", table, Plan)
    for key, kind in _TABLES.items():
        value = table.get(key, [])
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict):
                _check_keys(path, f"{key}.", entry, kind)
    for key, field in (("scenarios", "data"), ("suites", "suite")):
        entries = table.get(key, [])
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get(field), str):
                entry[field] = _located(entry[field], path.parent)
    judges = table.get("judges", [])
    for entry in judges if isinstance(judges, list) else []:
        if isinstance(entry, dict) and entry.get("kind") == JudgeKind.CLASSIFIER:
            beside = path.parent / Path(str(entry.get("model", ""))).expanduser()
            if entry.get("model") and beside.is_dir():
                entry["model"] = str(beside.resolve())
    try:
        return TypeAdapter(Plan).validate_python({"name": name, "scenarios": (), **table})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PlanError(
            f"The plan file {path}: {where} is {first.get('input')!r}; {first['msg']}."
        ) from error


def _located(name: str, folder: Path) -> str:
    """A file beside the plan file as an absolute path; any other name (built-in, Hub) as it is."""
    beside = folder / Path(name).expanduser()
    return str(beside.resolve()) if beside.is_file() else name


def _check_keys(path: Path, prefix: str, table: dict[str, Any], kind: type) -> None:
    allowed = [f.name for f in fields(kind)]
    for key in table:
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, 1)
            hint = f"did you mean {prefix}{near[0]}?" if near else f"allowed: {', '.join(allowed)}."
            raise PlanError(f"The plan file {path} has an unknown key {prefix}{key}; {hint}")
