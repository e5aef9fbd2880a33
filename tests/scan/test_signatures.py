"""Model signatures: genuine, altered, incomplete, foreign, unreadable, and not looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inspector.errors import BadInput
from inspector.records import Artifact, Severity
from inspector.scan.signatures import Signatures, Trust, Unreachable
from inspector.settings import Settings
from tests.fetch.tiny_files import write_model
from tests.scan.pinned import found, pinned
from tests.scan.signing import make_keys, sign


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return make_keys(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model", card="---\nlicense: mit\n---\n")


def check(folder: Path, trust: Trust | None, **more: Any) -> list[tuple[str, str]]:
    return found(Signatures(trust), pinned(folder, **more))


def test_a_genuine_signature_proves_origin_only(folder: Path, keys: tuple[Path, Path]) -> None:
    sign(folder, keys[0])
    [finding] = Signatures(Trust(keys[1])).scan(pinned(folder), None)
    assert (finding.rule_id, finding.severity) == ("SIGNATURE-VERIFIED", Severity.INFO)
    assert "not that the model behaves well" in finding.title
    assert "vendor.pub" in finding.evidence


def test_a_changed_file(folder: Path, keys: tuple[Path, Path]) -> None:
    sign(folder, keys[0])
    (folder / "config.json").write_text("{}")
    [finding] = Signatures(Trust(keys[1])).scan(pinned(folder), None)
    assert (finding.rule_id, finding.severity) == ("SIGNATURE-MISMATCH", Severity.CRITICAL)
    assert "config.json changed" in finding.evidence


def test_a_missing_file_unless_it_stayed_on_the_hub(folder: Path, keys: tuple[Path, Path]) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"old weights")
    sign(folder, keys[0])
    (folder / "pytorch_model.bin").unlink()
    assert check(folder, Trust(keys[1])) == [("SIGNATURE-MISMATCH", "model.sig")]
    skipped = ("pytorch_model.bin",)
    assert check(folder, Trust(keys[1]), skipped=skipped) == [("SIGNATURE-VERIFIED", "model.sig")]


def test_a_file_that_nobody_signed(folder: Path, keys: tuple[Path, Path]) -> None:
    sign(folder, keys[0])
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    [finding] = Signatures(Trust(keys[1])).scan(pinned(folder), None)
    assert (finding.rule_id, finding.severity) == ("SIGNATURE-PARTIAL", Severity.HIGH)
    assert "chat_template.jinja" in finding.evidence


def test_files_that_the_signer_left_out_are_named(folder: Path, keys: tuple[Path, Path]) -> None:
    sign(folder, keys[0], ignored=("README.md",))
    (folder / "README.md").write_text("another card")
    [finding] = Signatures(Trust(keys[1])).scan(pinned(folder), None)
    assert finding.rule_id == "SIGNATURE-VERIFIED"
    assert "signed without README.md" in finding.evidence


@pytest.mark.parametrize("how", ["shards", "blake2", "blake3"])
def test_other_ways_of_hashing(folder: Path, keys: tuple[Path, Path], how: str) -> None:
    def hashed(config: Any) -> Any:
        if how == "shards":
            return config.use_shard_serialization(shard_size=100)
        return config.use_file_serialization(hashing_algorithm=how)

    sign(folder, keys[0], hashed=hashed)
    assert check(folder, Trust(keys[1])) == [("SIGNATURE-VERIFIED", "model.sig")]
    weights = folder / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert check(folder, Trust(keys[1])) == [("SIGNATURE-MISMATCH", "model.sig")]
    weights.write_bytes(content[:-120])  # a whole shard less
    assert check(folder, Trust(keys[1])) == [("SIGNATURE-MISMATCH", "model.sig")]
    weights.write_bytes(content + bytes(300))
    assert check(folder, Trust(keys[1])) == [("SIGNATURE-MISMATCH", "model.sig")]


def test_a_signature_by_somebody_else(
    folder: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    sign(folder, make_keys(tmp_path, "other")[0])
    assert check(folder, Trust(keys[1])) == [("SIGNATURE-INVALID", "model.sig")]


def test_a_forged_signature(folder: Path, keys: tuple[Path, Path]) -> None:
    """The list of files is another one than was signed."""
    path = sign(folder, keys[0])
    (folder / "config.json").write_text("{}")
    honest = json.loads(path.read_text())
    forged = json.loads(sign(folder, make_keys(folder.parent, "x")[0]).read_text())
    honest["dsseEnvelope"]["payload"] = forged["dsseEnvelope"]["payload"]
    path.write_text(json.dumps(honest))
    assert check(folder, Trust(keys[1])) == [("SIGNATURE-INVALID", "model.sig")]


@pytest.mark.parametrize(
    "content",
    [
        '{"verificationMaterial": {"publicKey": {}}}',
        '{"verificationMaterial": {"publicKey": {"hint": 3}}, "dsseEnvelope": []}',
    ],
)
def test_a_signature_that_cannot_be_read(
    folder: Path, keys: tuple[Path, Path], content: str
) -> None:
    (folder / "model.sig").write_text(content)
    assert check(folder, Trust(keys[1])) == [("SIGNATURE-INVALID", "model.sig")]


@pytest.mark.parametrize("content", [b"-----BEGIN PGP SIGNATURE-----", b"[" * 99_999, b"[1]"])
def test_another_kind_of_signature(folder: Path, keys: tuple[Path, Path], content: bytes) -> None:
    (folder / "model.sig").write_bytes(content)
    assert check(folder, Trust(keys[1])) == [("SIGNATURE-UNCHECKED", "model.sig")]


def test_nobody_to_trust(folder: Path, keys: tuple[Path, Path]) -> None:
    assert check(folder, None) == []
    assert check(folder, Trust(keys[1])) == [("SIGNATURE-MISSING", "")]
    sign(folder, keys[0])
    assert check(folder, None) == [("SIGNATURE-UNCHECKED", "model.sig")]


# ---------------------------------------------------------------------- Sigstore

KEYLESS = '{"verificationMaterial": {"certificate": {"rawBytes": ""}}}'


def keyless(folder: Path, answer: Any) -> tuple[Signatures, Artifact]:
    """A keyless signature, and a Sigstore that gives (or raises) `answer`."""
    (folder / "model.sig").write_text(KEYLESS)

    def by_sigstore(path: Path, identity: str, issuer: str) -> Any:
        assert (path.name, identity, issuer) == ("model.sig", "a@vendor.org", "https://issuer")
        if isinstance(answer, Exception):
            raise answer
        return answer

    trust = Trust(identity="a@vendor.org", issuer="https://issuer")
    return Signatures(trust, by_sigstore), pinned(folder)


def test_sigstore_out_of_reach_is_not_looked_at(folder: Path) -> None:
    scanner, artifact = keyless(folder, Unreachable("no route to host"))
    [finding] = scanner.scan(artifact, None)
    assert finding.rule_id == "SIGNATURE-UNCHECKED"
    assert "Sigstore could not be reached: no route to host" in finding.evidence


def test_sigstore_says_somebody_else_signed(folder: Path) -> None:
    scanner, artifact = keyless(folder, ValueError("certificate's SANs do not match"))
    assert found(scanner, artifact) == [("SIGNATURE-INVALID", "model.sig")]


def test_what_sigstore_vouches_for_is_compared(folder: Path, keys: tuple[Path, Path]) -> None:
    from inspector.scan.signatures import _verify_key

    sign(folder, keys[0])
    manifest = _verify_key(folder / "model.sig", keys[1])
    assert found(*keyless(folder, manifest)) == [("SIGNATURE-VERIFIED", "model.sig")]


def test_a_key_is_no_identity(folder: Path, keys: tuple[Path, Path]) -> None:
    (folder / "model.sig").write_text(KEYLESS)
    assert check(folder, Trust(keys[1])) == [("SIGNATURE-UNCHECKED", "model.sig")]


# ---------------------------------------------------------------------- bad signers


def test_a_signer_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"only the identity was given; give --issuer"):
        Trust(identity="a@vendor.org")
    with pytest.raises(BadInput, match=r"only the issuer was given; give --identity"):
        Trust(issuer="https://issuer")
    with pytest.raises(BadInput, match="cannot be read"):
        Trust(tmp_path / "none.pub")
    (tmp_path / "odd.pub").write_text("no key")
    with pytest.raises(BadInput, match="elliptic-curve public key"):
        Trust(tmp_path / "odd.pub")
    with pytest.raises(BadInput, match="elliptic-curve public key"):
        Trust(make_keys(tmp_path)[0])


def test_the_environment_names_a_signer(keys: tuple[Path, Path]) -> None:
    assert not Trust.of(Settings()).is_given
    assert Trust.of(Settings(signing_key=keys[1])).key == keys[1]
    with pytest.raises(BadInput, match="INSPECTOR_SIGNER_ISSUER"):
        Trust.of(Settings(signer_identity="a@vendor.org"))
