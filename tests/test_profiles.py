"""Late or early: shares by hand; drift against the control's; what a run folder holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.plans import load_plan
from inspector.profiles import (
    HEAD_TOKENS,
    MAX_BINS,
    bins_of,
    drift_lines,
    heat_cells,
    late_share,
    profile_of,
    read_ledger,
    read_positions,
)
from inspector.records import CoverageStatus, Divergence, Expectation, LayerDrift, Subject
from inspector.run import read_table, write_table


def answer(
    ratios: list[float], probe_id: str = "p", subject: Subject = Subject.TARGET
) -> Divergence:
    return Divergence(
        subject=subject,
        scenario="full",
        suite="everyday",
        probe_id=probe_id,
        sample_index=0,
        n_tokens=len(ratios),
        log_ratio=sum(ratios),
        late_share=late_share(ratios),
        before=tuple(-1.0 - r for r in ratios),
        after=(-1.0,) * len(ratios),
    )


def layer(
    number: int, drift: float, norm: float = 2.0, subject: Subject = Subject.TARGET
) -> LayerDrift:
    return LayerDrift(subject, "full", Expectation.DECLINE, number, drift, norm, 8, 100)


def test_late_share_is_what_lies_after_the_first_15_tokens() -> None:
    assert HEAD_TOKENS == 15
    assert late_share([1.0] * 15 + [3.0] * 5) == pytest.approx(0.5)
    assert late_share([2.0] * 15 + [0.0] * 30) == 0.0
    assert late_share([0.0] * 15 + [0.5] * 4) == 1.0
    # What became less likely is no divergence towards the answer.
    assert late_share([-9.0] * 15 + [1.0] * 2) == 1.0


@pytest.mark.parametrize("ratios", [[], [5.0] * 15, [0.01] * 40, [-1.0] * 40])
def test_short_or_unmoved_answers_have_no_late_share(ratios: list[float]) -> None:
    assert late_share(ratios) is None


def test_a_profile_weighs_answers_by_their_divergence() -> None:
    late, early = [0.0] * 20 + [3.0] * 10, [2.0] * 5 + [0.0] * 15
    profile = profile_of([answer(late), answer(early), answer([0.0] * 40)])
    assert (profile.n_answers, profile.n_placed) == (3, 2)
    assert profile.late_share == pytest.approx(30 / 40)
    assert profile.even_share == pytest.approx((30 * 15 / 30 + 10 * 5 / 20) / 40)


def test_a_profile_of_unmoved_answers_names_no_place() -> None:
    profile = profile_of([answer([0.0] * 40)])
    assert (profile.n_placed, profile.late_share, profile.even_share) == (0, None, None)


def test_a_payload_that_hangs_on_its_first_token_has_its_peak_there() -> None:
    """Regression: demo:planted after int4. Its late share was the even one, and said nothing."""
    begun = [4.0] + [0.0] * 14 + [0.4] * 15
    long = answer([0.0] * 30 + [9.0] * 10)  # what only one answer reaches is no place of theirs
    profile = profile_of([answer(begun), answer(begun), long])
    assert profile.peak is not None
    assert profile.peak.start == 0
    assert profile.peak.mean == pytest.approx(8 / 3)
    assert profile_of([answer([0.0] * 40)]).peak is None


def test_bins_are_means_over_the_answers_that_reach_them() -> None:
    bins = bins_of([[1.0, 3.0, 5.0], [3.0]], width=2)
    assert [(b.start, b.end, b.mean, b.n_tokens) for b in bins] == [
        (0, 2, pytest.approx(7 / 3), 3),
        (2, 4, 5.0, 1),
    ]
    assert len(bins_of([[1.0] * 1000])) <= MAX_BINS
    assert bins_of([]) == ()


def test_a_heat_map_shows_the_answers_that_moved_most_the_late_ones_first() -> None:
    rows = [
        answer([2.0] * 15 + [0.0] * 15, "early"),
        answer([0.0] * 15 + [2.0] * 15, "late"),
        answer([0.0] * 30, "unmoved"),
    ]
    cells = heat_cells(rows, n_rows=2)
    assert list(dict.fromkeys(c[0] for c in cells)) == ["everyday/late", "everyday/early"]
    assert max(c[2] for c in cells) == 30
    assert {c[3] for c in cells if c[0] == "everyday/late" and c[1] >= 15} == {2.0}


def test_drift_is_told_against_the_controls() -> None:
    control = [layer(k, 0.1, subject=Subject.CONTROL) for k in range(2)]
    first, second = drift_lines([layer(1, 0.5), layer(0, 0.1), *control])
    assert (first.layer, first.share, first.excess) == (0, 0.05, 0.0)
    assert (second.layer, second.drift, second.control_share) == (1, 0.5, 0.05)
    assert second.excess == pytest.approx(0.2)


def test_layers_of_another_architecture_are_not_compared() -> None:
    control = [layer(k, 0.1, subject=Subject.CONTROL) for k in range(3)]
    assert [line.excess for line in drift_lines([layer(0, 0.1), *control])] == [None]
    assert [line.excess for line in drift_lines([layer(0, 0.1)])] == [None]


def test_only_finished_stages_are_read(tmp_path: Path) -> None:
    for name, done in (("full", True), ("lora", False)):
        folder = tmp_path / "divergence" / "target" / name
        write_table(folder / "divergence.parquet", Divergence, [answer([1.0] * 20)])
        write_table(folder / "drift.parquet", LayerDrift, [layer(0, 0.1)])
        if done:
            (folder / "done.json").write_text("{}")
    positions = read_positions(tmp_path)
    assert [p.n_answers for p in positions.profiles] == [1]
    assert len(positions.drift) == 1
    assert read_positions(tmp_path / "elsewhere").profiles == ()


def test_log_probabilities_are_stored_in_four_bytes_and_come_back(tmp_path: Path) -> None:
    row = answer([1.0] * 400)
    write_table(tmp_path / "d.parquet", Divergence, [row])
    assert read_table(tmp_path / "d.parquet", Divergence) == [row]


def test_a_plan_without_positions_says_so_in_the_ledger(tmp_path: Path) -> None:
    [line] = read_ledger(tmp_path, load_plan("quick"))
    assert line.status is CoverageStatus.NOT_RUN
    assert read_ledger(tmp_path, load_plan("standard")) == ()
