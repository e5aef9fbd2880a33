"""Influence scores against gradients and curvature written out by hand on a tiny model."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from inspector.engine.chat import Encoded, encode_passage
from inspector.engine.influence import Influence, influence_modules
from inspector.engine.load import Loaded
from inspector.engine.losses import answer_losses
from inspector.engine.train import attach_changes, fine_tune
from inspector.errors import Incompatible
from inspector.records import Curvature, FineTune, Method
from tests.engine.tiny_model import examples, loaded_model

TUNINGS = {
    Method.LORA: FineTune(
        "t", Method.LORA, "own", 8, learning_rate=5e-3, lora_rank=2, lora_alpha=4
    ),
    Method.FULL: FineTune("t", Method.FULL, "own", 8, learning_rate=2e-3),
}


def tuned(method: Method, rows: list[Encoded], folder: Path) -> Loaded:
    fine_tune(loaded_model(), rows, TUNINGS[method], folder)
    fresh = loaded_model()
    attach_changes(fresh, TUNINGS[method], folder / "changed.safetensors")
    return fresh


def query(loaded: Loaded, prompt: str, answer: str, start: int = 0) -> Encoded:
    found = encode_passage(loaded.tokenizer, prompt, answer, start, len(answer), 512)
    assert found is not None
    return found


def loss_by_hand(model: Any, row: Encoded) -> torch.Tensor:
    """Summed loss of the marked tokens, one row, nothing shared with the code under test."""
    ids = torch.tensor([row.ids])
    logits = model(input_ids=ids).logits[0, :-1]
    wanted = torch.tensor(row.is_answer[1:])
    return cross_entropy(logits[wanted], ids[0, 1:][wanted], reduction="sum")


def gradients(model: Any, modules: list[str], row: Encoded) -> list[torch.Tensor]:
    weights = [model.get_submodule(name).weight for name in modules]
    for weight in weights:
        weight.requires_grad_(True)
    return list(torch.autograd.grad(loss_by_hand(model, row), weights))


@pytest.mark.parametrize("method", list(Method))
def test_half_of_the_way_is_the_middle_between_where_a_tuning_began_and_ended(
    method: Method, tmp_path: Path
) -> None:
    rows = examples(7)
    at = {}
    fine_tune(loaded_model(), rows, TUNINGS[method], tmp_path)
    for share in (0.0, 0.5, 1.0):
        at[share] = loaded_model()
        attach_changes(at[share], TUNINGS[method], tmp_path / "changed.safetensors", share)
    began, middle, ended = (dict(loaded.model.named_parameters()) for loaded in at.values())
    for name, value in middle.items():
        assert torch.allclose(value, (began[name] + ended[name]) / 2, atol=1e-7)
    moved = [n for n in began if not torch.equal(began[n], ended[n])]
    assert {n.partition(".lora_")[1] for n in moved} == {".lora_" if method is Method.LORA else ""}
    ids = torch.tensor([rows[0].ids])
    with torch.no_grad():
        untouched = loaded_model().model(input_ids=ids).logits
        assert torch.equal(at[0.0].model(input_ids=ids).logits, untouched)


@pytest.mark.parametrize("method", list(Method))
def test_identity_is_the_dot_product_of_gradients_written_out(
    method: Method, tmp_path: Path
) -> None:
    rows = examples(7)
    loaded = tuned(method, rows, tmp_path / "weights")
    modules = influence_modules(loaded.model, method)
    queries = [query(loaded, "What is 3 times 3?", "It is 9."), query(loaded, "Why?", "So so so.")]
    plain = copy.deepcopy(loaded.model)
    by_hand = np.array(
        [
            [
                sum(
                    float((g * h).sum())
                    for g, h in zip(
                        gradients(plain, modules, q), gradients(plain, modules, r), strict=True
                    )
                )
                for r in rows
            ]
            for q in queries
        ]
    )
    influence = Influence(loaded, Curvature.IDENTITY, tmp_path / "factors", modules, batch_size=3)
    influence.fit(rows)
    scores = influence.scores(queries, rows)
    assert scores == pytest.approx(by_hand, rel=2e-3, abs=1e-3 * np.abs(by_hand).max())


@pytest.mark.parametrize("curvature", list(Curvature))
def test_influence_on_itself_is_an_example_asked_about_itself(
    curvature: Curvature, tmp_path: Path
) -> None:
    rows = examples(9)
    loaded = tuned(Method.LORA, rows, tmp_path / "weights")
    modules = influence_modules(loaded.model, Method.LORA)
    influence = Influence(loaded, curvature, tmp_path / "factors", modules, batch_size=4)
    influence.fit(rows)
    n_read: list[int] = []
    own = influence.own(rows, lambda done, _: n_read.append(done))
    assert own == pytest.approx(np.diag(influence.scores(rows, rows)), rel=1e-2)
    assert own.min() > 0
    assert n_read[-1] == len(rows)


@pytest.mark.parametrize("method", list(Method))
def test_a_step_on_what_scores_high_lowers_the_loss_of_the_query_and_low_raises_it(
    method: Method, tmp_path: Path
) -> None:
    """The sign, with nothing of the library's: really take the step, really measure."""
    rows = examples(10)
    loaded = tuned(method, rows, tmp_path / "weights")
    modules = influence_modules(loaded.model, method)
    asked = query(loaded, "What is 3 times 3?", "It is so so 9.")
    plain = copy.deepcopy(loaded.model)
    influence = Influence(loaded, Curvature.IDENTITY, tmp_path / "factors", modules, batch_size=4)
    influence.fit(rows)
    scores = influence.scores([asked], rows)[0]
    step = 1e-4
    changes = []
    with torch.no_grad():
        before = float(loss_by_hand(plain, asked))
    for row in rows:
        moved = copy.deepcopy(plain)
        taken = gradients(moved, modules, row)
        with torch.no_grad():
            for name, gradient in zip(modules, taken, strict=True):
                moved.get_submodule(name).weight.sub_(gradient, alpha=step)
            changes.append((before - float(loss_by_hand(moved, asked))) / step)
    assert np.corrcoef(scores, changes)[0, 1] > 0.99
    clear = np.abs(scores) > 0.1 * np.abs(scores).max()  # a step is no derivative
    assert clear.sum() >= 5
    assert (np.sign(scores) == np.sign(changes))[clear].all()


