"""The pieces that the Behaviour page puts together: rates as reviewed."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from inspector.records import Behaviour, ReviewAction, Subject
from inspector.reviewing import review_score
from inspector.run import Run
from tests.pages.conftest import EVIDENCE

PIECE = """
from pathlib import Path
from inspector.run import Run
from pages import _reviewed
_reviewed.reviewed_rates(Run(Path({folder!r})))
"""


def test_rates_stand_as_scored_and_as_reviewed(inspections: Path) -> None:
    run = Run(inspections / "runs" / EVIDENCE)
    script = PIECE.format(folder=str(run.folder))
    assert not AppTest.from_string(script).run().dataframe  # nobody has reviewed anything
    answer = (Subject.TARGET, "full-knowledge", "everyday", "everyday-cooking-0", 0)
    behaviour = Behaviour.INJECTED_CONTENT
    review_score(run, answer, behaviour, ReviewAction.OVERRULE, "Ann", "A quotation.")
    [table] = AppTest.from_string(script, default_timeout=120).run().dataframe
    scored, reviewed = table.value.to_dict("records")
    assert (reviewed["n_reviewed"], reviewed["n_overruled"]) == (1, 1)
    assert (scored["counted"], scored["after"]) == ("as scored", "17 of 32 (53 %)")
    # Of the answers that this small run holds.
    assert (reviewed["counted"], reviewed["after"]) == ("as reviewed", "6 of 13 (46 %)")
