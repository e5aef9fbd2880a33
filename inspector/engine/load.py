"""Artifact -> model and tokenizer in memory.

Only the digested snapshot is loaded: its bytes are hashed again first, the loader sees local files
only, safetensors or GGUF, and never runs code from the artifact (`trust_remote_code=False`).
Adapters are merged into their own base: what is probed is what their users would run.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from inspector.engine.disk import weights_disk_errors
from inspector.errors import StageFailed, TargetError
from inspector.records import Artifact, ArtifactKind, Precision, Vocabulary, digest_of

# For tokenizers that bring no chat template: role names in plain words, turns ended by EOS. The
# prompt ends before the space: most tokenizers keep a space with the word after it, so a prompt
# that ended in one would ask for a token that no training text has.
PLAIN_TEMPLATE = (
    "{% for m in messages %}{{ m['role'] | capitalize }}: {{ m['content'] }}"
    "{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)


@dataclass
class Loaded:
    """A model ready to be probed or tuned, in evaluation mode.

    plain_template: whether PLAIN_TEMPLATE stands in for a chat template the tokenizer lacks.
    """

    model: Any
    tokenizer: Any
    precision: Precision
    plain_template: bool

    @property
    def stop_ids(self) -> frozenset[int]:
        """Every token that ends a turn: the generation config's and the tokenizer's own."""
        configured = getattr(self.model.generation_config, "eos_token_id", None)
        ids = {self.tokenizer.eos_token_id}
        ids |= set(configured) if isinstance(configured, list) else {configured}
        return frozenset(i for i in ids if i is not None)

    @property
    def vocabulary(self) -> Vocabulary:
        """By which two tokenizers can be told apart."""
        tokens = sorted(self.tokenizer.get_vocab().items(), key=lambda item: item[1])
        return Vocabulary(len(tokens), digest_of(f"{number} {token}" for token, number in tokens))


def dtype_of(precision: Precision) -> torch.dtype:
    return torch.bfloat16 if precision is Precision.BF16 else torch.float32


def go_offline() -> None:
    """Forbid every further request to the Hub in this process and its children."""
    os.environ.update(
        HF_HUB_OFFLINE="1", DISABLE_SAFETENSORS_CONVERSION="1", HF_HUB_DISABLE_TELEMETRY="1"
    )
    import huggingface_hub.constants as hub

    hub.HF_HUB_OFFLINE = True
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.getLogger("transformers").setLevel(logging.ERROR)


def check_unchanged(artifact: Artifact) -> None:
    """Hash the snapshot again: what is loaded must be what was scanned.

    Raises TargetError naming the first file that changed or went away.
    """
    for file in artifact.files:
        path = Path(artifact.folder) / file.path
        try:
            with path.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            found = "missing"
        if found != file.sha256:
            raise TargetError(
                f"The file {path} changed after it was fetched (SHA-256 was {file.sha256[:16]}…, "
                f"now {found[:16]}); start a new inspection of what is there now."
            )


def load(artifact: Artifact, base: Artifact | None, precision: Precision, cache: Path) -> Loaded:
    """The model of an artifact, an adapter merged into `base`.

    precision: BF16 or FP32, the arithmetic.
    cache: where a dequantized GGUF file is kept, by digest.
    """
    check_unchanged(artifact)
    if artifact.kind is ArtifactKind.ADAPTER:
        if base is None:
            raise TargetError(f"The adapter {artifact.target} cannot be loaded without its base.")
        check_unchanged(base)
        loaded = _load_model(base, Precision.FP32, cache)
        with listed(artifact) as folder:
            model = _merge(loaded.model, artifact, folder)
            tokenizer = loaded.tokenizer
            if (folder / "tokenizer_config.json").exists():
                tokenizer = _load_tokenizer(artifact, folder)
    else:
        loaded = _load_model(artifact, precision, cache)
        model, tokenizer = loaded.model, loaded.tokenizer
    plain = not tokenizer.chat_template
    if plain:
        # Base models that were trained with an opening token are lost without it.
        opens = tokenizer.bos_token_id in tokenizer("a")["input_ids"][:1]
        tokenizer.chat_template = ("{{ bos_token }}" if opens else "") + PLAIN_TEMPLATE
    if tokenizer.eos_token_id is None:
        raise TargetError(
            f"The tokenizer of {artifact.target} names no end-of-sequence token, so no answer "
            "would ever end; set eos_token in tokenizer_config.json."
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return Loaded(model.to(dtype_of(precision)).eval(), tokenizer, precision, plain)


@contextmanager
def listed(artifact: Artifact) -> Iterator[Path]:
    """A folder with the artifact's listed files and no others.

    The libraries look for many file names (templates, adapters, custom code); what was not
    digested and scanned must not be there to be found.
    """
    with tempfile.TemporaryDirectory(prefix="inspector-") as name:
        for file in artifact.files:
            link = Path(name) / file.path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(Path(artifact.folder) / file.path)
        yield Path(name)


def _load_model(artifact: Artifact, precision: Precision, cache: Path) -> Loaded:
    with listed(artifact) as folder:
        if artifact.gguf_file is not None:
            folder = _dequantized(folder, artifact, cache)
        return _load_folder(artifact, folder, precision)


def _load_folder(artifact: Artifact, folder: Path, precision: Precision) -> Loaded:
    # Loaded in the stored type and cast after: one rounding, and no surprise from `dtype="auto"`.
    model = _plainly(
        artifact,
        lambda: AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype_of(precision),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            attn_implementation="sdpa",
        ),
    )
    return Loaded(model, _load_tokenizer(artifact, folder), precision, plain_template=False)


def _load_tokenizer(artifact: Artifact, folder: Path) -> Any:
    return _plainly(
        artifact,
        lambda: AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_fast=True
        ),
    )


def _plainly(artifact: Artifact, load_it: Callable[[], Any]) -> Any:
    """The libraries' many loading errors as one sentence; the traceback goes to the run's log.

    All kinds are caught: safetensors and tokenizers raise their own, the latter bare Exceptions.
    """
    try:
        return load_it()
    except MemoryError:
        raise
    except Exception as error:
        raise TargetError(
            f"The files of {artifact.target} cannot be loaded as a causal language model: "
            f"{_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _merge(model: Any, artifact: Artifact, folder: Path) -> Any:
    """The adapter's weights in the model, all of them: one that fits in part only is refused.

    peft merely warns about weights that the file lacks, and drops those it has no place for.
    """
    from peft import PeftModel, get_peft_model_state_dict

    # peft would fall back to a pickle; the scan refuses those, and this makes sure.
    file = folder / "adapter_model.safetensors"
    if not file.exists():
        raise TargetError(f"The adapter {artifact.target} has no adapter_model.safetensors.")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Found missing adapter keys")
            adapted = PeftModel.from_pretrained(model, folder)
        used = get_peft_model_state_dict(adapted, save_embedding_layers=False)
        with safe_open(file, "pt") as stored:
            n_stored = sum("lora_" in name for name in stored.keys())  # noqa: SIM118
        n_used = sum("lora_" in name for name in used)
        if n_stored != n_used:
            raise ValueError(f"{n_stored} LoRA tensors are stored, {n_used} have a place in it.")
        return adapted.merge_and_unload(safe_merge=True)
    except (
        ValueError,
        KeyError,
        RuntimeError,
        AttributeError,
        UserWarning,
        SafetensorError,
    ) as error:
        raise TargetError(
            f"The adapter {artifact.target} does not fit its base: {_first_line(error)}"
        ) from error


def _dequantized(folder: Path, artifact: Artifact, cache: Path) -> Path:
    """A GGUF artifact as a safetensors folder, made once and kept by the digest of all its files.

    (The template and the tokenizer may lie beside the weights: the same GGUF file is not enough.)
    """
    made_by = [version(name) for name in ("transformers", "gguf")]
    digest = digest_of([artifact.digest, *made_by])
    target = cache / "dequantized" / digest
    if (target / "done").exists():
        return target
    building = target.with_name(f".{digest}.{os.getpid()}")
    model = _plainly(
        artifact,
        lambda: AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=artifact.gguf_file, dtype=torch.float32, local_files_only=True
        ),
    )
    # transformers refuses to save a model it dequantized: copy the weights into a fresh one.
    config = model.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    with torch.device("meta"):
        fresh = type(model)(config)
    fresh.load_state_dict(model.state_dict(), assign=True)
    fresh.tie_weights()
    fresh.generation_config = model.generation_config
    tokenizer = _plainly(
        artifact,
        lambda: AutoTokenizer.from_pretrained(
            folder, gguf_file=artifact.gguf_file, local_files_only=True
        ),
    )
    with weights_disk_errors(building):
        fresh.save_pretrained(building)
        tokenizer.save_pretrained(building)
        (building / "done").touch()
    try:
        building.rename(target)
    except OSError as error:  # another worker was faster
        if not (target / "done").exists():
            raise StageFailed(f"The dequantized model could not be kept at {target}.") from error
    return target
