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
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from inspector.errors import PlanError
from inspector.records import (
    Amplify,
    FineTune,
    JudgeChoice,
    JudgeKind,
    Merge,
    Noise,
    Plan,
    Prune,
    Quantize,
    Sampling,
    Scenario,
    SuiteChoice,
)

T = TypeVar("T")
PRESETS = ("quick", "standard", "deep")
_OWN = ("calibrate",)  # for the scorecard: a plan like the others, not offered first
_FOLDER = Path(__file__).parent
_TABLES: dict[str, type] = {
    "suites": SuiteChoice,
    "sampling": Sampling,
    "judges": JudgeChoice,
    "amplify": Amplify,
}
# The `operation` of a scenario; a scenario that names none is a fine-tuning.
OPERATIONS: dict[str, type[Scenario]] = {
    "fine-tune": FineTune,
    "quantize": Quantize,
    "prune": Prune,
    "merge": Merge,
    "noise": Noise,
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
    fine-tunings, the last fine-tuning is repeated, so that every file is used. Operations without
    data come after them as they are.
    """
    if not files:
        return plan
    tunings = [s for s in plan.scenarios if isinstance(s, FineTune)]
    others = [s for s in plan.scenarios if not isinstance(s, FineTune)]
    if not tunings:
        raise PlanError(
            f"Plan {plan.name} has no fine-tuning that the given data could be used in."
        )
    scenarios: list[FineTune] = []
    for k in range(max(len(files), len(tunings))):
        source = tunings[min(k, len(tunings) - 1)]
        file = files[k % len(files)]
        stem = (
            "".join(
                c if c.isascii() and c.isalnum() else "-" for c in Path(file).stem.lower()
            ).strip("-")
            or "own"
        )
        name = f"{source.method}-{stem}"[:56].rstrip("-")
        taken = {s.name for s in (*scenarios, *others)}
        n = 1
        while (numbered := name if n == 1 else f"{name}-{n}") in taken:
            n += 1
        scenarios.append(replace(source, name=numbered, data=file))
    return replace(plan, scenarios=(*scenarios, *others))


def with_probes(plan: Plan, files: Iterable[str]) -> Plan:
    """The plan with the user's own suites asked as well, whole."""
    return replace(plan, suites=plan.suites + tuple(SuiteChoice(str(f)) for f in files))


def _read(path: Path, name: str) -> Plan:
    return parse_plan(path.read_bytes(), path, name)


def parse_plan(content: bytes, path: Path, name: str) -> Plan:
    """The plan that a plan file holds.

    path: how messages call the file; data and suites named in it may lie beside it. name: of a plan
    that names itself not. Raises PlanError as `load_plan` does.
    """
    try:
        table = tomllib.loads(content.decode())
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
    scenarios = table.pop("scenarios", [])
    if not isinstance(scenarios, list):
        raise PlanError(f"The plan file {path}: scenarios must be tables, each [[scenarios]].")
    made = tuple(_scenario(path, number, entry) for number, entry in enumerate(scenarios))
    return _made(path, "", Plan, {"name": name, "scenarios": made, **table})


def _scenario(path: Path, number: int, entry: Any) -> Scenario:
    """One [[scenarios]] table as the record of its operation."""
    where = f"scenarios.{number}."
    if not isinstance(entry, dict):
        raise PlanError(f"The plan file {path}: scenarios.{number} is {entry!r}; give a table.")
    operation = entry.get("operation", "fine-tune")
    if not isinstance(operation, str) or operation not in OPERATIONS:
        raise PlanError(
            f"The plan file {path}: {where}operation is {operation!r}; give one of "
            f"{', '.join(OPERATIONS)}."
        )
    kind = OPERATIONS[operation]
    _check_keys(path, "scenarios.", entry, kind)
    return _made(path, where, kind, entry)


def _made(path: Path, prefix: str, kind: type[T], values: dict[str, Any]) -> T:
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = prefix + ".".join(str(part) for part in first["loc"])
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