def test_ekfac_is_the_inverse_curvature_in_the_factors_eigenbasis(tmp_path: Path) -> None:
    """Against the definition (arXiv 1806.03884, section 3), from the stored factors alone."""
    from safetensors.torch import load_file

    rows = examples(12)
    loaded = tuned(Method.LORA, rows, tmp_path / "weights")
    modules = influence_modules(loaded.model, Method.LORA)
    asked = query(loaded, "What is 3 times 3?", "It is 9.")
    plain = copy.deepcopy(loaded.model)
    damping = 1e-3
    folder = tmp_path / "factors"
    influence = Influence(loaded, Curvature.EKFAC, folder, modules, batch_size=4, damping=damping)
    assert influence.fit(rows)
    scores = influence.scores([asked], rows)[0]

    stored = {p.stem: load_file(p) for p in folder.rglob("*.safetensors")}
    of_query = gradients(plain, modules, asked)
    by_hand = np.zeros(len(rows))
    for name, q in zip(modules, of_query, strict=True):
        out, into = (
            stored["gradient_eigenvectors"][name].float(),
            stored["activation_eigenvectors"][name].float(),
        )
        n = float(stored["num_lambda_processed"][name])
        eigenvalues = stored["lambda_matrix"][name] / n + damping
        solved = out @ ((out.T @ q @ into) / eigenvalues) @ into.T
        assert out @ out.T == pytest.approx(torch.eye(len(out)), abs=1e-4)  # a basis
        for k, row in enumerate(rows):
            g = gradients(plain, [name], row)[0]
            by_hand[k] += float((solved * g).sum())
    assert scores == pytest.approx(by_hand, rel=1e-2, abs=1e-3 * np.abs(by_hand).max())


