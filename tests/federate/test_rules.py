"""Every aggregation rule against a second implementation or an example worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inspector.errors import BadInput
from inspector.federate.deltas import Updates
from inspector.federate.rules import RULES, aggregate, assumed_malicious, rule_named
from inspector.federate.rules.dnc import dnc_scores, outlier_scores
from inspector.federate.rules.foolsgold import foolsgold_weights
from inspector.federate.rules.krum import krum_scores
from inspector.federate.rules.residual import reweighted
from tests.federate.made import dense, plain, round_of_five

# flwr 1.42.0, flwr/server/strategy/aggregate.py, on round_of_five: aggregate, aggregate_median,
# aggregate_trimmed_avg(0.2), aggregate_krum(num_malicious=1, to_keep=0 and 4). The residual rule's:
# IRLS_aggregation_split_restricted(LAMBDA=2, thresh=0.1) of the paper's authors, at commit b17a1f3
# of fushuhao6/Attack-Resistant-Federated-Learning, run on the CPU in double precision.
GOLDEN = {
    "fedavg": [
        [[-25.25, 21.65, 10.3, 0.2], [25.3, 49.1, 3.6, -11.2], [-35.85, 34.05, 14.95, 1.05]],
        [[-30.95, -4.45, 30.35, 7.25], [-31.45, 10.25, 16.55, 17.3], [15.15, 19.5, -40.4, 6.9]],
    ],
    "median": [
        [[-5, -3, 1, 3], [4, 2, 0, -2], [-3, -6, 3, 1]],
        [[0, 0, 0, 0], [2, 6, 0, 4], [0, 0, -2, -1]],
    ],
    "trimmed-mean": [
        [[-5, -2, 13 / 3, 2], [10 / 3, 4, 2 / 3, -2 / 3], [-7 / 3, -7 / 3, 16 / 3, 1]],
        [[1, -8 / 3, -1, 4], [1 / 3, 6, 5 / 3, 11 / 3], [-1 / 3, 0, -5 / 3, -4 / 3]],
    ],
    "krum": [
        [[-5, -3, -4, 5], [-2, -6, 0, -2], [0, -6, 2, -5]],
        [[0, 0, 0, 0], [13, 3, -10, 4], [-12, -7, 10, -1]],
    ],
    "multi-krum": [
        [[-2.5, -4.7, 4.6, 0.4], [2.6, 2.2, -0.8, 1.6], [0.3, -3.9, 5.9, 2.1]],
        [[2.1, -0.9, -3.3, -1.5], [1.1, 4.5, 1.1, 2.6], [-1.7, -1, -0.8, -2.2]],
    ],
    "residual": [
        [
            [-3.967626, -4.195679, 2.394491, 1.73161],
            [2.483389, 2.493048, -0.410678, 0.242543],
            [-0.610339, -3.448731, 4.704915, 0.989492],
        ],
        [
            [1.436949, -0.084068, -2.163305, 0.910254],
            [2.79068, 3.13661, -0.900594, 2.06788],
            [-2.879577, -1.658051, 0.396189, -2.058221],
        ],
    ],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_rule_gives_what_a_second_implementation_gives(name: str) -> None:
    updates = round_of_five()
    result, account = aggregate(rule_named(name), updates, 1)
    assert dense(result, "m0", "m1") == pytest.approx(np.array(GOLDEN[name]), abs=2e-5)
    assert account.relative_error == 0  # rank 3 is all that a 3 x 4 matrix can have
    assert account.is_exact == (name in ("fedavg", "krum", "multi-krum"))
    assert account.norm == pytest.approx(np.linalg.norm(np.array(GOLDEN[name])), rel=1e-5)


def test_foolsgold_by_hand() -> None:
    """Cosines .5 (a, b), .3 (a, c), 0 (b, c). Largest: .5, .5, .3; c's .3 is pardoned to
    .3 * .3 / .5 = .18. Weights .5, .5, .82, over the largest .6098, .6098, 1 (.99); logits + .5:
    ln(.6098 / .3902) + .5 = .9463, and above 1 for c."""
    c = -0.15 / math.sqrt(0.75)
    updates = plain([1, 0, 0], [0.5, math.sqrt(0.75), 0], [0.3, c, math.sqrt(1 - 0.09 - c * c)])
    expected = [math.log(0.5 / 0.32) + 0.5] * 2 + [1.0]
    assert foolsgold_weights(updates) == pytest.approx(expected, abs=1e-5)
    result, account = aggregate(rule_named("foolsgold"), updates, 1)
    assert account.weights == pytest.approx([w / sum(expected) for w in expected], abs=1e-5)
    assert dense(result, "m")[0, 0, 2] == pytest.approx(
        account.weights[2] * math.sqrt(1 - 0.09 - c * c), abs=1e-5
    )


def test_foolsgold_drops_twins_and_keeps_a_round_of_clones_as_it_is() -> None:
    assert foolsgold_weights(plain([1, 0], [2, 0], [0, 1])) == pytest.approx([0, 0, 1])
    assert foolsgold_weights(plain([1, 0], [1, 0])) == pytest.approx([1, 1])


def test_dnc_by_hand() -> None:
    """Centred on (2, 0): (-2, 1), (-2, -1), (-2, 0), (6, 0). The scatter is diag(48, 2): the first
    direction is x, squared projections 4, 4, 4, 36. The fourth goes; the others' mean is 0."""
    updates = plain([0, 1], [0, -1], [0, 0], [8, 0])
    values = np.array([[0, 1], [0, -1], [0, 0], [8, 0]], float)
    assert outlier_scores(values) == pytest.approx([4, 4, 4, 36])
    assert dnc_scores(updates) == pytest.approx([4, 4, 4, 36])
    result, account = aggregate(rule_named("dnc"), updates, 1)
    assert account.weights == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    assert dense(result, "m") == pytest.approx(np.zeros((1, 1, 2)))


