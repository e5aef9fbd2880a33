"""Published scanners and the inspector on the same corpus, misses included.

Run `python -m tests.scan.compare_scanners [--venvs FOLDER] [--write]`: builds every case, gives
each published scanner a virtual environment of its own (made once in FOLDER), runs it on every
folder with its own defaults, and prints the tables; `--write` puts them into docs/scanners.md.

What counts: a hostile case is found where the scanner reports anything as bad as its own "unsafe",
"suspicious" or an issue of any severity; an error is counted apart, because a pipeline would see
it. The two that read single files (fickling, modelaudit-picklescan) get those with the names of
pickles and archives, as picklescan chooses in a folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from inspector.errors import TargetError
from inspector.fetch.as_found import fetch_as_found
from inspector.fetch.local import fetch_local
from inspector.records import Severity, Target, TargetKind
from inspector.scan import scan
from tests.fetch.tiny_files import ignore_progress
from tests.scan.corpus import REFUSED, Case, gather

DOCUMENT = Path(__file__).parents[2] / "docs" / "scanners.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
FOUND, MISSED, STOPPED = "found", "missed", "stopped"
CLAIMED = ("disguises", "pickles")  # the rooms that pickle scanners are made for

_LOOP = """
import json, logging, pathlib, sys
logging.disable(logging.CRITICAL)
NAMES = (".bin .pt .pth .pt2 .ckpt .pkl .pickle .joblib .dill .npy .npz .dat .data .zip .nemo .mar "
         ".7z .tar .gz .bz2 .xz").split()
def files(folder):
    return [p for p in sorted(pathlib.Path(folder).rglob("*")) if p.is_file() and p.suffix in NAMES]
def run(look):
    answers = {}
    for name in sorted(p.name for p in pathlib.Path(sys.argv[1]).iterdir()):
        try:
            found = look(pathlib.Path(sys.argv[1]) / name / "artifact")
            answers[name] = "found" if found else "missed"
        except BaseException as error:
            answers[name] = "stopped"
    pathlib.Path(sys.argv[2]).write_text(json.dumps(answers))
