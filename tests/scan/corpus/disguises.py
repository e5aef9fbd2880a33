"""Pickles under other names, inside archives, and inside archives that lie; and ordinary files.

The hostile content is `pickles.SYSTEM` (an `echo`) or a cut, locked or contradicting archive.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.fetch.tiny_files import write_model
from tests.scan.corpus import Case
from tests.scan.corpus.pickles import (
    CODE,
    DISGUISED,
    LEGACY_HEAD,
    SYSTEM,
    benign,
    call,
    hostile,
)
from tests.scan.pieces import START, normal, pieces_file

TAMPERED = "ARCHIVE-TAMPERED"
LIMIT, UNREADABLE = "ARCHIVE-LIMIT", "ARCHIVE-UNREADABLE"
EVIL = call("posix", "system", "echo inspected", protocol=2)
GOOD = pickle.dumps({"epoch": 3}, 2)


def zipped(
    members: dict[str, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = b""
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.comment = comment
    return out.getvalue()


def tarred(members: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return out.getvalue()


def torch_zip(data: bytes) -> bytes:
    """As torch.save lays a checkpoint out."""
    tensor = np.ones(16, np.float32).tobytes()
    return zipped({"archive/data.pkl": data, "archive/data/0": tensor, "archive/version": b"3\n"})


def saved_by_numpy(**arrays: object) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def array(value: object) -> bytes:
    out = io.BytesIO()
    np.save(out, np.array(value))
    return out.getvalue()


def object_array(content: bytes, dtype: bytes = b"'|O'") -> bytes:
    """A .npy file of Python objects whose pickle is `content`."""
    header = b"{'descr': %b, 'fortran_order': False, 'shape': (1,), }" % dtype
    header = header.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def patched(archive: bytes, at: int, new: bytes) -> bytes:
    return archive[:at] + new + archive[at + len(new) :]


def directory_of(archive: bytes) -> int:
    return archive.index(b"PK\x01\x02")


def local_renamed() -> bytes:
    """The local header says notes.txt, the directory says data.pkl."""
    return zipped({"data.pkl": EVIL}).replace(b"data.pkl", b"note.txt", 1)


def encrypted() -> bytes:
    """Both headers say that it is locked; the bytes are plain, and torch reads them."""
    archive = torch_zip(EVIL)
    first = patched(archive, 6, b"\x01\x00")
    return patched(first, directory_of(archive) + 8, b"\x01\x00")


def broken_checksum() -> bytes:
    archive = torch_zip(EVIL)
    return patched(patched(archive, 14, b"\0\0\0\0"), directory_of(archive) + 16, b"\0\0\0\0")


def unknown_method() -> bytes:
    archive = zipped({"weights.pt": EVIL})
    return patched(patched(archive, 8, b"\x62\0"), directory_of(archive) + 10, b"\x62\0")


def unlisted_entry() -> bytes:
    """A second entry that only readers of local headers see."""
    archive, hidden = zipped({"notes.txt": b"nothing"}), zipped({"data.pkl": EVIL})
    at = directory_of(archive)
    extra = hidden[: directory_of(hidden)]
    end = archive.rindex(b"PK\x05\x06")
    moved = patched(archive, end + 16, struct.pack("<L", at + len(extra)))
    return moved[:at] + extra + moved[at:]


def twins() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("data.pkl", GOOD)
        info = zipfile.ZipInfo("data.pk1")
        archive.writestr(info, EVIL)
    return out.getvalue().replace(b"data.pk1", b"data.pkl")


def bomb() -> bytes:
    """A directory that declares 8 GiB for an entry of a few bytes."""
    archive = zipped({"data/0": bytes(100_000)}, zipfile.ZIP_DEFLATED)
    return patched(archive, directory_of(archive) + 24, struct.pack("<L", 2**32 - 2))


def real_bomb() -> bytes:
    """A pickle of zeros that is small when packed and larger than the limit when not."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("data.pkl", "w", force_zip64=True) as member,
    ):
        for _ in range(300):
            member.write(bytes(2**20))
    return out.getvalue()