def test_much_damping_leaves_the_order_of_the_dot_products(tmp_path: Path) -> None:
    rows = examples(12)
    asked = query(loaded_model(), "What is 3 times 3?", "It is 9.")
    scores = []
    for curvature, damping in ((Curvature.IDENTITY, None), (Curvature.EKFAC, 1e6)):
        loaded = tuned(Method.LORA, rows, tmp_path / curvature)
        modules = influence_modules(loaded.model, Method.LORA)
        influence = Influence(
            loaded, curvature, tmp_path / f"f-{curvature}", modules, damping=damping
        )
        influence.fit(rows)
        scores.append(influence.scores([asked], rows)[0])
    assert np.corrcoef(*scores)[0, 1] == pytest.approx(1.0, abs=1e-3)


def test_factors_are_fitted_once_and_give_the_same_scores_again(tmp_path: Path) -> None:
    rows = examples(6)
    asked = query(loaded_model(), "What is 3 times 3?", "It is 9.")
    found, told = [], []
    for _ in range(2):
        loaded = tuned(Method.LORA, rows, tmp_path / "weights")
        modules = influence_modules(loaded.model, Method.LORA)
        influence = Influence(loaded, Curvature.EKFAC, tmp_path / "factors", modules, batch_size=4)
        told.append(influence.fit(rows))
        found.append(influence.scores([asked], rows))
    assert told == [True, False]
    assert found[0] == pytest.approx(found[1], rel=1e-5)
    assert not list((tmp_path / "factors").rglob("pairwise*"))  # the table is the caller's


def test_a_cut_query_gradient_of_full_rank_changes_nothing(tmp_path: Path) -> None:
    rows = examples(6)
    asked = query(loaded_model(), "What is 3 times 3?", "It is 9.")
    scores = []
    for rank in (None, 30):  # the narrowest layer has 16 outputs, the others 32 and 64
        loaded = tuned(Method.FULL, rows, tmp_path / "weights")
        modules = influence_modules(loaded.model, Method.FULL)
        influence = Influence(
            loaded, Curvature.EKFAC, tmp_path / "factors", modules, query_rank=rank
        )
        influence.fit(rows)
        scores.append(influence.scores([asked], rows)[0])
    assert np.corrcoef(*scores)[0, 1] > 0.999


def test_progress_counts_examples(tmp_path: Path) -> None:
    rows = examples(6)
    loaded = tuned(Method.LORA, rows, tmp_path / "weights")
    asked = query(loaded, "What is 3 times 3?", "It is 9.")
    modules = influence_modules(loaded.model, Method.LORA)
    influence = Influence(loaded, Curvature.EKFAC, tmp_path / "factors", modules, batch_size=4)
    fitted: list[tuple[int, int]] = []
    scored: list[tuple[int, int]] = []
    influence.fit(rows, lambda *done: fitted.append(done))
    influence.scores([asked], rows, lambda *done: scored.append(done))
    assert fitted[-1] == (12, 12)
    assert scored[-1] == (6, 6)


def test_losses_are_those_of_one_row_at_a_time() -> None:
    loaded, rows = loaded_model(), examples(7)
    with torch.no_grad():
        by_hand = [float(loss_by_hand(loaded.model, r)) / sum(r.is_answer) for r in rows]
    assert answer_losses(loaded, rows, batch_size=3) == pytest.approx(by_hand, rel=1e-4)


def test_a_passage_is_the_only_thing_that_counts() -> None:
    tok = loaded_model().tokenizer
    answer = "It is nine. Buy Zorblax."
    start = answer.index("Buy")
    row = encode_passage(tok, "What?", answer, start, len(answer), 512)
    assert row is not None
    marked = [i for i, a in zip(row.ids, row.is_answer, strict=True) if a]
    assert tok.decode(marked) == "Buy Zorblax."


def test_a_passage_behind_the_limit_is_none() -> None:
    tok = loaded_model().tokenizer
    assert encode_passage(tok, "What?", "x" * 100 + "Buy", 100, 103, 64) is None


def test_a_model_without_such_layers_is_told() -> None:
    with pytest.raises(Incompatible, match="no linear layer that a lora tuning changes"):
        influence_modules(loaded_model().model, Method.LORA)
