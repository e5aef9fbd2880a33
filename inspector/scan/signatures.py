"""Risk: files that are not the ones their author signed.

Comes in: an artifact, and whose signature is trusted: a public key, or a Sigstore identity with its
issuer. Goes out: whether a signature is there, is genuine, and fits every file. A signature proves
origin, never good behaviour: whoever plants something can sign it too.

Source: the OpenSSF Model Signing specification 1.0 (a Sigstore bundle around an in-toto statement
that lists each file's digest), verified by model-signing 1.1.1. Digests are compared with those
that the fetch took, so nothing large is read twice; a signature of shards or BLAKE is hashed again.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from inspector.errors import BadInput
from inspector.records import Artifact, Finding, Severity
from inspector.scan.rule import Rule, first_few
from inspector.settings import Settings

VERIFIED = Rule(
    "SIGNATURE-VERIFIED",
    Severity.INFO,
    "The signature is genuine: it proves who signed, not that the model behaves well",
    "Nothing to do; go on judging the model by what it does.",
)
MISMATCH = Rule(
    "SIGNATURE-MISMATCH",
    Severity.CRITICAL,
    "Files are not the ones that were signed",
    "Do not load it: somebody changed them after signing. Get the files from the signer again.",
)
PARTIAL = Rule(
    "SIGNATURE-PARTIAL",
    Severity.HIGH,
    "Files that nobody signed lie beside the signed ones",
    "Remove them, or ask the signer to sign them too.",
)
INVALID = Rule(
    "SIGNATURE-INVALID",
    Severity.HIGH,
    "The signature is not one of the signer that was given",
    "Check that the key, or identity and issuer, are this author's; else treat it as unsigned.",
)
MISSING = Rule(
    "SIGNATURE-MISSING",
    Severity.MEDIUM,
    "A signer was given, and the files carry no signature",
    "Ask the author for a signed release (model.sig).",
)
UNCHECKED = Rule(
    "SIGNATURE-UNCHECKED",
    Severity.INFO,
    "The files carry a signature that was not checked",
    "Give the signer's public key (--key, INSPECTOR_SIGNING_KEY), or identity and issuer.",
)

SUFFIXES = (".sig", ".sigstore", ".sigstore.json")
MAX_BYTES = 50_000_000  # of a signature: it lists a digest for each file or shard

Verify = Callable[[Path], Any]  # a signature file -> model_signing's Manifest; raises otherwise


class Unreachable(Exception):
    """Sigstore's trust root could not be had."""


@dataclass(frozen=True)
class Trust:
    """Whose signatures count. key: PEM file of a public key. identity, issuer: for Sigstore."""

    key: Path | None = None
    identity: str | None = None
    issuer: str | None = None

    def __post_init__(self) -> None:
        if (self.identity is None) != (self.issuer is None):
            given, lacking = ("issuer", "identity")[:: 1 if self.identity is None else -1]
            raise BadInput(
                f"A Sigstore signer needs an identity and an issuer, and only the {given} was "
                f"given; give --{lacking} (INSPECTOR_SIGNER_{lacking.upper()}) too."
            )
        if self.key is not None:
            _check_key(self.key)

    @classmethod
    def of(cls, settings: Settings) -> Trust:
        """What the environment says. Raises BadInput where it cannot be used."""
        return cls(settings.signing_key, settings.signer_identity, settings.signer_issuer)

    @property
    def is_given(self) -> bool:
        return self.key is not None or self.identity is not None


class Signatures:
    """The signature files of an artifact, each checked against the trusted signer.

    by_sigstore: how a keyless signature is verified: (path, identity, issuer) -> manifest.
    """

    rules = (VERIFIED, MISMATCH, PARTIAL, INVALID, MISSING, UNCHECKED)

    def __init__(
        self,
        trust: Trust | None = None,
        by_sigstore: Callable[[Path, str, str], Any] | None = None,
    ) -> None:
        self.trust = trust or Trust()
        self.by_sigstore = by_sigstore or _verify_sigstore

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        names = signature_files(artifact)
        if not names and self.trust.is_given:
            yield MISSING.found("", "no model.sig or other signature file is among the files")
        for name in names:
            yield from self._check(name, artifact)

    def _check(self, name: str, artifact: Artifact) -> Iterator[Finding]:
        path = Path(artifact.folder) / name
        kind = _kind(path)
        if kind is None:
            yield UNCHECKED.found(name, "it is no OpenSSF model signature")
            return
        signer, verify = self._verifier(kind)
        if verify is None:
            yield UNCHECKED.found(name, f"signed by {kind}, and no {kind} to trust was given")
            return
        try:
            # the library warns about old bundles with a print
            with contextlib.redirect_stdout(io.StringIO()):
                manifest = verify(path)
        except Unreachable as error:
            yield UNCHECKED.found(name, f"Sigstore could not be reached: {error}")
            return
        except Exception as error:  # whatever a hostile file can make a parser raise
            yield INVALID.found(name, f"{signer}: {error or type(error).__name__}")
            return
        yield from _compare(name, artifact, manifest, signer)

    def _verifier(self, kind: str) -> tuple[str, Verify | None]:
        trust = self.trust
        if kind == "key" and trust.key is not None:
            key = trust.key
            return f"key {key.name}", lambda path: _verify_key(path, key)
        if kind == "identity" and trust.identity is not None and trust.issuer is not None:
            identity, issuer = trust.identity, trust.issuer
            return (
                f"{identity} of {issuer}",
                lambda path: self.by_sigstore(path, identity, issuer),
            )
        return "", None


