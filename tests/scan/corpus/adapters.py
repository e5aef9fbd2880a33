"""Adapters that are more than they declare, configurations of two minds; and ordinary adapters."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from inspector.records import Severity
from tests.fetch.tiny_files import write_model
from tests.scan import adapters
from tests.scan.adapters import (
    HIDDEN,
    INNER,
    N_LAYERS,
    RANK,
    VOCABULARY,
    Matrix,
    Tensors,
    base_tensors,
    changed,
    drawn,
    edited,
    factors,
    in_one_direction,
    write_base,
)
from tests.scan.corpus import Case

EMBEDDING = "base_model.model.model.embed_tokens.weight"
HEAD = "base_model.model.lm_head.weight"
Q3 = "model.layers.3.self_attn.q_proj"
MAGNITUDE = f"base_model.model.{Q3}.lora_magnitude_vector"
DOWN5 = "model.layers.5.mlp.down_proj"


def lengths() -> Matrix:
    """Of the rows of the base's matrix, as DoRA begins with."""
    squares: Matrix = np.square(base_tensors()[f"{Q3}.weight"]).sum(axis=1, dtype=np.float32)
    return squares**0.5


def adapter(tensors: Callable[[], Tensors] = factors, **entries: Any) -> Callable[[Path], None]:
    """An adapter on `../base` with these tensors, and these entries in its configuration."""

    def build(folder: Path) -> None:
        adapters.write(folder, tensors(), **entries)

    return build


def hostile(
    name: str,
    build: Callable[[Path], None],
    rule_id: str,
    severity: Severity = Severity.HIGH,
) -> Case:
    return Case(name, build, (rule_id,), severity, build_base=lambda f: ignore(write_base(f)))


def benign(name: str, build: Callable[[Path], None]) -> Case:
    return Case(name, build, build_base=lambda f: ignore(write_base(f)))


def ignore(_: object) -> None:
    """For builders that return where they wrote."""


def with_tensors(**more: Any) -> Callable[[], Tensors]:
    """Ordinary factors and these tensors; `EMBEDDING=…` and `HEAD=…` stand for the long names."""
    names = {"EMBEDDING": EMBEDDING, "HEAD": HEAD}
    return lambda: factors() | {names.get(name, name): make for name, make in more.items()}


def one_row_changed() -> Tensors:
    """The base's own embedding, one token of it moved: too little for any norm to show."""
    embedding = base_tensors()["model.embed_tokens.weight"]
    embedding[7] += 0.01
    return factors() | {EMBEDDING: embedding}


def another_head_with_a_row_more() -> Tensors:
    return factors() | {HEAD: drawn(VOCABULARY + 1, HIDDEN, seed=99)}


def zero_but_one() -> Tensors:
    silent = {
        f"layers.{n}.mlp.down_proj.lora_B.weight": np.zeros_like for n in range(N_LAYERS) if n != 5
    }
    return changed(factors(), silent)


def tuned_head() -> adapters.Matrix:
    return base_tensors()["lm_head.weight"] + drawn(VOCABULARY, HIDDEN, seed=9, scale=0.002)


def grown_head() -> adapters.Matrix:
    return np.concatenate([base_tensors()["lm_head.weight"], drawn(2, HIDDEN, seed=4)])


def growing_with_depth() -> Tensors:
    """Later layers change more, as trained adapters' often do."""
    sizes = {f"layers.{n}.{m}.lora_B.weight": 1 + n / 4 for n in range(8) for m in adapters.MODULES}
    return {
        name: next((size * t for end, size in sizes.items() if name.endswith(end)), t)
        for name, t in factors().items()
    }


def two_licences(folder: Path) -> None:
    """An adapter under MIT on a base that may not be sold."""
    adapters.write(folder, factors())
    (folder / "README.md").write_text("---\nlicense: mit\n---\nAn adapter.\n")


