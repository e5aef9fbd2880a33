"""Real OpenSSF model signatures with keys made for the test, offline.

Comes in: a folder. Goes out: `model.sig` in it, made by model-signing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import hashing, signing


def make_keys(folder: Path, name: str = "vendor") -> tuple[Path, Path]:
    """(private, public) PEM files of a new key on P-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return private, public


def sign(
    folder: Path,
    private: Path,
    name: str = "model.sig",
    ignored: tuple[str, ...] = (),
    hashed: Callable[[Any], Any] = lambda config: config,
) -> Path:
    """Sign every file of a folder but `ignored`; hashed: changes how (shards, another hash)."""
    config = hashed(hashing.Config())  # type: ignore[no-untyped-call]
    config.set_ignored_paths(paths=[folder / i for i in (name, *ignored)])
    signer = signing.Config()  # type: ignore[no-untyped-call]
    signer.use_elliptic_key_signer(private_key=private).set_hashing_config(config)
    signer.sign(folder, folder / name)
    return folder / name
