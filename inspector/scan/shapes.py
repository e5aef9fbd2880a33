"""Risk: weights that do not fit the configuration beside them.

Comes in: the tensors of the files that a loader takes, and the configuration (config.json, or the
metadata of a GGUF file). Goes out: (rule, evidence) where tensors are missing, where there is no
place for them, and where their shape or dtype is another. What a loader does not find it fills with
random numbers and hardly mentions; what it has no place for it leaves out: a hiding place.

Every family: embedding and output layer against vocabulary and width, the number of layers, dtypes.
Families built like Llama: every tensor. Names and shapes are those of transformers 5.23 (modeling
files) and of llama.cpp (`gguf-py/gguf/constants.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from inspector.records import Severity
from inspector.scan.gguf_header import GgufHeader
from inspector.scan.rule import Rule
from inspector.scan.safetensors_header import Tensor

SHAPE = Rule(
    "WEIGHTS-SHAPE",
    Severity.HIGH,
    "Tensors have other shapes than the configuration says",
    "Do not rely on it: loaders refuse it, or replace the tensors by random numbers.",
)
MISSING = Rule(
    "WEIGHTS-MISSING",
    Severity.HIGH,
    "Tensors are missing that the configuration needs",
    "Do not rely on it: loaders fill them with random numbers and only warn.",
)
UNEXPECTED = Rule(
    "WEIGHTS-UNEXPECTED",
    Severity.MEDIUM,
    "The weight files hold tensors that the configuration has no place for",
    "Ask the author what they are: loaders leave them out, so nobody sees what they hold.",
)
DTYPE = Rule(
    "WEIGHTS-DTYPE",
    Severity.MEDIUM,
    "Weights are stored as a type that the configuration does not explain",
    "Ask the author how they are to be read; quantized weights need a quantization_config.",
)
DTYPE_DECLARED = Rule(
    "WEIGHTS-DTYPE-DECLARED",
    Severity.INFO,
    "Most weights are stored as another float type than the configuration declares",
    "Nothing needs to be done: loaders convert them.",
)

MAX_NAMED = 3
MAX_INTEGERS = 4_096  # of a tensor that nobody needs to explain: positions, counters
Problem = tuple[Rule, str]
Shape = tuple[int | None, ...]  # None: any

_PLAIN = {"F32", "F16", "BF16"}
_DECLARED = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
_EMBEDDING = re.compile(r"(.*?)(embed_tokens|wte|word_embeddings|tok_embeddings|embed_in)\.weight")
_HEAD = re.compile(r"(.*\.)?(lm_head|embed_out)\.weight")
_WIDTHS = ("hidden_size", "n_embd", "d_model", "dim", "word_embed_proj_dim", "embedding_size")
_LAYERS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers")

LLAMA_LIKE = {"llama", "mistral", "qwen2", "qwen3", "smollm3", "gemma", "gemma2", "gemma3_text"}
_PLAIN_HEAD_SIZE = {"llama", "mistral", "qwen2", "smollm3"}  # hidden size / heads, where not said
# Causal masks (GPT-2's are named bias), positions, which expert a token goes to.
_TABLES = re.compile(r"(attn|attention)\.(masked_)?bias$|mask|position|token_type|index|tid2eid")
_OWN_BUFFERS = re.compile(r".*(rotary_emb\.inv_freq|masked_bias|position_ids)")


def says_quantized(config: Mapping[str, Any]) -> bool:
    """Whether it says that weights are packed: transformers', llm-compressor's, MLX's entry."""
    entries = ("quantization_config", "compression_config", "quantization")
    return any(isinstance(config.get(entry), dict) for entry in entries)


def is_packed(tensors: Mapping[str, Tensor]) -> bool:
    """Whether any weights are stored as something else than plain floats."""
    return any("weight" in t.name and t.dtype not in _PLAIN for t in tensors.values())


def check_model(
    config: Mapping[str, Any], tensors: Mapping[str, Tensor], quantized: bool
) -> Iterator[Problem]:
    """A safetensors model: the tensors that loaders take, by name, against config.json.

    quantized: whether weights are packed, so that shapes and types are not the configuration's.
    """
    inner = config.get("text_config")
    text = inner if isinstance(inner, dict) and "vocab_size" in inner else config
    if not quantized:
        yield from _check_dtypes(text, tensors)
    embeddings = [m for name in tensors if (m := _EMBEDDING.fullmatch(name))]
    family = text.get("model_type") in LLAMA_LIKE
    if not embeddings and family and tensors and text is config:
        yield MISSING, f"no token embedding among {len(tensors)} tensors"
    if len(embeddings) != 1:  # several: encoders, towers; which is which is not known here
        return
    found, prefix = embeddings[0], embeddings[0][1]
    widths = {text[k] for k in _WIDTHS if isinstance(text.get(k), int)}
    vocabulary = _size(text, "vocab_size")
    shape = tensors[found[0]].shape
    if not quantized and len(shape) == 2 and widths:
        fits = shape[1] in widths and vocabulary in (None, shape[0])
        if not fits:
            yield (
                SHAPE,
                (
                    f"{found[0]!r} is {list(shape)}; the vocabulary is {vocabulary}, the width "
                    f"{' or '.join(map(str, sorted(widths)))}"
                ),
            )
    if text.get("is_encoder_decoder"):
        return
    yield from _check_layer_count(text, prefix, tensors)
    yield from _check_head(text, tensors)
    if family and not quantized and text is config:
        yield from _check_llama(text, prefix, tensors)


