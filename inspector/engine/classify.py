"""A sequence-classification model (guard, moderation, refusal detectors) -> label probabilities.

Comes in: a fetched and scanned Artifact; texts, or pairs of prompt and answer. Goes out: per text
the probabilities of each label, for every window of it: nothing is cut off unread. Loaded from the
digested snapshot only, safetensors only, no code from the artifact. Guard models that *write*
their verdict (causal language models) are no classifiers: serve them behind an endpoint judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from inspector.engine.load import check_unchanged, listed
from inspector.errors import TargetError
from inspector.records import Artifact, ArtifactKind

_WINDOW = 512  # tokens, for models that name no limit of their own
_OVERLAP = 64  # tokens that neighbouring windows share


@dataclass(frozen=True)
class Window:
    """One window of one text. start, end: characters of the text; probabilities: (n_labels,)."""

    start: int
    end: int
    probabilities: NDArray[np.float64]


class Classifier:
    """labels: their names, in the order of the probabilities."""

    def __init__(self, model: Any, tokenizer: Any, batch_size: int = 16) -> None:
        self._model = model.eval()
        self._tokenizer = tokenizer
        self._batch_size = batch_size
        names = model.config.id2label
        self.labels = tuple(str(names[k]) for k in sorted(names))
        limits = [getattr(model.config, "max_position_embeddings", None), _WINDOW]
        limits.append(tokenizer.model_max_length)
        self.max_tokens = min(int(n) for n in limits if n)

    def read(self, prompt: str | None, text: str) -> list[Window]:
        """Every window of the text, each with the prompt before it where one is given.

        Raises ValueError where the prompt leaves no room for the text.
        """
        special = self._tokenizer.num_special_tokens_to_add(pair=prompt is not None)
        taken = special + (
            len(self._tokenizer(prompt, add_special_tokens=False)["input_ids"]) if prompt else 0
        )
        room = self.max_tokens - taken
        if room < min(2 * _OVERLAP, self.max_tokens // 2):
            raise ValueError("the prompt leaves no room in the classifier's window")
        encoded = self._tokenizer(
            *([prompt, text] if prompt is not None else [text]),
            truncation="only_second" if prompt is not None else True,
            max_length=self.max_tokens,
            stride=min(_OVERLAP, room // 4),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            padding=True,
            return_tensors="pt",
        )
        second = 1 if prompt is not None else 0
        spans = []
        for row, offsets in enumerate(encoded["offset_mapping"].tolist()):
            own = encoded.sequence_ids(row)
            of_text = [o for o, s in zip(offsets, own, strict=True) if s == second]
            spans.append((of_text[0][0], of_text[-1][1]) if of_text else (0, len(text)))
        inputs = {
            name: encoded[name] for name in self._tokenizer.model_input_names if name in encoded
        }
        found = self._probabilities(inputs)
        return [Window(start, end, found[row]) for row, (start, end) in enumerate(spans)]

    @torch.inference_mode()
    def _probabilities(self, inputs: dict[str, torch.Tensor]) -> NDArray[np.float64]:
        n = len(inputs["input_ids"])
        rows = []
        for at in range(0, n, self._batch_size):
            batch = {k: v[at : at + self._batch_size] for k, v in inputs.items()}
            rows.append(torch.softmax(self._model(**batch).logits.double(), dim=-1))
        found: NDArray[np.float64] = torch.cat(rows).numpy()
        return found


def load_classifier(artifact: Artifact, labels: Sequence[str]) -> Classifier:
    """The classifier of an artifact that was scanned before; fp32.

    labels: the label names that will be asked for. Raises TargetError where the model is none, has
    no trained head, scores its labels independently, or lacks one of the names.
    """
    if artifact.kind is not ArtifactKind.MODEL or artifact.gguf_file is not None:
        raise TargetError(
            f"The judge {artifact.target} is no safetensors model; give a folder or Hub id of a "
            "sequence-classification model."
        )
    check_unchanged(artifact)
    with listed(artifact) as folder:
        try:
            model, info = AutoModelForSequenceClassification.from_pretrained(
                folder,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
            tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_fast=True
            )
        except MemoryError:
            raise
        except Exception as error:  # the libraries raise kinds of their own, some bare
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise TargetError(
                f"The judge {artifact.target} cannot be loaded as a sequence classifier: {first}"
            ) from error
    # transformers fills a missing head with random numbers and merely warns.
    if info["missing_keys"] or info["mismatched_keys"]:
        lacking = sorted(map(str, [*info["missing_keys"], *info["mismatched_keys"]]))
        raise TargetError(
            f"The judge {artifact.target} lacks trained weights for {lacking[0]}, so it is no "
            "trained classifier; give one with its classification head."
        )
    config = model.config
    if config.num_labels < 2 or config.problem_type == "multi_label_classification":
        raise TargetError(
            f"The judge {artifact.target} does not choose one of several labels; give a "
            "classifier whose labels exclude each other."
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    classifier = Classifier(model, tokenizer)
    unknown = [name for name in labels if name not in classifier.labels]
    if unknown:
        raise TargetError(
            f"The judge {artifact.target} has no label {unknown[0]!r}; it has "
            f"{', '.join(classifier.labels)}."
        )
    return classifier