def nested(depth: int, content: bytes) -> bytes:
    for _ in range(depth):
        content = zipped({"inner.zip": content}, zipfile.ZIP_DEFLATED)
    return content


def polyglot_safetensors(folder: Path) -> None:
    """Sound safetensors that is a pickle as well: its length byte opens a line of protocol 0, the
    closing brace is an opcode, and the tensor's bytes are the rest."""
    write_model(folder)
    data = SYSTEM.ljust(64, b".")
    tensor = {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}
    header = json.dumps({"w": tensor})[:-1].encode().ljust(84) + b"\n}"
    assert len(header) == ord("V")
    (folder / "extra.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + data)


def headed_like_safetensors() -> bytes:
    """A length and a header as safetensors has them, then no tensors but a pickle."""
    header = b'{"__metadata__":{"format":"pt"}'.ljust(84) + b"\n}"
    return len(header).to_bytes(8, "little") + header + SYSTEM


def legacy_torch(state: bytes) -> bytes:
    """torch before 1.6: magic number, protocol, system, state, keys, then raw tensors."""
    tensors = struct.pack("<q", 4) + np.ones(4, np.float32).tobytes()
    return b"".join(LEGACY_HEAD) + state + pickle.dumps(["0"], 2) + tensors


def saved_by_torch(value: Callable[[], object], is_zip: bool = True) -> Callable[[], bytes]:
    """What torch itself writes; it is imported only when the case is built."""

    def content() -> bytes:
        import torch

        out = io.BytesIO()
        torch.save(value(), out, _use_new_zipfile_serialization=is_zip)
        return out.getvalue()

    return content


def state_dict() -> object:
    import torch

    linear = torch.nn.Linear(3, 2)
    return {**linear.state_dict(), "half": torch.ones(2, dtype=torch.bfloat16), "step": 7}


def parameters() -> object:
    import torch

    return [torch.nn.Parameter(torch.ones(2)), torch.Size([1, 2]), torch.device("cpu")]


def optimizer_state() -> object:
    import torch

    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([weight])
    weight.sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return optimizer.state_dict()


DEFLATED = zipfile.ZIP_DEFLATED
WORDS = "\n".join(f"word{i}" for i in range(5_000)).encode()
NOISE = np.random.default_rng(1).bytes(5_000)

CASES = (
    # under other names
    hostile("vocab-txt", "vocab.txt", EVIL, DISGUISED, CODE),
    hostile("merges-protocol-0", "merges.txt", SYSTEM, DISGUISED, CODE),
    hostile(
        "tokenizer-model-protocol-1",
        "tokenizer.model",
        call("os", "system", "echo", protocol=1),
        DISGUISED,
        CODE,
    ),
    hostile("readme", "README.md", SYSTEM, DISGUISED, CODE),
    hostile("no-suffix", "weights", EVIL, DISGUISED, CODE),
    hostile("pickle-as-picture", "logo.png", EVIL, DISGUISED, CODE),
    hostile(
        "long-text-first", "notes.txt", b"V" + b"x" * 90_000 + b"\n0" + SYSTEM, DISGUISED, CODE
    ),
    hostile("in-a-folder", "onnx/decoder/model.onnx", EVIL, DISGUISED, CODE),
    Case("polyglot-safetensors", polyglot_safetensors, (DISGUISED, CODE)),
    hostile("safetensors-like-header", "weights.st", headed_like_safetensors(), DISGUISED, CODE),
    hostile("torch-zip-as-json", "extra.json", torch_zip(EVIL), DISGUISED, CODE),
    hostile("dat", "state.dat", EVIL),
    hostile("dill", "a.dill", EVIL),
    hostile("ckpt", "model.ckpt", EVIL),
    hostile("other-bin", "extra.bin", EVIL),
    # inside containers
    hostile("torch-zip", "pytorch_model.bin", torch_zip(EVIL)),
    hostile("torch-legacy", "pytorch_model.bin", legacy_torch(EVIL)),
    hostile("torch-tar", "old.pt", tarred({"storages": GOOD, "tensors": GOOD, "pickle": EVIL})),
    hostile("zip-renamed-member", "a.zip", zipped({"picture.png": EVIL}, DEFLATED)),
    hostile("zip-in-zip", "a.zip", zipped({"b.zip": zipped({"c.pkl": EVIL})})),
    hostile("torch-zip-in-zip", "a.zip", zipped({"deep/model.pt": torch_zip(EVIL)}, DEFLATED)),
    hostile("zip-in-zip-in-zip", "model.pt", nested(2, torch_zip(EVIL))),
    hostile("nested-too-deep", "a.zip", nested(8, torch_zip(EVIL)), LIMIT),
    hostile("tar-gz", "a.tar.gz", gzip.compress(tarred({"a/b.ckpt": EVIL}))),
    hostile("zip-in-tar-bz2", "a.tar.bz2", bz2.compress(tarred({"b.zip": zipped({"c": EVIL})}))),
    hostile("nemo", "model.nemo", tarred({"weights.ckpt": torch_zip(EVIL), "c.yaml": b"a: 1"})),
    hostile("mar", "model.mar", zipped({"model.pt": torch_zip(EVIL)}, DEFLATED)),
    hostile("gzip", "model.pkl.gz", gzip.compress(EVIL)),
    hostile("bzip2", "model.pkl.bz2", bz2.compress(EVIL)),
    hostile("xz", "model.pkl.xz", lzma.compress(EVIL)),
    hostile("lzma", "model.pkl.lzma", lzma.compress(EVIL, lzma.FORMAT_ALONE)),
    hostile("zlib-joblib", "model.joblib", zlib.compress(EVIL)),
    hostile("gzip-joblib", "model.joblib", gzip.compress(EVIL)),
    hostile("gzip-as-txt", "notes.txt", gzip.compress(SYSTEM), DISGUISED, CODE),
    hostile("npy-objects", "embeddings.npy", object_array(EVIL)),
    hostile("npy-objects-by-name", "e.npy", object_array(EVIL, b"'object'")),
    hostile("npy-objects-escaped", "e.npy", object_array(EVIL, b"'\\x7cO'")),
    hostile("npy-objects-in-fields", "e.npy", object_array(EVIL, b"[('a', '<f4'), ('b', 'O')]")),
    hostile("npz-objects", "data.npz", zipped({"a.npy": array(1.0), "b.npy": object_array(EVIL)})),
    # that cannot be opened
    hostile("7z", "model.7z", b"7z\xbc\xaf\x27\x1c\x00\x04" + NOISE, UNREADABLE),
    hostile("7z-as-pt", "model.pt", b"7z\xbc\xaf\x27\x1c\x00\x04" + NOISE, UNREADABLE),
    hostile("rar", "model.rar", b"Rar!\x1a\x07\x01\x00" + NOISE, UNREADABLE),
    hostile("zstd", "model.pkl.zst", b"\x28\xb5\x2f\xfd" + NOISE, UNREADABLE),
    hostile("lz4-joblib", "model.joblib", b"\x04\x22\x4d\x18" + NOISE, UNREADABLE),
    hostile("cut-zip", "model.pt", torch_zip(EVIL)[:-30], UNREADABLE),
    hostile(
        "cut-gzip",
        "a.tar.gz",
        gzip.compress(tarred({"a.pkl": EVIL, "b": NOISE}))[:-900],
        UNREADABLE,
        CODE,
    ),
    hostile("unknown-method", "a.zip", unknown_method(), UNREADABLE),
    hostile(
        "zip-in-7z-in-zip", "a.zip", zipped({"b.7z": b"7z\xbc\xaf\x27\x1c" + NOISE}), UNREADABLE
    ),
    # that lie
    hostile("local-name", "a.zip", local_renamed(), TAMPERED, CODE),
    hostile("encrypted-flag", "model.pt", encrypted(), UNREADABLE, CODE),
    hostile("broken-checksum", "model.pt", broken_checksum()),
    hostile("prefixed", "model.bin", b"GIF89a" * 20 + torch_zip(EVIL), TAMPERED, CODE),
    hostile(
        "comment-with-an-end",
        "a.zip",
        zipped({"a.txt": b"a"}, comment=b"PK\x05\x06" + bytes(9)),
        UNREADABLE,
    ),
    hostile("two-in-one", "a.zip", torch_zip(EVIL) + zipped({"a.txt": b"a"}), TAMPERED),
    hostile("unlisted-entry", "a.zip", unlisted_entry(), TAMPERED),
    hostile("twins", "model.pt", twins(), TAMPERED, CODE),
    hostile("leads-out", "a.zip", zipped({"../../.bashrc": b"echo"}), TAMPERED),
    hostile("tar-leads-out", "a.tar", tarred({"/etc/profile.d/a.sh": b"echo"}), TAMPERED),
    hostile("tar-link", "a.tar", tarred({"a": b"a"}, {"b": "/etc/passwd"}), TAMPERED),
    hostile("declared-bomb", "a.zip", bomb(), TAMPERED),
    hostile("real-bomb", "model.pt", real_bomb, LIMIT),
    hostile("zip-behind-tar", "a.tar", tarred({"a": b"a"}) + torch_zip(EVIL), TAMPERED, CODE),
    # ordinary
    benign("torch-state-dict", "pytorch_model.bin", saved_by_torch(state_dict)),
    benign("torch-legacy-state-dict", "pytorch_model.bin", saved_by_torch(state_dict, False)),
    benign("torch-parameters", "extra.pt", saved_by_torch(parameters)),
    benign("torch-optimizer", "optimizer.pt", saved_by_torch(optimizer_state)),
    benign("torch-of-old", "old.pth", legacy_torch(GOOD)),
    benign("npy-numbers", "embeddings.npy", array([1.0, 2.0])),
    benign("npy-text", "names.npy", array(["a", "b"])),
    benign("npy-fields", "table.npy", array(np.zeros(3, [("a", "<f4"), ("b", "<i8")]))),
    benign("npy-of-python-2", "a.npy", array([1.5]).replace(b"(1,), }  ", b"(1L,), } ")),
    benign("npz-numbers", "data.npz", saved_by_numpy(a=np.ones(3), b=np.arange(4))),
    benign("npz-packed", "data.npz", zipped({"a.npy": array([0.5] * 900)}, DEFLATED)),
    benign("npy-of-plain-objects", "objects.npy", object_array(pickle.dumps([None, "a"], 2))),
    benign("zip-of-texts", "data.zip", zipped({"a.txt": WORDS, "b/c.json": b"{}"}, DEFLATED)),
    benign("tar-gz-of-texts", "data.tar.gz", gzip.compress(tarred({"a.txt": WORDS}))),
    benign("zip-in-tar-of-texts", "data.tar", tarred({"a": WORDS, "b.zip": zipped({"c": b"c"})})),
    benign("zip-in-zip-of-texts", "data.zip", zipped({"b.zip": zipped({"c.txt": WORDS})})),
    benign("gzip-of-text", "data.jsonl.gz", gzip.compress(WORDS * 20)),
    benign("xz-of-text", "data.txt.xz", lzma.compress(WORDS)),
    benign("joblib-packed", "scaler.joblib", zlib.compress(GOOD)),
    benign("raw-numbers", "openvino_model.bin", np.arange(2_000, dtype=np.float32).tobytes()),
    benign("noise", "extra.dat", NOISE),
    benign("words", "vocab.txt", b"cat\ndog\nRun\nstop.\n" + WORDS),
    benign("text-like-an-import", "NOTES.md", b"cos\nsystem\nis how a pickle names a function.\n"),
    benign("text-that-begins-with-x", "notes.txt", b"x^2 + y^2 = z^2 is known. " * 40),
    benign(
        "text-with-a-zip-mark",
        "notes.txt",
        b"A zip ends with PK\x05\x06, and at least 18 bytes follow it. " * 9,
    ),
    benign("picture", "logo.png", b"\x89PNG\r\n\x1a\n" + NOISE),
    benign("sentencepiece", "tokenizer.model", pieces_file([*START, *normal("▁lamp")])),
    benign("empty-note", "notes.txt", b""),
    benign("parquet", "train.parquet", b"PAR1" + NOISE + b"PAR1"),
    benign(
        "template", "chat_template.jinja", b"{% for m in messages %}{{ m.content }}{% endfor %}"
    ),
)
