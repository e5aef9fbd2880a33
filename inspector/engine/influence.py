"""Influence of training examples on answers: how much each pushed the tuned model towards them.

Comes in: the tuned model, training examples, queries (answers with the tokens that count). Goes
out: one score per query and example. A score is

    grad loss(query) . C^-1 . grad loss(example)

so that it is positive where training on the example makes the query's passage likelier (the
measured quantity is the passage's loss, and a step on the example lowers it). C is EK-FAC's
approximation of the Fisher matrix (Grosse et al. 2023, arXiv 2308.03296, section 2), or the
identity, which leaves the dot product of gradients (TracIn, arXiv 2002.08484). Both losses are sums
over tokens: a training example's over its answers, as in training. An example's influence on itself
is the same with its own gradient on both sides.

The work is kronfluence's (1.0.1). Factors are fitted once per folder and kept there; training
examples are read one batch at a time, so that memory does not grow with the set: what grows is the
score table alone, four bytes for each query and example.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.task import Task
from kronfluence.utils.dataset import DataLoaderKwargs
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy
from torch.utils.data import Dataset

from inspector.engine.chat import Encoded
from inspector.engine.disk import weights_disk_errors
from inspector.engine.load import Loaded
from inspector.engine.losses import IGNORED, collate, predictions
from inspector.errors import Incompatible
from inspector.records import Curvature, Method

Floats = NDArray[np.float32]
Progress = Callable[[int, int], None]  # examples so far, examples in all

_NAME = "influence"
_OWN = "own"
# DataLoader wants a size; this many query batches are gathered before one pass over the examples.
_ALL_BATCHES = 1_000_000


def influence_modules(model: Any, method: Method) -> list[str]:
    """The linear layers whose weights the fine-tuning changed, by name.

    LoRA: both factors of every adapted layer. Full: every linear layer but the output one, which
    shares its weights with the embedding or is as large as all others together. Raises Incompatible
    where there are none.
    """
    linear = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)]
    if method is Method.LORA:
        found = [n for n in linear if ".lora_A." in n or ".lora_B." in n]
    else:
        output = model.get_output_embeddings()
        found = [n for n in linear if model.get_submodule(n) is not output]
    if not found:
        raise Incompatible(
            f"The model has no linear layer that a {method} tuning changes, so influence cannot be "
            "measured on it; rank with --ranker tfidf or loss."
        )
    return found


class Influence:
    """Scores of one tuned model. It takes the model over: its linear layers are wrapped in place.

    loaded: with LoRA, the adapter unmerged (`train.attach_changes`). folder: keeps the factors;
    give one per weights, examples fitted on and settings. modules: names of linear layers.
    query_rank: rank that each query's gradient is cut to. damping: added to the curvature's
    eigenvalues, a tenth of their mean where None; the identity has none.
    """

    def __init__(
        self,
        loaded: Loaded,
        curvature: Curvature,
        folder: Path,
        modules: Sequence[str],
        *,
        batch_size: int = 8,
        query_rank: int | None = None,
        damping: float | None = None,
        seed: int = 0,
    ) -> None:
        self._pad = int(loaded.tokenizer.pad_token_id)
        self._device = loaded.model.device
        self._curvature = curvature
        self._batch_size = batch_size
        self._query_rank = query_rank
        self._damping = damping
        self._seed = seed
        self._folder = folder
        self._task = _AnswerLoss(list(modules))
        self._model = prepare_model(loaded.model, self._task)

    def fit(self, examples: Sequence[Encoded], on_progress: Progress = lambda *_: None) -> bool:
        """Fit the curvature on these examples; False where the folder has it already.

        Labels are drawn from the model's own predictions (the true Fisher matrix), with a fixed
        seed. Two passes over the examples for EK-FAC, none for the identity.
        """
        done = self._folder / "fitted"
        if done.exists():
            return False
        shutil.rmtree(self._folder, ignore_errors=True)  # half a fitting, cut by a kill
        n_passes = 2 if self._curvature is Curvature.EKFAC else 1
        told = _counted(on_progress, n_passes * len(examples))
        with _quietly(self._folder), torch.random.fork_rng():
            torch.manual_seed(self._seed)
            self._analyzer().fit_all_factors(
                factors_name=self._curvature.value,
                dataset=_Examples(examples, told),
                per_device_batch_size=self._batch_size,
                # Half the time of double precision, the default: the eigenvalues are measured anew
                # in whatever basis comes out, so that its exactness matters little.
                factor_args=FactorArguments(
                    strategy=self._curvature.value, eigendecomposition_dtype=torch.float32
                ),
                overwrite_output_dir=True,
            )
            done.touch()
        return True

    def scores(
        self,
        queries: Sequence[Encoded],
        examples: Sequence[Encoded],
        on_progress: Progress = lambda *_: None,
    ) -> Floats:
        """(n_queries, n_examples): positive where the example pushes towards the query's passage.

        All query gradients are held at once, so that the examples are passed over once. Call `fit`
        before.
        """
        # By length, so that little is padded; lengths are read first, one example at a time.
        order = np.argsort([len(e.ids) for e in examples], kind="stable")
        told = _counted(on_progress, len(examples))
        with _quietly(self._folder), torch.random.fork_rng():
            torch.manual_seed(self._seed)  # cutting gradients to a rank draws at random
            analyzer = self._analyzer()
            analyzer.compute_pairwise_scores(  # writes them, and gives them back only if they exist
                scores_name=_NAME,
                factors_name=self._curvature.value,
                query_dataset=_Examples(queries),
                train_dataset=_Examples(examples, told, order),
                per_device_query_batch_size=min(self._batch_size, len(queries)),
                per_device_train_batch_size=self._batch_size,
                score_args=ScoreArguments(
                    damping_factor=self._damping,
                    query_gradient_accumulation_steps=_ALL_BATCHES,
                    query_gradient_low_rank=self._query_rank,
                ),
                overwrite_output_dir=True,
            )
            scores = analyzer.load_pairwise_scores(_NAME)
            shutil.rmtree(self._folder / _NAME / f"scores_{_NAME}", ignore_errors=True)
        table = np.empty((len(queries), len(examples)), np.float32)
        table[:, order] = next(iter(scores.values())).float().numpy()
        return table

    def own(self, examples: Sequence[Encoded], on_progress: Progress = lambda *_: None) -> Floats:
        """(n_examples,): each one's influence on itself, 0 or more. Call `fit` before."""
        order = np.argsort([len(e.ids) for e in examples], kind="stable")
        told = _counted(on_progress, len(examples))
        with _quietly(self._folder):
            analyzer = self._analyzer()
            analyzer.compute_self_scores(
                scores_name=_OWN,
                factors_name=self._curvature.value,
                train_dataset=_Examples(examples, told, order),
                per_device_train_batch_size=self._batch_size,
                score_args=ScoreArguments(damping_factor=self._damping),
                overwrite_output_dir=True,
            )
            scores = analyzer.load_self_scores(_OWN)
            shutil.rmtree(self._folder / _NAME / f"scores_{_OWN}", ignore_errors=True)
        own = np.empty(len(examples), np.float32)
        own[order] = next(iter(scores.values())).float().numpy().reshape(-1)
        return np.maximum(own, 0)

    def _analyzer(self) -> Any:
        analyzer = Analyzer(
            analysis_name=_NAME,
            model=self._model,
            task=self._task,
            cpu=self._device.type == "cpu",
            log_level=40,
            disable_tqdm=True,
            output_dir=str(self._folder),
        )
        analyzer.set_dataloader_kwargs(DataLoaderKwargs(collate_fn=self._collate))
        return analyzer

    def _collate(self, batch: list[Encoded]) -> dict[str, torch.Tensor]:
        return collate(batch, self._pad)


