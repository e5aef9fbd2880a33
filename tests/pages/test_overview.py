"""Overview is the first page: what is at work and what was done, and it loads nothing heavy."""

import os
import subprocess
import sys
from pathlib import Path

from tests.pages.conftest import EVIDENCE, ROOT, Open

HEAVY = ("torch", "transformers", "peft", "scipy", "huggingface_hub")


def test_recent_inspections_are_one_press_away(inspections: Path, open_page: Open) -> None:
    app = open_page()
    badges = [e.value for e in app.markdown if "badge" in e.value]
    words = ("Unfinished", "No evidence found", "Evidence")
    assert [word in badge for word, badge in zip(words, badges, strict=True)] == [True] * 3
    app.button(key=EVIDENCE).click().run()
    assert app.query_params["run"] == EVIDENCE


def test_the_first_page_loads_nothing_heavy(home: Path) -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(ROOT / 'app.py')!r}, default_timeout=60).run()\n"
        "assert not app.exception and app.title, app\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"INSPECTOR_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""