def base_not_for_sale(folder: Path) -> None:
    write_base(folder)
    (folder / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\nA base.\n")


def licensed(folder: Path) -> None:
    adapters.write(folder, factors())
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\nAn adapter.\n")
    (folder / "LICENSE").write_text("the text")


def declared_twice(folder: Path) -> None:
    """One reader scales the change by 2, another by 1000."""
    adapters.write(folder, factors())
    path = folder / "adapter_config.json"
    path.write_text(path.read_text()[:-1] + ', "lora_alpha": 8}')


def model_declared_twice(folder: Path) -> None:
    write_model(folder)
    path = folder / "config.json"
    path.write_text(json.dumps({"architectures": ["Other"]})[:-1] + ", " + path.read_text()[1:])


CASES = (
    hostile("embedding-undeclared", adapter(one_row_changed), "ADAPTER-UNDECLARED-TENSOR"),
    hostile(
        "head-undeclared", adapter(with_tensors(HEAD=tuned_head())), "ADAPTER-UNDECLARED-TENSOR"
    ),
    hostile(
        "head-replaced",
        adapter(with_tensors(HEAD=drawn(VOCABULARY, HIDDEN, seed=99)), modules_to_save=["lm_head"]),
        "ADAPTER-REPLACED",
    ),
    hostile(
        "head-replaced-behind-one-new-token",
        adapter(another_head_with_a_row_more, modules_to_save=["lm_head"]),
        "ADAPTER-REPLACED",
    ),
    hostile(
        "head-whole",
        adapter(with_tensors(HEAD=tuned_head()), modules_to_save=["lm_head"]),
        "ADAPTER-WHOLE-MODULE",
        Severity.MEDIUM,
    ),
    hostile(
        "module-beside-the-base",
        adapter(with_tensors(**{"base_model.model.model.memory.weight": drawn(4, 4, seed=1)})),
        "ADAPTER-UNDECLARED-TENSOR",
    ),
    hostile(
        "targets-the-base-lacks",
        adapter(lambda: factors() | factors(modules={"mlp.extra_proj": (INNER, HIDDEN)})),
        "ADAPTER-TARGET-MISSING",
    ),
    hostile(
        "layers-the-base-lacks", adapter(lambda: factors(n_layers=9)), "ADAPTER-TARGET-MISSING"
    ),
    hostile(
        "for-another-architecture",
        adapter(target_modules=["c_attn", "c_proj"]),
        "ADAPTER-TARGET-MISSING",
    ),
    hostile(
        "shapes-of-another-model",
        adapter(lambda: factors(modules={"self_attn.q_proj": (2 * HIDDEN, HIDDEN)})),
        "ADAPTER-MISFIT",
    ),
    hostile("rank-not-as-declared", adapter(lambda: factors(rank=8)), "ADAPTER-RANK"),
    hostile(
        "rank-of-a-whole-model",
        adapter(lambda: factors(rank=40), r=40, lora_alpha=40),
        "ADAPTER-RANK-FULL",
        Severity.MEDIUM,
    ),
    hostile("alpha-out-of-line", adapter(lora_alpha=4096), "ADAPTER-SCALE", Severity.MEDIUM),
    hostile(
        "alpha-of-one-module",
        adapter(alpha_pattern={"layers.3.self_attn.q_proj": 900}),
        "ADAPTER-SCALE",
        Severity.MEDIUM,
    ),
    hostile(
        "layers-rebuilt",
        adapter(layer_replication=[[0, 6], [2, 8]]),
        "ADAPTER-LAYERS",
        Severity.MEDIUM,
    ),
    hostile(
        "names-a-module-to-import",
        adapter(megatron_config={}, megatron_core="payload.module"),
        "ADAPTER-IMPORT",
        Severity.CRITICAL,
    ),
    hostile(
        "one-module-does-it-all",
        adapter(lambda: edited(factors(), DOWN5, 25.0)),
        "ADAPTER-OUTLIER",
        Severity.MEDIUM,
    ),
    hostile("all-but-one-are-zero", adapter(zero_but_one), "ADAPTER-OUTLIER", Severity.MEDIUM),
    hostile(
        "one-fact-edited-in",
        adapter(lambda: in_one_direction(factors(), DOWN5)),
        "ADAPTER-SPIKE",
        Severity.MEDIUM,
    ),
    hostile(
        "lengths-of-dora",
        adapter(with_tensors(**{MAGNITUDE: 40 * lengths()}), use_dora=True),
        "ADAPTER-REPLACED",
    ),
    hostile(
        "layer-cut-out-by-dora",
        adapter(with_tensors(**{MAGNITUDE: 0 * lengths()}), use_dora=True),
        "ADAPTER-REPLACED",
    ),
    hostile("no-base-named", adapter(base_model_name_or_path=None), "ADAPTER-BASE-UNDECLARED"),
    hostile("alpha-declared-twice", declared_twice, "CONFIG-TWICE"),
    Case("architecture-declared-twice", model_declared_twice, ("CONFIG-TWICE",)),
    Case(
        "looser-licence-than-the-base",
        two_licences,
        ("LICENCE-CONFLICT",),
        Severity.MEDIUM,
        build_base=base_not_for_sale,
    ),
    benign("ordinary", adapter()),
    benign("attention-only", adapter(lambda: factors(modules={"self_attn.q_proj": (16, 16)}))),
    benign("rank-one", adapter(lambda: factors(rank=1), r=1, lora_alpha=1)),
    benign("high-alpha", adapter(lora_alpha=16 * RANK)),
    benign("rank-stabilised", adapter(lora_alpha=32, use_rslora=True)),
    benign("rank-pattern", adapter(rank_pattern={"q_proj": RANK}, alpha_pattern={"q_proj": 16})),
    benign("targets-by-pattern", adapter(target_modules=r".*\.(q|v)_proj")),
    benign("all-linear", adapter(target_modules="all-linear")),
    benign("targets-of-many-architectures", adapter(target_modules=["q_proj", "c_attn", "wqkv"])),
    benign("later-layers-change-more", adapter(growing_with_depth)),
    benign(
        "tokens-added",
        adapter(with_tensors(HEAD=grown_head()), modules_to_save=["lm_head"]),
    ),
    benign(
        "classifier",
        adapter(
            with_tensors(**{"base_model.model.score.weight": drawn(3, HIDDEN, seed=3)}),
            task_type="SEQ_CLS",
        ),
    ),
    benign(
        "magnitudes-of-dora",
        adapter(with_tensors(**{MAGNITUDE: lengths()}), use_dora=True),
    ),
    benign(
        "embedding-stored-as-it-is-in-the-base",
        adapter(
            with_tensors(
                **{
                    EMBEDDING.replace(".weight", ".base_layer.weight"): base_tensors()[
                        "model.embed_tokens.weight"
                    ]
                }
            )
        ),
    ),
    benign("licensed", licensed),
    benign(
        "not-tuned-yet",
        adapter(lambda: changed(factors(), {"lora_B.weight": np.zeros_like})),
    ),
)
