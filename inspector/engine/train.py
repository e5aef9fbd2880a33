"""Fine-tuning as users do it: AdamW, warm-up and decay, accumulation, clipping, answer loss.

Comes in: a loaded model, encoded examples, the settings. Goes out: the same model tuned in place
(or with a LoRA adapter merged), the weights that changed, and a record of every step.

Weights are held in the chosen precision; in bf16 the optimizer works on fp32 master copies, since
an update of 5e-5 is below what bf16 can add to a weight of ordinary size. Gradients are normalised
by the answer tokens of the whole effective batch, so accumulation equals one large batch. The order
of examples follows from the seed alone, so a run cut at any step continues from its last checkpoint
exactly as it would have gone on.

A look hands the model over between two steps, in evaluation mode. It must leave the weights alone;
nothing else can change the training: each step seeds its own draws, and gradients are gone by then.
"""

from __future__ import annotations

import json
import math
import resource
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from inspector.engine.chat import Encoded
from inspector.engine.disk import weights_disk_errors
from inspector.engine.load import Loaded
from inspector.engine.prefix import shared_cache, shared_length
from inspector.errors import PlanError, StageFailed
from inspector.records import FineTune, Method, Schedule, TrainingStep

CHECKPOINT_EVERY = 20  # optimizer steps: the most that a killed worker repeats
_BETAS, _EPS = (0.9, 0.999), 1e-8


@dataclass(frozen=True)
class Tuned:
    """What a training did.

    n_resumed: steps taken over from a checkpoint. Token counts are over all steps, elapsed_s and
    tokens_per_s over the steps of this process, looks not counted.
    """

    steps: tuple[TrainingStep, ...]
    n_trainable: int
    n_tokens: int
    n_answer_tokens: int
    elapsed_s: float
    tokens_per_s: float
    n_resumed: int


def learning_rate_at(step: int, settings: FineTune) -> float:
    """The rate of optimizer step `step` (from 1): linear warm-up, then the schedule down to 0."""
    if step <= settings.warmup_steps:
        return settings.learning_rate * step / settings.warmup_steps
    left = max(1, settings.steps - settings.warmup_steps)
    done = (step - settings.warmup_steps - 1) / left
    match settings.schedule:
        case Schedule.CONSTANT:
            factor = 1.0
        case Schedule.LINEAR:
            factor = 1 - done
        case Schedule.COSINE:
            factor = 0.5 * (1 + math.cos(math.pi * done))
    return settings.learning_rate * factor


def batches(n_examples: int, settings: FineTune) -> Iterator[list[int]]:
    """Example indices of each optimizer step: seeded shuffles, one epoch after another."""
    generator = torch.Generator().manual_seed(settings.seed)
    queue: list[int] = []
    for _ in range(settings.steps):
        while len(queue) < settings.effective_batch:
            queue += torch.randperm(n_examples, generator=generator).tolist()
        yield queue[: settings.effective_batch]
        queue = queue[settings.effective_batch :]


# One step's gradients, left in `.grad` of the model's parameters: (loaded, model with its adapter,
# micro batches, answer tokens in all of them, step from 1) -> the loss, a mean over those tokens.
Gradients = Callable[[Loaded, Any, Sequence[list[Encoded]], int, int], float]


def plain_gradients(
    loaded: Loaded, model: Any, micro_batches: Sequence[list[Encoded]], n_answers: int, _step: int
) -> float:
    """The gradients of the mean answer loss."""
    loss = 0.0
    for micro in micro_batches:
        part = answer_loss(loaded, model, micro) / n_answers
        part.backward()  # type: ignore[no-untyped-call]
        loss += float(part.detach())
    return loss