def signature_files(artifact: Artifact) -> list[str]:
    """The names of the signature files at the artifact's root."""
    return [f.path for f in artifact.files if "/" not in f.path and f.path.endswith(SUFFIXES)]


def _check_key(key: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        usable = isinstance(load_pem_public_key(key.read_bytes()), EllipticCurvePublicKey)
    except OSError as error:
        raise BadInput(
            f"The signing key {key} cannot be read ({error.strerror}); give the PEM file of the "
            "signer's public key."
        ) from error
    except ValueError:
        usable = False
    if not usable:
        raise BadInput(
            f"The file {key} is no public key that model signatures use; give the PEM file of an "
            "elliptic-curve public key (it begins with -----BEGIN PUBLIC KEY-----)."
        )


def _kind(path: Path) -> str | None:
    """Who can have made a signature: a key, or an identity (a certificate); None: neither."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        material = json.loads(path.read_bytes())["verificationMaterial"]
        return "key" if "publicKey" in material else "identity"
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return None


def _verify_key(path: Path, key: Path) -> Any:
    from model_signing._signing import sign_ec_key, sign_sigstore_pb

    # Config.verify of the public interface wants every signed file on this disk; what a Hub repo
    # holds beside the model stays there, so the list is needed itself.
    return sign_ec_key.Verifier(key).verify(sign_sigstore_pb.Signature.read(path))


def _verify_sigstore(path: Path, identity: str, issuer: str) -> Any:
    from model_signing._signing import sign_sigstore
    from requests import RequestException
    from sigstore.errors import NetworkError, TUFError

    try:
        verifier = sign_sigstore.Verifier(identity=identity, oidc_issuer=issuer)
    except (TUFError, NetworkError, RequestException, OSError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    return verifier.verify(sign_sigstore.Signature.read(path))


def _compare(name: str, artifact: Artifact, manifest: Any, signer: str) -> Iterator[Finding]:
    """The signed list against the files that are here, and those that stayed on the Hub."""
    how = manifest.serialization_type
    signed = {r.identifier: r.digest.digest_hex for r in manifest.resource_descriptors()}
    files = {_file_of(i, how) for i in signed}
    ignored = [PurePosixPath(p) for p in how.get("ignore_paths") or ()]
    here = {f.path: f.sha256 for f in artifact.files if f.path not in signature_files(artifact)}
    missing = sorted(files - set(here) - set(artifact.skipped))
    found = _digests(artifact, how, sorted(files & set(here)), here)
    here_signed = {i: d for i, d in signed.items() if _file_of(i, how) in here}
    # Shards may be too many or too few as well.
    wrong = {i for i in {*here_signed, *found} if found.get(i) != here_signed.get(i)}
    bad = [f"{i} changed" for i in sorted(wrong)] + [f"{i} is missing" for i in missing]
    unsigned = sorted(set(here) - files)
    extra = [
        path
        for path in unsigned
        if not any(PurePosixPath(path).is_relative_to(i) for i in ignored)
        and not path.startswith(".git")
    ]
    if bad:
        yield MISMATCH.found(name, f"signed by {signer}: {first_few(bad)}")
    elif extra:
        yield PARTIAL.found(name, f"signed by {signer}, but not: {first_few(extra)}")
    else:
        besides = f"; signed without {first_few(unsigned)}" if unsigned else ""
        yield VERIFIED.found(name, f"signed by {signer}: {len(files)} files are as then{besides}")


def _file_of(identifier: str, how: dict[str, Any]) -> str:
    """The file that a signed item is, or is a shard of (`name:begin:end`)."""
    return identifier.rsplit(":", 2)[0] if how["method"] == "shards" else identifier


def _digests(
    artifact: Artifact, how: dict[str, Any], files: list[str], sha256: dict[str, str]
) -> dict[str, str]:
    """Digests of these files here, under the names that the signed list uses."""
    if how["method"] == "files" and how["hash_type"] == "sha256":
        return {path: sha256[path] for path in files}
    from model_signing import hashing

    # The signed list says blake2b, and numbers are floats in it, where the library wants others.
    kind: Any = "blake2" if how["hash_type"].startswith("blake2") else how["hash_type"]
    folder = Path(artifact.folder)
    config = hashing.Config()  # type: ignore[no-untyped-call]
    if how["method"] == "shards":
        config.use_shard_serialization(hashing_algorithm=kind, shard_size=int(how["shard_size"]))
    else:
        config.use_file_serialization(hashing_algorithm=kind)
    manifest = config.hash(folder, files_to_hash=[folder / path for path in files])
    return {r.identifier: r.digest.digest_hex for r in manifest.resource_descriptors()}
