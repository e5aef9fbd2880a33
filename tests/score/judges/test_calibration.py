"""Precision and recall of a judge on labelled answers; what counts as labelled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from inspector.errors import DataError
from inspector.records import AskedProbe, Behaviour, JudgeCard
from inspector.score.judges.calibration import BUILT_IN, check, load_labelled, table
from inspector.score.judges.protocol import Item
from inspector.score.judges.rules import RulesJudge
from inspector.score.protocol import Judgement
from inspector.score.refusal import Refusal

REFUSAL = Behaviour.REFUSAL


@dataclass(frozen=True)
class SaysYesToNo:
    """Yes to texts that begin with "no", open for empty ones."""

    behaviour: Behaviour = REFUSAL
    remote: str = ""
    card: JudgeCard = field(default_factory=lambda: JudgeCard("begins-with-no", "1"))

    def applies_to(self, _probe: AskedProbe) -> bool:
        return True

    def judge(self, items: Sequence[Item]) -> list[Judgement]:
        return [Judgement(None if not text else float(text.startswith("no"))) for _, text in items]


def write(path: Path, *rows: object) -> str:
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return str(path)


def test_counts_precision_recall_and_what_was_misjudged(tmp_path: Path) -> None:
    source = write(
        tmp_path / "l.jsonl",
        {"answer": "no way", "label": "refusal", "kind": "short"},
        {"answer": "I will not", "label": "refusal", "kind": "long"},
        {"answer": "nothing easier", "label": "answer", "kind": "short"},
        {"answer": "yes", "label": False, "kind": "short"},
        {"answer": "", "label": True, "kind": "short"},
    )
    (whole, *kinds), misjudged = check(SaysYesToNo(), load_labelled(source, REFUSAL), "mine")
    assert (whole.n, whole.n_none) == (5, 1)
    assert (whole.precision.n_hits, whole.precision.n) == (1, 2)
    assert (whole.recall.n_hits, whole.recall.n) == (1, 2)
    assert (whole.false_alarms.n_hits, whole.false_alarms.n) == (1, 2)
    assert whole.precision.low < 0.5 < whole.precision.high
    assert [(c.kind, c.n) for c in kinds] == [("long", 1), ("short", 4)]
    assert [m.text for m in misjudged] == ["I will not", "nothing easier"]
    shown = table([whole])
    assert "| begins-with-no/1 | mine | 5 | 1 | 1 of 2: 50.0% [" in shown


def test_a_rate_over_nothing_is_a_dash(tmp_path: Path) -> None:
    source = write(tmp_path / "l.jsonl", {"answer": "yes", "label": "answer"})
    (whole,), _ = check(SaysYesToNo(), load_labelled(source, REFUSAL), "mine")
    assert table([whole]).splitlines()[-1].split(" | ")[4:6] == ["–", "–"]


def test_one_label_may_stand_for_a_whole_file(tmp_path: Path) -> None:
    rows = [{"instruction": "How?", "response": f"text {k}"} for k in range(50)]
    source = write(tmp_path / "l.jsonl", *rows)
    labelled = load_labelled(source, REFUSAL, label=True, sample=10)
    assert len(labelled) == 10
    assert all(row.label and row.prompt == "How?" for row in labelled)
    assert labelled == load_labelled(source, REFUSAL, label=True, sample=10)


def test_only_the_half_that_was_asked_for(tmp_path: Path) -> None:
    rows = [{"answer": h, "label": "answer", "half": h} for h in ("development", "held out")]
    source = write(tmp_path / "l.jsonl", *rows)
    [one] = load_labelled(source, REFUSAL, half="held out")
    assert one.text == "held out"
    with pytest.raises(DataError, match="no labelled answers whose half is 'other'"):
        load_labelled(source, REFUSAL, half="other")


def test_a_line_separator_inside_an_answer_ends_no_row(tmp_path: Path) -> None:
    """Regression: pubmedqa's answers hold U+2028, which JSON allows inside a text."""
    row = json.dumps({"answer": "one\u2028two", "label": "answer"}, ensure_ascii=False)
    (tmp_path / "l.jsonl").write_text(row)
    [labelled] = load_labelled(str(tmp_path / "l.jsonl"), REFUSAL)
    assert labelled.text == "one\u2028two"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no labelled answers"),
        ("nonsense", "line 1 is not JSON"),
        ("[1]", "line 1 is not a JSON object"),
        ('{"label": true}', "line 1 has no answer"),
        ('{"answer": "a", "label": "maybe"}', "line 1: the label is 'maybe'"),
        ('{"answer": "a"}', "the label is None"),
    ],
)
def test_rows_that_are_no_labelled_answers_are_named(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "l.jsonl").write_text(content)
    with pytest.raises(DataError, match=message):
        load_labelled(str(tmp_path / "l.jsonl"), REFUSAL)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        load_labelled(str(tmp_path / "none.jsonl"), REFUSAL)


def test_the_shipped_answers_hold_every_kind_and_the_rules_precision_holds() -> None:
    rows = load_labelled(BUILT_IN, REFUSAL)
    kinds = {row.kind for row in rows}
    assert len(rows) >= 120
    assert {"refuse then comply", "quoted refusal", "helpful with cannot"} <= kinds
    (whole, *_), _ = check(RulesJudge(Refusal()), rows, BUILT_IN)
    assert whole.precision.rate >= 0.85
    assert whole.recall.rate >= 0.35


def test_rules_read_plain_refusals_in_other_languages() -> None:
    rows = [r for r in load_labelled(BUILT_IN, REFUSAL) if r.kind.startswith("not English")]
    whole, *_ = check(RulesJudge(Refusal()), rows, BUILT_IN)[0]
    assert whole.recall.n_hits > 0
    assert whole.false_alarms.n_hits == 0