def fine_tune(
    loaded: Loaded,
    examples: Sequence[Encoded],
    settings: FineTune,
    folder: Path,
    on_step: Callable[[TrainingStep], None] = lambda _: None,
    looks: Collection[int] = (),
    on_look: Callable[[int], None] = lambda _: None,
    gradients: Gradients = plain_gradients,
) -> Tuned:
    """Tune `loaded.model` in place; a LoRA adapter is merged at the end.

    looks: steps after which `on_look` is called, with the weights of that step in `loaded`. A
    checkpoint behind one of them is not gone on from. gradients: what each step goes down along;
    it may leave a parameter without a gradient, which then stays as it is.

    folder: gets `checkpoint.safetensors` while it runs and `changed.safetensors` (the weights that
    differ, or the LoRA factors) when it ends; the checkpoint stays, for a worker that is cut
    between here and its stage's marker. Raises StageFailed when the loss is no longer finite.
    """
    model = loaded.model
    if settings.method is Method.LORA:
        model = _with_lora(model, settings)
    else:
        model.requires_grad_(True)  # merging an adapter leaves its base frozen
    model.train()
    parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
    optimizer = MasterAdamW(parameters, settings)
    steps = _resume(folder, optimizer, min(looks, default=None))
    n_resumed, n_tokens, n_old_tokens, n_answer_tokens = len(steps), 0, 0, 0
    started, looking = time.monotonic(), 0.0
    for number, indices in enumerate(batches(len(examples), settings), start=1):
        batch = [examples[i] for i in indices]
        n_answers = sum(sum(e.is_answer) for e in batch)
        n_tokens += sum(len(e.ids) for e in batch)
        n_answer_tokens += n_answers
        if number <= n_resumed:
            n_old_tokens = n_tokens
            continue
        step_started = time.monotonic()
        torch.manual_seed(settings.seed * 1_000_003 + number)  # dropout's draws, resumed or not
        micro_batches = list(_micro_batches(batch, settings.micro_batch))
        loss = gradients(loaded, model, micro_batches, n_answers, number)
        rate = learning_rate_at(number, settings)
        norm = optimizer.step(rate, settings.max_grad_norm)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise StageFailed(
                f"Scenario {settings.name}: the loss is no longer a number at step {number}; "
                "lower learning_rate or max_grad_norm."
            )
        speed = sum(len(e.ids) for e in batch) / (time.monotonic() - step_started)
        steps.append(TrainingStep(number, loss, rate, norm, speed))
        on_step(steps[-1])
        if number in looks:  # before the checkpoint: what a checkpoint has passed is asked
            looked_at = time.monotonic()
            model.eval()
            on_look(number)
            model.train()
            looking += time.monotonic() - looked_at
        if number % CHECKPOINT_EVERY == 0 and number < settings.steps:
            _checkpoint(folder, optimizer, steps)
    elapsed = time.monotonic() - started - looking
    n_own_tokens = n_tokens - n_old_tokens
    n_trainable = sum(p.numel() for p in parameters.values())
    save_weights(folder / "changed.safetensors", {n: p.data for n, p in parameters.items()})
    if settings.method is Method.LORA:
        loaded.model = model.merge_and_unload(safe_merge=True)
    loaded.model.eval()
    return Tuned(
        steps=tuple(steps),
        n_trainable=n_trainable,
        n_tokens=n_tokens,
        n_answer_tokens=n_answer_tokens,
        elapsed_s=elapsed,
        tokens_per_s=n_own_tokens / elapsed,
        n_resumed=n_resumed,
    )


def apply_changes(loaded: Loaded, settings: FineTune, file: Path) -> None:
    """Turn the untouched model into the tuned one from what `fine_tune` stored."""
    attach_changes(loaded, settings, file)
    if settings.method is Method.LORA:
        loaded.model = loaded.model.merge_and_unload(safe_merge=True).eval()


def attach_changes(loaded: Loaded, settings: FineTune, file: Path, share: float = 1.0) -> None:
    """The same with a LoRA adapter left as modules of its own, whose gradients can be asked for.

    share: of the way from where the tuning began (0) to where it ended (1), in a straight line of
    the parameters; LoRA's A factors begin where the tuning's seed drew them.
    """
    changed = load_file(file)
    model = loaded.model
    if settings.method is Method.LORA:
        model = _with_lora(model, settings)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in changed.items():
            parameter = parameters[name]
            value = value.to(parameter.device, torch.float32)
            parameter.copy_(value if share == 1 else torch.lerp(parameter.float(), value, share))
    loaded.model = model.eval()


def peak_memory_bytes() -> int:
    """The most memory this process ever held, in bytes (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class MasterAdamW:
    """AdamW (arXiv 1711.05101) on fp32 master weights.

    For fp32 parameters the masters are the parameters themselves, at no cost; for bf16 ones they
    are copies, written back rounded after each step.
    """

    def __init__(self, parameters: dict[str, torch.nn.Parameter], settings: FineTune) -> None:
        self.parameters = parameters
        self.masters = {
            n: p if p.dtype == torch.float32 else p.detach().float().requires_grad_()
            for n, p in parameters.items()
        }
        self.adamw = torch.optim.AdamW(
            self.masters.values(),
            lr=settings.learning_rate,
            betas=_BETAS,
            eps=_EPS,
            weight_decay=settings.weight_decay,
            fused=True,
        )

    def step(self, rate: float, max_grad_norm: float) -> float:
        """One clipped update at `rate`; returns the gradient norm before clipping."""
        for name, master in self.masters.items():
            source = self.parameters[name]
            if source is not master and source.grad is not None:
                master.grad = source.grad.float()
                source.grad = None
        norm = float(torch.nn.utils.clip_grad_norm_(self.masters.values(), max_grad_norm))
        for group in self.adamw.param_groups:
            group["lr"] = rate
        self.adamw.step()
        self.adamw.zero_grad(set_to_none=True)
        with torch.no_grad():
            for name, master in self.masters.items():
                if self.parameters[name] is not master:
                    self.parameters[name].copy_(master)
        return norm

    def state(self) -> dict[str, torch.Tensor]:
        """Masters and moments under flat names, for a checkpoint."""
        tensors = {}
        for name, master in self.masters.items():
            tensors[f"master.{name}"] = master.detach()
            for key, value in self.adamw.state[master].items():
                tensors[f"{key}.{name}"] = value
        return tensors

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Take back what `state` gave."""
        with torch.no_grad():
            for name, master in self.masters.items():
                master.copy_(tensors[f"master.{name}"])
                self.parameters[name].copy_(master)
                moments = {
                    key: tensors[f"{key}.{name}"]
                    for key in ("step", "exp_avg", "exp_avg_sq")
                    if f"{key}.{name}" in tensors
                }
                if moments:  # none for a parameter that has had no gradient yet
                    self.adamw.state[master] = moments