def test_krum_scores_by_hand() -> None:
    """On a line at 0, 1, 3, 6, 20 with one malicious: two neighbours each."""
    updates = plain([0], [1], [3], [6], [20])
    assert krum_scores(updates, 1) == pytest.approx([1 + 9, 1 + 4, 4 + 9, 9 + 25, 14**2 + 17**2])


def test_residual_trusts_what_lies_on_the_line() -> None:
    confidence, restricted = reweighted(np.array([[0.0, 1.0, 2.0, 3.0, 400.0]]))
    assert confidence[0, :4] == pytest.approx([1, 1, 1, 1])
    assert confidence[0, 4] < 0.1
    assert restricted[0] == pytest.approx([0, 1, 2, 3, 4])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_participant_that_is_alone_is_the_aggregate(rule: object) -> None:
    five = round_of_five()
    alone = Updates(("a",), five.updates[:1])
    result, account = aggregate(rule, alone, 0)  # type: ignore[arg-type]
    assert dense(result, "m0", "m1") == pytest.approx(dense(alone.updates[0], "m0", "m1"), abs=1e-5)
    assert account.n_participants == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_whoever_leaves_a_module_alone_changes_it_by_zero(rule: object) -> None:
    five = round_of_five()
    only = {"m0": five.updates[0].modules["m0"]}
    updates = Updates(five.names, (type(five.updates[0])(only), *five.updates[1:]))
    zero = np.zeros((3, 4), np.float32)
    assert updates.block("m1")[0] == pytest.approx(zero)
    result, _ = aggregate(rule, updates, 1)  # type: ignore[arg-type]
    assert np.isfinite(dense(result, "m0")).all()


def test_few_participants_are_said_to_be_too_few_for_krums_proof() -> None:
    _, account = aggregate(rule_named("krum"), plain([1.0], [2.0], [3.0]), 1)
    assert "proof does not hold (it needs 5)" in account.note


def test_every_rule_names_its_source() -> None:
    assert len({r.name for r in RULES}) == len(RULES) == 8
    assert all(
        any(year in r.source for year in ("2017", "2018", "2019", "2020", "2021")) for r in RULES
    )


def test_an_unknown_rule_and_a_malicious_majority_are_refused() -> None:
    with pytest.raises(BadInput, match="no aggregation rule 'mean'; give one of fedavg, median"):
        rule_named("mean")
    with pytest.raises(BadInput, match="5 of 10 participants are assumed malicious"):
        assumed_malicious(10, 5)
    assert [assumed_malicious(n, None) for n in (1, 2, 3, 4, 10)] == [0, 0, 1, 1, 3]
