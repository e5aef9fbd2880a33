"""The CSV opened by a real spreadsheet: every cell is a value, none is computed."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from inspector.report.csv_tables import render_csv
from tests.report_formats.sample import hostile, sample

FORMULAS = '=1+1\n=HYPERLINK("http://x.invalid","open")\n@SUM(1;2)\n+1+2\n-1+2\n=cmd|\'/c x\'!A1'


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "hostile"])
def test_libreoffice_computes_nothing_and_keeps_every_row(tmp_path: Path, name: str) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("needs LibreOffice (Debian: libreoffice-calc-nogui)")
    contents = sample() if name == "plain" else hostile(FORMULAS)
    path = tmp_path / "report.csv"
    path.write_bytes(render_csv(contents))
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "fods", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(path)], check=True, capture_output=True, timeout=300)
    sheet = (tmp_path / "report.fods").read_text(encoding="utf-8")
    assert "table:formula" not in sheet
    assert "text:a " not in sheet  # no cell became a link
    assert len(re.findall(r"<table:table-row", sheet)) == len(rows)
    if name == "hostile":
        assert "=HYPERLINK(" in sheet  # there, as text