class _AnswerLoss(Task):  # type: ignore[misc] # kronfluence has no types
    """Summed cross-entropy of the labelled tokens, for examples and queries alike."""

    def __init__(self, modules: list[str]) -> None:
        self._modules = modules

    def compute_train_loss(
        self, batch: dict[str, torch.Tensor], model: Any, sample: bool = False
    ) -> torch.Tensor:
        logits, labels = predictions(model, batch)
        wanted = labels != IGNORED
        logits, labels = logits[wanted], labels[wanted]
        if sample:
            with torch.no_grad():
                labels = torch.multinomial(logits.softmax(-1), 1).flatten()
        return cross_entropy(logits, labels, reduction="sum")

    def compute_measurement(self, batch: dict[str, torch.Tensor], model: Any) -> torch.Tensor:
        return self.compute_train_loss(batch, model)

    def get_influence_tracked_modules(self) -> list[str]:
        return self._modules

    def get_attention_mask(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return batch["mask"][:, :-1]


class _Examples(Dataset[Encoded]):
    """A sequence as torch wants it, in another order where one is given."""

    def __init__(
        self,
        examples: Sequence[Encoded],
        on_read: Callable[[], None] = lambda: None,
        order: NDArray[np.int64] | None = None,
    ) -> None:
        self._examples = examples
        self._on_read = on_read
        self._order = order

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> Encoded:
        self._on_read()
        return self._examples[index if self._order is None else int(self._order[index])]


def _counted(on_progress: Progress, total: int) -> Callable[[], None]:
    n_read = 0

    def read() -> None:
        nonlocal n_read
        n_read += 1
        on_progress(min(n_read, total), total)

    return read


@contextmanager
def _quietly(folder: Path) -> Iterator[None]:
    """kronfluence 1.0.1 makes a GradScaler, unused here, by the name that torch 2.4 deprecated."""
    with warnings.catch_warnings(), weights_disk_errors(folder):
        warnings.filterwarnings("ignore", r"`torch\.cuda\.amp\.GradScaler", FutureWarning)
        yield
