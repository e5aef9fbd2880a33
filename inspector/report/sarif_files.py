"""Where a SARIF result points: files of the artifacts, as relative references.

Comes in: the report's artifacts. Goes out: SARIF's locations, and messages in which nothing acts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from inspector.records import Artifact, FileDigest
from inspector.report.contents import ArtifactSection
from inspector.report.sarif_records import (
    ArtifactLocation,
    File,
    Location,
    LogicalLocation,
    Message,
    PhysicalLocation,
    Region,
    UriBase,
)
from inspector.report.visible import visible, without_surrogates

_WEIGHTS = (".safetensors", ".gguf", ".bin", ".pt", ".pth", ".ckpt")


class Files:
    """The artifacts' files: where a finding's place is among them."""

    def __init__(self, sections: Sequence[ArtifactSection]) -> None:
        self.rows: list[File] = []
        self.bases: dict[str, UriBase] = {}
        self.digests: dict[str, str] = {}
        self._found: dict[str, ArtifactLocation] = {}
        self.weights = ArtifactLocation(uri="model", uri_base_id="TARGET")
        self.bases["TARGET"] = UriBase(description=said("The inspected model's files."))
        for section in sections:
            if section.role == "control":  # looked at to compare with; nothing is found in it
                continue
            base_id = section.role.upper()
            self.bases[base_id] = UriBase(description=said(f"{section.title}'s files."))
            self.digests[section.role] = section.artifact.digest
            for file in section.artifact.files:
                self._add(file, base_id)
        target = next((s.artifact for s in sections if s.role == "target"), None)
        if target is not None and target.files:
            self.weights = self._found[main_weights(target).path]

    def _add(self, file: FileDigest, base_id: str) -> None:
        place = ArtifactLocation(uri=_uri(file.path), uri_base_id=base_id, index=len(self.rows))
        self.rows.append(
            File(
                location=ArtifactLocation(uri=place.uri, uri_base_id=base_id),
                length=file.size_bytes,
                roles=("analysisTarget",),
                hashes={"sha-256": file.sha256},
            )
        )
        self._found.setdefault(file.path, place)  # the target's file wins over its base's

    def place(self, location: str) -> Location:
        """Where a finding points; a place inside a file is a logical location of that file."""
        named = [path for path in self._found if location.startswith(path)]
        if location in self._found:
            return location_of(self._found[location])
        if named:
            return location_of(self._found[max(named, key=len)], location)
        if not location:
            return location_of(self.weights)
        # A file that was left on the Hub, or a whole folder: named, but not among the bytes.
        return location_of(ArtifactLocation(uri=_uri(location), uri_base_id="TARGET"))


def main_weights(artifact: Artifact) -> FileDigest:
    """The file that a finding about behaviour points to: the largest one with weights in it."""
    weights = [f for f in artifact.files if f.path.endswith(_WEIGHTS)]
    return max(weights or artifact.files, key=lambda f: (f.size_bytes, f.path))


def location_of(place: ArtifactLocation, inside: str | None = None) -> Location:
    # Viewers drop a result without a line; the first one stands for the whole file, weights too.
    physical = PhysicalLocation(artifact_location=place, region=Region(start_line=1))
    if inside is None:
        return Location(physical_location=physical)
    logical = (LogicalLocation(fully_qualified_name=visible(inside)),)
    return Location(physical_location=physical, logical_locations=logical)


def said(text: str) -> Message:
    """A plain-text message in which nothing is read as a link or a placeholder (3.11.5, 3.11.6)."""
    text = visible(text).replace("](", "] (")
    return Message(text=re.sub(r"\{(\d+)\}", r"{{\1}}", text) or "–")


def _uri(path: str) -> str:
    """A relative reference (RFC 3986): no scheme and no way out of its folder can be in it."""
    parts = [p for p in path.replace("\\", "/").split("/") if p not in ("", ".", "..")]
    return quote(without_surrogates("/".join(parts)), safe="/") or "model"