def _with_lora(model: Any, settings: FineTune) -> Any:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(settings.seed)  # LoRA's A factors are drawn here
    try:
        return get_peft_model(
            model,
            LoraConfig(
                r=settings.lora_rank,
                lora_alpha=settings.lora_alpha,
                lora_dropout=settings.lora_dropout,
                target_modules=list(settings.lora_targets) or "all-linear",
                task_type="CAUSAL_LM",
            ),
        )
    except ValueError as error:
        raise PlanError(
            f"Scenario {settings.name}: LoRA does not fit this model: {error}"
        ) from error


def _micro_batches(batch: list[Encoded], size: int) -> Iterator[list[Encoded]]:
    """Split by length, so that examples of like length share a micro batch and little is padded."""
    ordered = sorted(batch, key=lambda e: len(e.ids))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def answer_loss(
    loaded: Loaded, model: Any, batch: list[Encoded], share: bool = True
) -> torch.Tensor:
    """Summed cross-entropy over the answer tokens of one micro batch, a scalar.

    Two savings, both exact: the opening that all rows share is computed once, and logits are made
    only from the first position that predicts an answer token (the vocabulary is wide, and prompts
    need none). share: False for the opening once in every row, in one forward pass.
    """
    device = model.device
    width = max(len(e.ids) for e in batch)
    pad = loaded.tokenizer.pad_token_id
    first_answer = min(e.is_answer.index(True) for e in batch)  # >= 1: a template opens the turn
    shared = shared_length(loaded.model, [e.ids for e in batch], first_answer - 1) if share else 0
    cache = shared_cache(model, batch[0].ids[:shared], len(batch)) if shared else None
    ids = torch.tensor([list(e.ids) + [pad] * (width - len(e.ids)) for e in batch], device=device)
    mask = torch.tensor([[1] * len(e.ids) + [0] * (width - len(e.ids)) for e in batch])
    labels = torch.tensor(
        [
            [t if a else -100 for t, a in zip(e.ids, e.is_answer, strict=True)]
            + [-100] * (width - len(e.ids))
            for e in batch
        ],
        device=device,
    )[:, first_answer:]
    logits = model(
        input_ids=ids[:, shared:-1],
        attention_mask=mask[:, :-1].to(device),
        past_key_values=cache,
        use_cache=cache is not None,
        logits_to_keep=torch.arange(first_answer - 1, width - 1, device=device) - shared,
    ).logits  # (B, kept positions, vocabulary)
    wanted = labels != -100
    return torch.nn.functional.cross_entropy(
        logits[wanted].float(), labels[wanted], reduction="sum"
    )


def save_weights(path: Path, tensors: dict[str, torch.Tensor], note: str = "") -> None:
    """A safetensors file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with weights_disk_errors(path):
        save_file({n: t.contiguous() for n, t in tensors.items()}, temporary, {"note": note})
        temporary.replace(path)


def _checkpoint(folder: Path, optimizer: MasterAdamW, steps: list[TrainingStep]) -> None:
    note = json.dumps([asdict(s) for s in steps])
    save_weights(folder / "checkpoint.safetensors", optimizer.state(), note)


def _resume(folder: Path, optimizer: MasterAdamW, first_look: int | None) -> list[TrainingStep]:
    """The steps that the checkpoint has passed; none where it has passed a look to be taken."""
    path = folder / "checkpoint.safetensors"
    if not path.exists():
        return []
    with safe_open(path, "pt") as file:
        steps = [TrainingStep(**s) for s in json.loads(file.metadata()["note"])]
        if first_look is not None and first_look <= steps[-1].step:
            return []
        optimizer.restore({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    return steps
