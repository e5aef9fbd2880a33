"""Provenance: where an artifact says it comes from, and which of that its bytes confirm."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class FlaggedFile:
    """A file that the Hub's own scan has something against. level: the Hub's own word."""

    path: str
    level: str


@dataclass(frozen=True)
class HubFacts:
    """What a Hub said about a model repo when it was asked: its word, no byte confirms it.

    asked: the id that was asked for; resolved: the one that answered. created_at, modified_at: UTC,
    ISO 8601. scans_done: None where the Hub says nothing of scans of its own. asked_at does not
    count for equality: the same answer twice is the same fact.
    """

    endpoint: str
    asked: str
    resolved: str
    author: str | None
    created_at: str | None
    modified_at: str | None
    scans_done: bool | None
    flagged: tuple[FlaggedFile, ...]
    asked_at: str = field(default="", compare=False)


class Basis(StrEnum):
    """How far a fact can be relied on."""

    VERIFIED = "verified"  # computed here from the pinned bytes
    DECLARED = "declared"  # somebody's word: the author's, or the Hub's


@dataclass(frozen=True)
class ProvenanceFact:
    """One labelled fact. source: whose word it is, or how the bytes confirm it."""

    name: str
    value: str
    basis: Basis
    source: str


@dataclass(frozen=True)
class Provenance:
    """All facts about one artifact; RUN/scan/provenance.json holds the target's."""

    target: str
    facts: tuple[ProvenanceFact, ...]
