"""Pickles by name, by content and by what they would do; the corpus has many more of each."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest

from inspector.records import ArtifactKind
from inspector.scan import opcodes
from inspector.scan.pickle_opinions import ask
from inspector.scan.pickles import Pickles
from inspector.scan.plain_imports import PLAIN
from tests.fetch.tiny_files import write_adapter, write_model, write_pickle
from tests.scan.corpus.pickles import SYSTEM, call
from tests.scan.pinned import found, pinned


def test_a_pickle_of_plain_data_beside_safetensors_is_told(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    write_pickle(folder / "pytorch_model.bin")
    (folder / "checkpoint").mkdir()
    write_pickle(folder / "checkpoint" / "optimizer.pt")
    artifact = pinned(folder, skipped=("rng_state.pth", "onnx/model.onnx"))
    assert found(Pickles(), artifact) == [
        ("PICKLE-DATA", "checkpoint/optimizer.pt"),
        ("PICKLE-DATA", "pytorch_model.bin"),
        ("PICKLE-PRESENT", "rng_state.pth"),
    ]


def test_a_pickle_as_only_weights_is_critical(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    write_pickle(folder / "pytorch_model.bin")
    assert found(Pickles(), pinned(folder)) == [
        ("PICKLE-DATA", "pytorch_model.bin"),
        ("PICKLE-WEIGHTS", "pytorch_model.bin"),
    ]


def test_the_pickle_that_peft_would_fall_back_to(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "adapter", "org/base")
    (folder / "adapter_model.bin").write_bytes(SYSTEM)
    adapter = ArtifactKind.ADAPTER
    code = ("PICKLE-CODE", "adapter_model.bin")
    assert found(Pickles(), pinned(folder, adapter)) == [code]
    (folder / "adapter_model.safetensors").unlink()
    weights = ("PICKLE-WEIGHTS", "adapter_model.bin")
    assert found(Pickles(), pinned(folder, adapter)) == [code, weights]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("content", [None, {"a": 1}, ["x" * 100_000], b"y" * 100_000])
def test_a_renamed_pickle_is_critical(tmp_path: Path, protocol: int, content: object) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "merges.txt").write_bytes(pickle.dumps(content, protocol=protocol))
    assert ("PICKLE-DISGUISED", "merges.txt") in found(Pickles(), pinned(folder))


def test_a_renamed_torch_archive_is_critical(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    with zipfile.ZipFile(folder / "extra.json", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    with zipfile.ZipFile(folder / "plain.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    assert found(Pickles(), pinned(folder)) == [
        ("ARCHIVE-UNREADABLE", "broken.zip"),
        ("PICKLE-DATA", "extra.json!archive/data.pkl"),
        ("PICKLE-DISGUISED", "extra.json!archive/data.pkl"),
    ]


def test_a_gguf_model_needs_no_safetensors(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    write_pickle(tmp_path / "old.pt")
    artifact = pinned(tmp_path, gguf_file="tiny.gguf")
    assert found(Pickles(), artifact) == [("PICKLE-DATA", "old.pt")]


def test_the_evidence_names_the_call_and_who_knew_it(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "a.pkl").write_bytes(call("timeit", "timeit", "1"))
    (finding,) = Pickles().scan(pinned(folder), None)
    assert "timeit.timeit [modelaudit-picklescan]" in finding.evidence
    assert "timeit.timeit [picklescan]" in finding.evidence


def test_both_published_scanners_are_asked() -> None:
    modelaudit, picklescan = ask(SYSTEM, PLAIN)
    assert (modelaudit.scanner, picklescan.scanner) == ("modelaudit-picklescan", "picklescan")
    assert modelaudit.dangerous
    assert picklescan.dangerous
    for opinion in ask(pickle.dumps({"a": [1, b"2"]}), PLAIN):
        assert (opinion.dangerous, opinion.doubts, opinion.problem) == ((), (), None)


def test_text_about_code_is_no_danger() -> None:
    text = pickle.dumps({"prompt": "import os; os.system('rm'); eval(input())"})
    assert [o.dangerous + o.doubts for o in ask(text, PLAIN)] == [(), ()]


def test_a_pickle_too_long_for_the_scanners_is_unreadable(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "a.pkl").write_bytes(b"\x80\x04" + b"N0" * opcodes.MAX_OPCODES + b"N.")
    assert ("PICKLE-UNREADABLE", "a.pkl") in found(Pickles(), pinned(folder))