def _check_dtypes(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Iterator[Problem]:
    strange = [
        f"{t.name!r} is {t.dtype}"
        for t in tensors.values()
        if (t.dtype not in _PLAIN and t.name.endswith(".weight") and len(t.shape) > 1)
        or is_cargo(t)
    ]
    if strange:
        yield DTYPE, _some(strange)
    declared = config.get("dtype") or config.get("torch_dtype")
    wanted = _DECLARED.get(declared) if isinstance(declared, str) else None
    sizes: dict[str, int] = {}
    for tensor in tensors.values():
        sizes[tensor.dtype] = sizes.get(tensor.dtype, 0) + tensor.n_elements
    if wanted and sizes and 2 * sizes.get(wanted, 0) < sum(sizes.values()):
        most = max(sizes, key=lambda k: sizes[k])
        yield DTYPE_DECLARED, f"declared is {declared}, most weights are {most}"


def is_cargo(tensor: Tensor, more_than: int = MAX_INTEGERS) -> bool:
    """Whether a tensor is a large one of integers, and not one of the tables that models keep."""
    is_integer = tensor.dtype[0] in "IU" and tensor.dtype[1:].isdigit()
    return is_integer and tensor.n_elements > more_than and not _TABLES.search(tensor.name)


def _check_layer_count(
    config: Mapping[str, Any], prefix: str, tensors: Mapping[str, Tensor]
) -> Iterator[Problem]:
    counts = [n for key in _LAYERS if (n := _size(config, key)) is not None]
    pattern = re.compile(re.escape(prefix) + r"(?:layers|h|blocks|block)\.(\d+)\.")
    present = {int(m[1]) for name in tensors if (m := pattern.match(name))}
    if not counts or not (present or config.get("model_type") in LLAMA_LIKE):
        return
    wanted = counts[0]
    extra = _size(config, "num_nextn_predict_layers") or 0  # DeepSeek's, stored after the others
    if absent := [n for n in range(min(wanted, 10_000)) if n not in present]:
        yield MISSING, f"layers {_few(absent)} of {wanted}"
    if beyond := sorted(n for n in present if n >= wanted + extra):
        yield UNEXPECTED, f"layers {_few(beyond)}; the configuration has {wanted}"


def _check_head(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Iterator[Problem]:
    heads = [name for name in tensors if _HEAD.fullmatch(name)]
    names = config.get("architectures")
    generates = isinstance(names, list) and any("CausalLM" in str(n) for n in names)
    if not heads and generates and config.get("tie_word_embeddings") is False:
        yield MISSING, "no output layer, and the embedding is not declared to be it too"
    vocabulary = _size(config, "vocab_size")
    for name in heads:
        shape = tensors[name].shape
        if vocabulary is not None and len(shape) == 2 and shape[0] != vocabulary:
            yield SHAPE, f"{name!r} is {list(shape)}; the vocabulary is {vocabulary}"


def tied_head(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> tuple[str, str] | None:
    """(embedding, output layer) where both are stored though they are declared to be one."""
    embeddings = [name for name in tensors if _EMBEDDING.fullmatch(name)]
    heads = [name for name in tensors if _HEAD.fullmatch(name)]
    if config.get("tie_word_embeddings") is not True or len(embeddings) != 1 or len(heads) != 1:
        return None
    return embeddings[0], heads[0]


def _check_llama(
    config: Mapping[str, Any], prefix: str, tensors: Mapping[str, Tensor]
) -> Iterator[Problem]:
    """Every tensor within the layers of a family that is built like Llama."""
    shapes = _llama_shapes(config)
    pattern = re.compile(re.escape(prefix) + r"layers\.(\d+)\.(.+)")
    layers: dict[int, set[str]] = {}
    wrong, unexpected = [], []
    outside = {f"{prefix}embed_tokens.weight", f"{prefix}norm.weight"}
    for name, tensor in tensors.items():
        match = pattern.fullmatch(name)
        if match is None:
            is_head = _HEAD.fullmatch(name) or name in ("lm_head.bias", "score.weight")
            if name not in outside and not is_head and not _OWN_BUFFERS.fullmatch(name):
                unexpected.append(f"{name!r} {list(tensor.shape)}")
            continue
        part = match[2]
        layers.setdefault(int(match[1]), set()).add(part)
        if part in shapes:
            if not _fits(tensor.shape, shapes[part]):
                wrong.append(f"{name!r} is {list(tensor.shape)}, not {_words(shapes[part])}")
        elif not _OPTIONAL.fullmatch(part) and not _OWN_BUFFERS.fullmatch(part):
            unexpected.append(f"{name!r} {list(tensor.shape)}")
    absent = [
        f"'{prefix}layers.{n}.{part}'"
        for n, parts in sorted(layers.items())
        for part in sorted(set(shapes) - parts)
    ]
    for rule, found in ((SHAPE, wrong), (MISSING, absent), (UNEXPECTED, unexpected)):
        if found:
            yield rule, _some(found)


_OPTIONAL = re.compile(
    r"self_attn\.([qkvo]_proj\.bias|[qk]_norm\.weight)|mlp\.(gate|up|down)_proj\.bias"
    r"|(pre|post)_feedforward_layernorm\.weight"
)


def _llama_shapes(config: Mapping[str, Any]) -> dict[str, Shape]:
    """Shape of each tensor that every layer must have."""
    hidden, between = _size(config, "hidden_size"), _size(config, "intermediate_size")
    heads = _size(config, "num_attention_heads")
    of_keys = _size(config, "num_key_value_heads")
    size = _size(config, "head_dim")
    if size is None and hidden and heads and config.get("model_type") in _PLAIN_HEAD_SIZE:
        size = hidden // heads
    queries = heads * size if heads and size else None
    keys = of_keys * size if of_keys and size else None
    return {
        "self_attn.q_proj.weight": (queries, hidden),
        "self_attn.k_proj.weight": (keys, hidden),
        "self_attn.v_proj.weight": (keys, hidden),
        "self_attn.o_proj.weight": (hidden, queries),
        "mlp.gate_proj.weight": (between, hidden),
        "mlp.up_proj.weight": (between, hidden),
        "mlp.down_proj.weight": (hidden, between),
        "input_layernorm.weight": (hidden,),
        "post_attention_layernorm.weight": (hidden,),
    }


def check_gguf(header: GgufHeader) -> Iterator[Problem]:
    """The tensors of a GGUF model against its own metadata."""
    if header.text("general.type") not in (None, "model"):
        return  # adapters and vision projectors have other tensors
    family = header.text("general.architecture")
    if family is None:
        yield SHAPE, "the metadata names no general.architecture"
        return
    tensors = {t.name: t for t in header.tensors}
    if cargo := [f"{t.name!r} is {t.dtype}" for t in header.tensors if is_cargo(t)]:
        yield DTYPE, _some(cargo)
    blocks, tokens = f"{family}.block_count", "tokenizer.ggml.tokens"
    if header.number(blocks) is None and header.n_items(tokens) is None:
        return  # no language model: image models come as GGUF too
    if family == "clip" or any(name.startswith("enc.") for name in tensors):
        return  # vision towers, and encoder-decoders with two stacks
    width = header.number(f"{family}.embedding_length")
    between = header.number(f"{family}.feed_forward_length")
    said = header.number(f"{family}.vocab_size")
    listed = header.n_items("tokenizer.ggml.tokens")
    if said is not None and listed is not None and said != listed:
        yield SHAPE, f"{family}.vocab_size is {said:,}, and {listed:,} tokens are listed"
    wanted: dict[str, Shape] = {
        "token_embd.weight": (listed if listed is not None else said, width),
        "output.weight": (listed if listed is not None else said, width),
    }
    n_layers = header.number(f"{family}.block_count")
    present = {int(m[1]) for name in tensors if (m := re.match(r"blk\.(\d+)\.", name))}
    for n in present:
        if (gate := f"blk.{n}.ffn_gate.weight") in tensors:  # without it two parts are one tensor
            wanted[gate] = wanted[f"blk.{n}.ffn_up.weight"] = (between, width)
        wanted[f"blk.{n}.ffn_down.weight"] = (width, between)
        wanted[f"blk.{n}.attn_norm.weight"] = (width,)
    wrong = [
        f"{name!r} is {list(tensors[name].shape)}, not {_words(shape)}"
        for name, shape in wanted.items()
        if name in tensors and not _fits(tensors[name].shape, shape)
    ]
    if wrong:
        yield SHAPE, _some(wrong)
    if "token_embd.weight" not in tensors:
        yield MISSING, f"no token_embd.weight among {len(tensors)} tensors"
    if n_layers is not None:
        if absent := [n for n in range(min(n_layers, 10_000)) if n not in present]:
            yield MISSING, f"blocks {_few(absent)} of {n_layers}"
        if beyond := sorted(n for n in present if n >= n_layers):
            yield UNEXPECTED, f"blocks {_few(beyond)}; {family}.block_count is {n_layers}"


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        w is None or n == w for n, w in zip(shape, wanted, strict=True)
    )


def _words(shape: Shape) -> str:
    return "[" + ", ".join("any" if n is None else str(n) for n in shape) + "]"


def _size(config: Mapping[str, Any], key: str) -> int | None:
    value = config.get(key)
    return value if type(value) is int and value > 0 else None


def _few(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:6])) + (" …" if len(numbers) > 6 else "")


def _some(things: list[str]) -> str:
    more = f", and {len(things) - MAX_NAMED} more" if len(things) > MAX_NAMED else ""
    return "; ".join(things[:MAX_NAMED]) + more
