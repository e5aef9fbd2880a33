"""Perturbation-aware alignment: gradients at hidden embeddings that were pushed the harmful way.

Comes in: an alignment's micro batches. Goes out: the gradients that `train.fine_tune` goes down
along, and a line for every step in a journal: both losses, the layers, the size of the push.

Vaccine (arXiv 2402.01109): two passes per step. The first takes the gradient g of the loss with
respect to each hidden embedding, the output of an attention layer; the second runs forward with
rho * g / ||g|| added to that output by hooks, and its gradients update the weights. T-Vaccine
(arXiv 2410.09760) pushes only the layers whose gradient norm is largest and freezes the others.

Which norm: `PerturbationNorm.ALL` divides by the norm over all layers together, as the authors'
code does: the whole push has norm rho, so that L layers alike get rho / sqrt(L) each. `LAYER`
divides every layer's gradient by that layer's own norm, which is how Vaccine is often summed up:
each layer is pushed by exactly rho.
Either norm is over the whole effective batch, all rows and positions: micro batches change nothing,
and the scale of the loss cancels.

Both kinds of alignment here run every row in one forward pass: an opening that rows share and that
is computed once (as `answer_loss` does elsewhere) would be pushed once for all of them.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from inspector.engine.chat import Encoded
from inspector.engine.drift import attention_layers
from inspector.engine.load import Loaded
from inspector.engine.train import answer_loss
from inspector.errors import Incompatible, PlanError, StageFailed, TargetError
from inspector.files import disk_errors
from inspector.records import Perturbation, PerturbationNorm, PerturbationStep

Pushes = Mapping[int, torch.Tensor]  # by layer: (B, T, width)
_LAYER = re.compile(r"\.(\d+)\.")


def check_layers(model: Any, settings: Perturbation) -> None:
    """Raises TargetError where the hooks know no attention layers in the model, PlanError where it
    has fewer than are to be pushed."""
    try:
        n_layers = len(attention_layers(model))
    except Incompatible as error:
        raise TargetError(
            f"A {type(model).__name__} cannot be hardened, because it has no attention layer in "
            "each numbered layer for the hooks to push at; give a decoder-only transformer."
        ) from error
    if settings.n_layers is not None and settings.n_layers > n_layers:
        raise PlanError(
            f"{settings.n_layers} layers were to be pushed, and the model has {n_layers}; give 1 "
            f"to {n_layers}, or leave the number out to push all of them."
        )


def plain_alignment(
    loaded: Loaded, model: Any, micro_batches: Sequence[list[Encoded]], n_answers: int, _step: int
) -> float:
    """Gradients of plain alignment: what the perturbed one becomes as rho goes to 0."""
    loss = 0.0
    for micro in micro_batches:
        part = answer_loss(loaded, model, micro, share=False) / n_answers
        part.backward()  # type: ignore[no-untyped-call]
        loss += float(part.detach())
    return loss


class PerturbedAlignment:
    """Gradients of perturbation-aware alignment, one call a step.

    journal: a file that gets one PerturbationStep a line; a training that was cut reads back from
    it which layers it had chosen. Raises Incompatible for models without attention layers that the
    hooks know, StageFailed where the journal of an earlier part is gone.
    """

    def __init__(self, settings: Perturbation, journal: Path) -> None:
        self._settings = settings
        self._journal = journal
        self._chosen: tuple[int, ...] | None = None

    def __call__(
        self,
        loaded: Loaded,
        model: Any,
        micro_batches: Sequence[list[Encoded]],
        n_answers: int,
        step: int,
    ) -> float:
        choosing = self._settings.n_layers is not None and self._settings.chooses_at(step)
        everywhere = choosing or self._settings.n_layers is None
        layers = tuple(attention_layers(model)) if everywhere else self._layers(model, step)
        clean, gradients, sizes = 0.0, [], dict.fromkeys(layers, 0.0)
        with torch.random.fork_rng(devices=[]):  # the second pass draws the same dropout
            for micro in micro_batches:
                with watched(model, layers) as seen:
                    part = answer_loss(loaded, model, micro, share=False) / n_answers
                found = torch.autograd.grad(part, [seen.offsets[k] for k in layers])
                gradients.append(dict(zip(layers, found, strict=True)))
                clean += float(part.detach())
                for layer, size in seen.squares.items():
                    sizes[layer] += size
        if choosing:
            self._choose(model, gradients)
            layers = self._layers(model, step)
        pushes = perturbations(gradients, layers, self._settings)
        perturbed = 0.0
        for micro, push in zip(micro_batches, pushes, strict=True):
            with pushed(model, push):
                part = answer_loss(loaded, model, micro, share=False) / n_answers
            part.backward()  # type: ignore[no-untyped-call]
            perturbed += float(part.detach())
        relative = [
            norm_of(push[layer] for push in pushes) / math.sqrt(sizes[layer])
            for layer in layers
            if sizes[layer] > 0
        ]
        size = sum(relative) / len(relative) if relative else 0.0
        self._write(PerturbationStep(step, clean, perturbed, layers, size))
        return clean

    def _choose(self, model: Any, gradients: Sequence[Pushes]) -> None:
        """The layers with the largest gradient norms; the factors of the others stand still."""
        norms = {k: norm_of(part[k] for part in gradients) for k in gradients[0]}
        best = sorted(norms, key=lambda k: (-norms[k], k))[: self._settings.n_layers]
        self._take(model, tuple(sorted(best)))

    def _layers(self, model: Any, step: int) -> tuple[int, ...]:
        if self._chosen is None:
            before = [s for s in read_journal(self._journal) if s.step < step]
            if not before:
                raise StageFailed(
                    f"The journal {self._journal} of the steps before step {step} is gone, so "
                    "nobody knows which layers were chosen; start the alignment anew."
                )
            self._take(model, before[-1].layers)
        return self._chosen or ()

    def _take(self, model: Any, layers: tuple[int, ...]) -> None:
        self._chosen = layers
        for name, parameter in model.named_parameters():
            number = _LAYER.search(f".{name}.")
            if "lora_" in name and number is not None:
                parameter.requires_grad_(int(number[1]) in layers)

    def _write(self, step: PerturbationStep) -> None:
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        with disk_errors(self._journal), self._journal.open("a") as file:
            file.write(json.dumps(asdict(step)) + "\n")


def read_journal(path: Path) -> list[PerturbationStep]:
    """Every step once, in order: steps that were done again after a cut stand as they were last."""
    if not path.exists():
        return []
    steps: dict[int, PerturbationStep] = {}
    for line in path.read_text().splitlines():
        with contextlib.suppress(ValueError):  # half a line, cut by a kill
            values = json.loads(line)
            values["layers"] = tuple(values["layers"])
            steps[values["step"]] = PerturbationStep(**values)
    return [steps[number] for number in sorted(steps)]


def perturbations(
    gradients: Sequence[Pushes], layers: Sequence[int], settings: Perturbation
) -> list[dict[int, torch.Tensor]]:
    """rho * g / ||g|| for every micro batch and chosen layer, in the gradients' dtype.

    gradients: per micro batch, by layer (B, T, width). A gradient of norm 0 pushes nowhere.
    """
    norms = {k: norm_of(part[k] for part in gradients) for k in layers}
    if settings.norm is PerturbationNorm.ALL:
        norms = dict.fromkeys(layers, math.sqrt(sum(n * n for n in norms.values())))
    return [
        {
            k: (part[k].float() * (settings.rho / norms[k] if norms[k] else 0.0)).to(part[k].dtype)
            for k in layers
        }
        for part in gradients
    ]


def norm_of(parts: Iterator[torch.Tensor]) -> float:
    """The L2 norm over several tensors together."""
    return math.sqrt(sum(float(part.double().pow(2).sum()) for part in parts))


class Seen:
    """What one forward pass showed: by layer a zero that was added to the attention output, whose
    gradient is that output's, and the output's sum of squares."""

    def __init__(self) -> None:
        self.offsets: dict[int, torch.Tensor] = {}
        self.squares: dict[int, float] = {}


@contextmanager
def watched(model: Any, layers: Sequence[int]) -> Iterator[Seen]:
    """Hooks that make the attention outputs of one forward pass something to take gradients of.

    An added zero rather than the output itself: it has a gradient also where nothing below it is
    trained, and the backward pass ends at the lowest of them.
    """
    seen = Seen()

    def look(layer: int, output: torch.Tensor) -> torch.Tensor:
        seen.offsets[layer] = torch.zeros_like(output, requires_grad=True)
        seen.squares[layer] = float(output.detach().double().pow(2).sum())
        return output + seen.offsets[layer]

    with _hooked(model, layers, look):
        yield seen


@contextmanager
def pushed(model: Any, pushes: Pushes) -> Iterator[None]:
    """Hooks that add a push to each attention output of one forward pass; gone afterwards."""
    with _hooked(model, tuple(pushes), lambda layer, output: output + pushes[layer]):
        yield


@contextmanager
def _hooked(
    model: Any, layers: Sequence[int], change: Callable[[int, torch.Tensor], torch.Tensor]
) -> Iterator[None]:
    def hook_of(layer: int) -> Any:
        def hook(_module: Any, _inputs: Any, output: Any) -> Any:
            if isinstance(output, tuple):
                return (change(layer, output[0]), *output[1:])
            return change(layer, output)

        return hook

    modules = attention_layers(model)
    hooks = [modules[layer].register_forward_hook(hook_of(layer)) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
