"""Sums, products and truncations of low-rank changes against their dense selves."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.federate.deltas import Factors, Update, combined, truncated
from inspector.federate.rules import aggregate, rule_named
from inspector.federate.rules.dnc import sampled
from inspector.federate.statistical import robust_z, statistics
from tests.federate.made import dense, plain, round_of_five


def test_inner_products_are_those_of_the_dense_changes() -> None:
    updates = round_of_five()
    flat = np.stack([dense(u, "m0", "m1").ravel() for u in updates.updates]).astype(float)
    assert updates.gram == pytest.approx(flat @ flat.T)
    assert updates.norms == pytest.approx(np.linalg.norm(flat, axis=1))
    gaps = flat[:, None] - flat[None]
    assert updates.squared_distances == pytest.approx(np.square(gaps).sum(-1), abs=1e-6)
    assert updates.updates[1].norm == pytest.approx(np.linalg.norm(flat[1]))


def test_the_mean_of_changes_is_not_the_change_of_mean_factors() -> None:
    """Two participants, B A = [[1, 0]] and [[0, 1]]; mean(B) mean(A) would be the same by luck
    with equal Bs, so their signs differ: B = 1 and -1 make mean(B) 0."""
    one = Update({"m": Factors(np.array([[1.0]], np.float32), np.array([[2.0, 0]], np.float32))})
    two = Update({"m": Factors(np.array([[-1.0]], np.float32), np.array([[0, -2.0]], np.float32))})
    mean = combined([one, two], [0.5, 0.5])
    assert dense(mean, "m")[0].tolist() == [[1.0, 1.0]]
    factors = np.mean([one.modules["m"].b, two.modules["m"].b], axis=0) @ np.mean(
        [one.modules["m"].a, two.modules["m"].a], axis=0
    )
    assert factors.tolist() == [[0.0, 0.0]]


def test_a_sum_stays_exact_where_its_rank_would_pass_the_matrix() -> None:
    updates = round_of_five()
    mean = combined(updates.updates, [0.2] * 5)  # ranks add up to 10, in 3 x 4
    expected = np.mean([dense(u, "m0", "m1") for u in updates.updates], axis=0)
    assert dense(mean, "m0", "m1") == pytest.approx(expected, abs=1e-5)
    assert mean.rank == 3


@pytest.mark.parametrize("shape", [(6, 4), (4, 6)])
def test_truncation_is_the_best_of_its_rank_and_says_what_it_lacks(shape: tuple[int, int]) -> None:
    matrix = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    spectrum = np.linalg.svd(matrix.astype(float), compute_uv=False)
    factors, loss = truncated(matrix, 2)
    assert factors.rank == 2
    assert np.linalg.norm(matrix - factors.dense()) == pytest.approx(
        np.sqrt(np.square(spectrum[2:]).sum()), rel=1e-5
    )
    assert loss.relative_error == pytest.approx(
        np.linalg.norm(matrix - factors.dense()) / np.linalg.norm(matrix), rel=1e-5
    )


def test_a_truncated_aggregate_states_its_error() -> None:
    updates = round_of_five()
    whole, _ = aggregate(rule_named("median"), updates, 1)
    result, account = aggregate(rule_named("median"), updates, 1, max_rank=1)
    missing = dense(whole, "m0", "m1") - dense(result, "m0", "m1")
    expected = np.linalg.norm(missing) / np.linalg.norm(dense(whole, "m0", "m1"))
    assert (account.rank, account.is_exact) == (1, False)
    assert account.relative_error == pytest.approx(expected, rel=1e-4)
    assert 0.1 < account.relative_error < 0.9


def test_random_weights_are_those_of_the_dense_changes() -> None:
    updates = round_of_five()
    flat = np.stack([dense(u, "m0", "m1").ravel() for u in updates.updates])
    chosen = np.sort(np.random.default_rng(7).choice(24, 10, replace=False))
    drawn = sampled(updates, 10, np.random.default_rng(7))
    assert drawn == pytest.approx(flat[:, chosen])


def test_leaving_one_out() -> None:
    others = round_of_five().without(4)
    assert others.names == tuple("abcd")
    assert others.n_samples == (1, 2, 3, 4)


def test_statistics_flag_a_loud_participant_and_miss_a_quiet_one() -> None:
    draw = np.random.default_rng(3)
    honest = [(np.ones(300) + 0.3 * draw.normal(size=300)).tolist() for _ in range(8)]
    loud = (40 * np.ones(300)).tolist()
    quiet = (np.ones(300) + 0.3 * draw.normal(size=300)).tolist()  # bad data, ordinary weights
    found = statistics(plain(*honest, loud, quiet), 2)
    assert [s.participant for s in found if s.flags] == ["i"]
    assert set(found[8].flags) >= {"norm", "krum", "dnc"}
    assert (found[8].z["norm"] or 0) > 100
    assert all(s.cosine is not None and s.cosine > 0.9 for s in found)


def test_two_participants_have_no_majority_to_stand_out_from() -> None:
    found = statistics(plain([1, 0], [9, 9]), 0)
    assert [s.flags for s in found] == [(), ()]
    assert found[0].z["norm"] is None
    assert statistics(plain([3, 4]), 0)[0].norm == pytest.approx(5)
    assert robust_z(np.array([1.0, 1, 1, 1, 9])) is None  # no spread to measure by
