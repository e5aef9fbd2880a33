"""Plans that were edited: kept under the home by digest, so that an address can name one.

Comes in: a Plan, or a name. Goes out: the name `own-DIGEST` under which it is kept, or the Plan of
that name. A kept plan is an ordinary plan file. Names come from addresses, which anybody may write:
only a preset's name and `own-` with sixteen hexadecimal digits are looked up.
"""

from __future__ import annotations

import re
from pathlib import Path

from inspector.errors import PlanError
from inspector.files import write_atomic
from inspector.plans import PRESETS, load_plan, parse_plan
from inspector.plans.writing import to_toml
from inspector.records import Plan, digest_of
from inspector.settings import Settings

_NAME = re.compile(r"own-[0-9a-f]{16}")
_EDITED = " (edited)"


def keep_plan(plan: Plan, settings: Settings) -> str:
    """The name of a kept plan; the same plan is kept once."""
    text = to_toml(plan)
    name = f"own-{digest_of([text])[:16]}"
    path = settings.plans / f"{name}.toml"
    if not path.exists():
        write_atomic(path, text)
    return name


def named_plan(name: str, settings: Settings) -> Plan:
    """The preset or the kept plan of that name; raises PlanError where there is none."""
    if name in PRESETS:
        return load_plan(name)
    path = settings.plans / f"{name}.toml"
    if _NAME.fullmatch(name) and path.is_file():
        return load_plan(str(path))
    raise PlanError(
        f"There is no plan {name[:40]!r} here; choose one of {', '.join(PRESETS)}, or upload its "
        "plan file."
    )


def uploaded_plan(content: bytes, file_name: str) -> Plan:
    """The plan in an uploaded file, called after the file where it does not name itself."""
    path = Path(Path(file_name).name)
    return parse_plan(content, path, path.stem)


def edited_name(name: str) -> str:
    """What a changed plan is called: `quick (edited)`, however often it is changed."""
    return name if name.endswith(_EDITED) else name + _EDITED
