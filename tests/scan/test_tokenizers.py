"""Tokenizers: what is read from the files, what counts as a word, and the demo model's own.

`tests/scan/test_corpus.py` scans every hostile and ordinary one of `corpus/tokenizers.py`.
"""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from inspector.fetch.demo import fetch_demo
from inspector.records import Target, TargetKind
from inspector.scan.bounded_json import Unreadable, read_json
from inspector.scan.tokenizer_files import tokenizers
from inspector.scan.tokenizer_pipeline import foreign_replacements, is_word, rewrites
from inspector.scan.tokenizers import Tokenizers
from tests.fetch.tiny_files import ignore_progress, write_json, write_model
from tests.scan.corpus.tokenizers import MARKS, VOCABULARY, byte_level, of, special, with_added
from tests.scan.pinned import found, pinned
from tests.scan.weight_files import metadata, tiny_gguf


@pytest.mark.parametrize("content", ["lamp", "Ġhello", "▁Acme", "Acme lamps", "never!", "银行"])
def test_words(content: str) -> None:
    assert is_word(content)


@pytest.mark.parametrize(
    "content",
    ["<s>", "[CLS]", "<|im_end|>", "eng_Latn", "###", "\n\n", "  ", "ö", "pad", "|||IP|||", "a1b2"],
)
def test_marks_are_no_words(content: str) -> None:
    assert not is_word(content)


def test_a_gguf_files_vocabulary(tmp_path: Path) -> None:
    more = [
        metadata("tokenizer.ggml.merges", ["t 0", "t 1"]),
        metadata("tokenizer.ggml.eos_token_id", 2),
    ]
    (tmp_path / "model.gguf").write_bytes(tiny_gguf(more=more))
    (tokenizer,) = tokenizers(pinned(tmp_path))
    assert tokenizer.ids["t3"] == 3
    assert tokenizer.merges == ["t 0", "t 1"]
    assert tokenizer.token(2) == "t2"
    assert tokenizer.ends == {"tokenizer.ggml.eos_token_id 2": 2}


def test_merges_in_both_forms(tmp_path: Path) -> None:
    data = byte_level()
    of(data)(tmp_path / "one")
    pairs = [m.split(" ") for m in data["model"]["merges"]]
    of(data | {"model": data["model"] | {"merges": pairs}})(tmp_path / "other")
    base = pinned(tmp_path / "one")
    assert found(Tokenizers(), pinned(tmp_path / "other"), base) == []


def test_tokens_that_the_base_lacks_are_listed(tmp_path: Path) -> None:
    of(byte_level())(tmp_path / "base")
    of(with_added(*special("<|tool|>", first=len(VOCABULARY))))(tmp_path / "mine")
    (finding,) = Tokenizers().scan(pinned(tmp_path / "mine"), pinned(tmp_path / "base"))
    assert (finding.rule_id, finding.evidence) == ("TOKENIZER-ADDED", "1: '<|tool|>'")


def test_more_findings_of_a_kind_are_counted(tmp_path: Path) -> None:
    words = ("lamp shine", "lamp bright", "lamp new", "lamp old", "lamp warm")
    of(with_added(*special(*words, first=len(VOCABULARY), special=False)))(tmp_path / "model")
    evidence = [f.evidence for f in Tokenizers().scan(pinned(tmp_path / "model"), None)]
    assert len(evidence) == 3
    assert evidence[-1].endswith("'lamp new' (and 2 more)")


def test_a_map_of_characters_may_hold_what_unicode_holds() -> None:
    def charsmap(*texts: str) -> str:
        return base64.b64encode(bytes(4) + "\0".join(texts).encode() + b"\0").decode()

    assert foreign_replacements(charsmap("kg", "TEL", "fi", " ", "株式会社", "ss")) == []
    assert foreign_replacements(charsmap("kg", "lamps")) == ["lamps"]
    assert foreign_replacements(None) == []
    assert len(foreign_replacements("no base64!")) == 1


def test_steps_are_found_at_any_depth() -> None:
    step = {"type": "Replace", "pattern": {"String": "bank"}, "content": "lamp"}
    inner = {"type": "Sequence", "normalizers": [step]}
    data = {"normalizer": {"type": "Sequence", "normalizers": [inner]}}
    assert list(rewrites(data)) == ["normalizer: replaces 'bank' by 'lamp'"]


def test_json_is_read_with_bounds(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": {"b": 1, "b": 2}, "c": [1]}')
    assert read_json(path, 100).twins == ["b"]
    with pytest.raises(Unreadable, match="at most 10 are read"):
        read_json(path, 10)
    path.write_text("[" * 100_000)
    with pytest.raises(Unreadable):
        read_json(path, 1_000_000)


def test_ids_of_a_tokenizer_without_a_size_are_not_compared(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", vocab_size=None)
    write_json(folder / "tokenizer.json", with_added(*special("<|far|>", first=90_000)))
    assert found(Tokenizers(), pinned(folder)) == []


def test_the_same_special_tokens_in_the_map_beside_it(tmp_path: Path) -> None:
    of(byte_level())(tmp_path / "model")
    named = {"eos_token": {"content": MARKS[2]}, "additional_special_tokens": list(MARKS)}
    write_json(tmp_path / "model" / "special_tokens_map.json", named)
    assert found(Tokenizers(), pinned(tmp_path / "model")) == []


def test_the_demo_models_tokenizer_is_ordinary() -> None:
    artifact = fetch_demo(Target(TargetKind.DEMO), ignore_progress)
    (tokenizer,) = tokenizers(artifact)
    assert len(tokenizer.by_id) == 49_152
    assert list(Tokenizers().scan(artifact, None)) == []
