"""Fine-tuning as a downstream user does it, from data to the weights that differ.

Comes in: a loaded model, a data set, the settings, the stage's folder. Goes out: the tuned model in
memory, `training.json`, `steps.parquet`, and `weights/changed.safetensors` (what differs from the
untouched model, kept until the variant has been probed).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from inspector.engine.chat import Encoded, encode_example
from inspector.engine.load import Loaded
from inspector.engine.train import (
    Gradients,
    apply_changes,
    fine_tune,
    peak_memory_bytes,
    plain_gradients,
)
from inspector.errors import DataError
from inspector.records import FineTune, Subject, Training, TrainingStep
from inspector.run import write_record, write_table
from inspector.scenarios.dataset import Dataset


def run_fine_tune(
    loaded: Loaded,
    dataset: Dataset,
    settings: FineTune,
    subject: Subject,
    folder: Path,
    on_step: Callable[[TrainingStep], None] = lambda _: None,
    looks: Collection[int] = (),
    on_look: Callable[[int], None] = lambda _: None,
    gradients: Gradients = plain_gradients,
) -> Training:
    """Tune in place, continuing from a checkpoint in `folder` where one is.

    looks, on_look: steps at which `loaded` is handed over as it is by then. gradients: see
    `inspector.engine.train.fine_tune`.

    Raises DataError when no example leaves an answer token within `max_length`.
    """
    encoded = [encode_example(loaded.tokenizer, e, settings.max_length) for e in dataset.examples]
    examples = [e for e in encoded if e is not None]
    if not examples:
        raise DataError(
            f"The data {dataset.name!r} has no example whose answer begins within max_length "
            f"{settings.max_length} tokens; raise max_length or give shorter examples."
        )
    return tune_encoded(
        loaded,
        examples,
        settings,
        (dataset.name, dataset.digest),
        subject,
        folder,
        folder / "weights",
        on_step,
        looks,
        on_look,
        gradients,
    )


def tune_encoded(
    loaded: Loaded,
    examples: Sequence[Encoded],
    settings: FineTune,
    data: tuple[str, str],
    subject: Subject,
    folder: Path,
    weights: Path,
    on_step: Callable[[TrainingStep], None] = lambda _: None,
    looks: Collection[int] = (),
    on_look: Callable[[int], None] = lambda _: None,
    gradients: Gradients = plain_gradients,
) -> Training:
    """The same on examples that are encoded already, one read at a time where they lie on a disk.

    data: the set's name and digest. weights: where checkpoint and changed weights go.
    """
    tuned = fine_tune(loaded, examples, settings, weights, on_step, looks, on_look, gradients)
    training = Training(
        scenario=settings,
        subject=subject,
        precision=loaded.precision,
        data_name=data[0],
        data_digest=data[1],
        n_examples=len(examples),
        n_trainable=tuned.n_trainable,
        n_tokens=tuned.n_tokens,
        n_answer_tokens=tuned.n_answer_tokens,
        first_loss=tuned.steps[0].loss,
        last_loss=tuned.steps[-1].loss,
        elapsed_s=tuned.elapsed_s,
        tokens_per_s=tuned.tokens_per_s,
        peak_memory_bytes=peak_memory_bytes(),
        n_resumed=tuned.n_resumed,
    )
    write_table(folder / "steps.parquet", TrainingStep, tuned.steps)
    write_record(folder / "training.json", training)
    return training


def has_weights(folder: Path) -> bool:
    """Whether a finished fine-tuning's weights are still there to be probed."""
    return (folder / "weights" / "changed.safetensors").exists()


def restore(loaded: Loaded, settings: FineTune, folder: Path) -> None:
    """Turn the untouched model into the variant whose weights `folder` holds."""
    apply_changes(loaded, settings, folder / "weights" / "changed.safetensors")


def drop_weights(folder: Path) -> None:
    """Delete the variant's weights: its answers are on record, and it can be made again."""
    shutil.rmtree(folder / "weights", ignore_errors=True)