"""


@dataclass(frozen=True)
class Published:
    """One scanner. requirement: what pip installs. look: Python source of `look(folder)`."""

    name: str
    requirement: str
    look: str


PUBLISHED = (
    Published(
        "picklescan",
        "picklescan==1.0.5",
        "from picklescan.scanner import scan_directory_path\n"
        "def look(folder):\n"
        "    result = scan_directory_path(str(folder))\n"
        "    if result.scan_err and not result.issues_count: raise ValueError\n"
        "    return result.issues_count > 0\n",
    ),
    Published(
        "modelaudit-picklescan",
        "modelaudit-picklescan==0.1.12",
        "from modelaudit_picklescan import scan_file\n"
        "def look(folder):\n"
        "    reports = [scan_file(p) for p in files(folder)]\n"
        "    if any(r.verdict.value in ('malicious', 'suspicious') for r in reports): return True\n"
        "    if any(r.status.value != 'complete' for r in reports): raise ValueError\n"
        "    return False\n",
    ),
    Published(
        "fickling",
        "fickling==0.1.12 typing_extensions",  # which it needs on Python 3.11 and does not declare
        "from fickling import is_likely_safe\n"
        "def look(folder):\n"
        "    return not all([is_likely_safe(str(p)) for p in files(folder)])\n",
    ),
    Published(
        "modelscan",
        "modelscan==0.8.8",
        "from modelscan.modelscan import ModelScan\n"
        "def look(folder):\n"
        "    result = ModelScan().scan(str(folder))\n"
        "    if result['issues']: return True\n"
        "    if result['errors']: raise ValueError\n"
        "    return False\n",
    ),
)


def build(cases: Mapping[str, Case], place: Path) -> dict[str, Path]:
    """Every case as NUMBER/artifact, and its base beside it."""
    folders = {}
    for number, (name, case) in enumerate(cases.items()):
        folders[name] = place / f"{number:04}" / "artifact"
        folders[name].mkdir(parents=True)
        case.build(folders[name])
        if case.build_base is not None:
            base = folders[name].with_name("base")
            base.mkdir()
            case.build_base(base)
    return folders


def ask_published(one: Published, venvs: Path, folders: Mapping[str, Path]) -> dict[str, str]:
    """Its answer for each case, by name."""
    python = venvs / one.name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(venvs / one.name)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", *one.requirement.split()]
        subprocess.run(pip, check=True)
    cases = next(iter(folders.values())).parents[1]
    with tempfile.TemporaryDirectory() as place:
        answers = Path(place) / "answers.json"
        code = f"{_LOOP}\n{one.look}\nrun(look)\n"
        command = [str(python), "-c", code, str(cases), str(answers)]
        subprocess.run(command, check=True, capture_output=True, cwd=place)
        by_number = json.loads(answers.read_text())
    return {name: by_number[folder.parent.name] for name, folder in folders.items()}


def ask_inspector(cases: Mapping[str, Case], folders: Mapping[str, Path]) -> dict[str, str]:
    """Its answer for each case: a finding above `info`, or one as grave as the case says."""
    answers = {}
    for name, folder in folders.items():
        case = cases[name]
        target = Target(TargetKind.LOCAL, str(folder.resolve()))
        base = None
        if case.build_base is not None:
            place = Target(TargetKind.LOCAL, str(folder.with_name("base").resolve()))
            base = fetch_local(place, ignore_progress)
        try:
            artifact = replace(fetch_as_found(target, ignore_progress), skipped=case.skipped)
        except TargetError:
            answers[name] = FOUND if REFUSED in case.rule_ids else STOPPED
            continue
        wanted = case.severity.rank if case.is_hostile else Severity.INFO.rank + 1
        worst = max((f.severity.rank for f in scan(artifact, base)), default=-1)
        answers[name] = FOUND if worst >= wanted or REFUSED in case.rule_ids else MISSED
    return answers


def tables(cases: Mapping[str, Case], answers: Mapping[str, Mapping[str, str]]) -> str:
    """Markdown: what each found, room by room; then the names of what each missed."""
    rooms = sorted({name.partition("/")[0] for name in cases})
    scanners = list(answers)
    lines = [
        f"{len(cases)} cases, {sum(c.is_hostile for c in cases.values())} of them hostile; "
        f"{machine()}. Each cell: hostile cases found, of how many; in brackets those where the "
        "scanner stopped with an error instead. Last row: benign cases flagged (stopped).",
        "",
        f"| room | {' | '.join(scanners)} |",
        f"|---|{'---|' * len(scanners)}",
    ]
    for room in rooms:
        names = [n for n, c in cases.items() if n.startswith(f"{room}/") and c.is_hostile]
        cells = [_cell(answers[s], names) for s in scanners]
        lines.append(f"| {room} | {' | '.join(cells)} |")
    benign = [n for n, c in cases.items() if not c.is_hostile]
    lines.append(f"| benign flagged | {' | '.join(_cell(answers[s], benign) for s in scanners)} |")
    lines += ["", f"Missed in the rooms {' and '.join(CLAIMED)}:", ""]
    for scanner in scanners:
        missed = [
            name.partition("/")[2]
            for name, case in cases.items()
            if case.is_hostile and name.startswith(CLAIMED) and answers[scanner][name] == MISSED
        ]
        lines.append(f"- {scanner}: {', '.join(missed) or 'none'}")
    return "\n".join(lines)


def _cell(answers: Mapping[str, str], names: list[str]) -> str:
    n_found = sum(answers[n] == FOUND for n in names)
    n_stopped = sum(answers[n] == STOPPED for n in names)
    return f"{n_found} of {len(names)}" + (f" ({n_stopped})" if n_stopped else "")


def machine() -> str:
    """The processor and how many cores of it there are."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = {line.partition(": ")[2] for line in lines if line.startswith("model name")}
    return f"{os.cpu_count()} cores of {', '.join(models)}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    default = Path(tempfile.gettempdir()) / "inspector-scanners"
    parser.add_argument("--venvs", type=Path, default=default)
    parser.add_argument("--write", action="store_true", help="put the tables into the document")
    options = parser.parse_args()
    cases = gather()
    with tempfile.TemporaryDirectory() as place:
        folders = build(cases, Path(place))
        answers = {"inspector": ask_inspector(cases, folders)}
        for one in PUBLISHED:
            answers[one.requirement.partition(" ")[0].replace("==", " ")] = ask_published(
                one, options.venvs, folders
            )
    text = tables(cases, answers)
    sys.stdout.write(text + "\n")
    if options.write:
        before, _, rest = DOCUMENT.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
