"""YAML files that name code, and ordinary ones."""

from __future__ import annotations

import json

from tests.scan.corpus.disguises import tarred
from tests.scan.corpus.pickles import benign, hostile

RECIPE = "CODE-RECIPE"
CALL = b"a: !!python/object/apply:os.system ['echo inspected']\n"
PREFIXED = b"%TAG !p! tag:yaml.org,2002:py\n---\na: !p!thon/object/apply:os.system [echo]\n"
ESCAPED = b"a: !<tag:yaml.org,2002:pyth%6Fn/name:os.system> ''\n"
TARGET = b"model:\n  _target_: os.system\n  command: echo inspected\n"
SETTINGS = b"""seed: 1
model: {dim: 8, names: [a, b], path: !!python/object/apply:pathlib.PosixPath [runs]}
arguments: !!python/object:argparse.Namespace {lr: 0.1, sizes: !!python/tuple [1, 2]}
optimizer:
  _target_: torch.optim.AdamW
"""

CASES = (
    hostile("call", "config.yaml", CALL, RECIPE),
    hostile("name", "hparams.yml", b"a: !!python/name:os.system\n", RECIPE),
    hostile("tag-prefix", "config.yaml", PREFIXED, RECIPE),
    hostile(
        "tag-escaped", "a.yaml", b"a: !<tag:yaml.org,2002:pyth%6Fn/name:os.system> ''\n", RECIPE
    ),
    hostile("utf-16", "a.yaml", CALL.decode().encode("utf-16"), RECIPE),
    hostile("target", "model_config.yaml", TARGET, RECIPE),
    hostile("target-by-anchor", "a.yaml", b"x: &a os.system\n_target_: *a\n", RECIPE),
    hostile("target-through-torch", "a.yaml", b"_target_: torch.hub.load\n", RECIPE),
    hostile("target-in-nemo", "model.nemo", tarred({"model_config.yaml": TARGET}), RECIPE),
    hostile(
        "target-in-json",
        "model_config.json",
        json.dumps({"model": {"_target_": "os.system"}}).encode(),
        "CODE-CLASS-NAMED",
    ),
    hostile("too-long", "a.yaml", b"- a\n" * 600_000, RECIPE),
    benign("settings", "hparams.yaml", SETTINGS),
    benign("nemo", "model.nemo", tarred({"model_config.yaml": SETTINGS})),
    benign("no-yaml", "notes.yaml", b"a: [1, 2\nb: }\n"),
    benign("text-about-tags", "notes.yaml", b"text: 'never write !!python/name:os.system'\n"),
)
