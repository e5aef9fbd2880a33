"""What a Hub's listing says of a model repo: enough to choose by, before a byte is fetched.

Comes in: huggingface-hub's ModelInfo, of a search or of one repo. Goes out: a Listing. All of it is
the Hub's or the author's word. A search leaves out what only the repo's own page has: None then.

Source: the Hub's tags `license:…` and `base_model:[relation:]org/name`, and PEFT's configuration,
which the Hub repeats in `config.peft` (https://huggingface.co/docs/hub/api).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inspector.records import HUB_ID, ArtifactKind, FlaggedFile, HubFacts, Target, TargetKind

# What a search asks for. Sizes and the Hub's own scan are not to be had in a list.
SEARCHED = ("downloads", "likes", "gated", "private", "lastModified", "tags", "safetensors", "gguf")


@dataclass(frozen=True)
class Listing:
    """name: `org/name`. n_downloads: of the last 30 days. modified_at: UTC, ISO 8601.

    base: what an adapter's configuration or the card names, where that is a Hub id. flagged: files
    that the Hub's own scan has something against; scans_done: None where it says nothing of one.
    """

    name: str
    kind: ArtifactKind
    n_parameters: int | None = None
    licence: str | None = None
    base: Target | None = None
    n_downloads: int | None = None
    n_likes: int | None = None
    modified_at: str | None = None
    is_gated: bool = False
    is_private: bool = False
    scans_done: bool | None = None
    flagged: tuple[FlaggedFile, ...] = ()


def listing_of(info: Any, facts: HubFacts | None = None) -> Listing:
    """info: a ModelInfo. facts: what `look_up` made of the same answer.

    Raises ValueError, TypeError or AttributeError where the answer is not shaped like a Hub's.
    """
    tags = [str(tag) for tag in info.tags or ()]
    peft = (info.config or {}).get("peft") or {}
    adapter = bool(peft) or "peft" in tags or any(t.startswith("base_model:adapter:") for t in tags)
    return Listing(
        name=str(info.id),
        kind=ArtifactKind.ADAPTER if adapter else ArtifactKind.MODEL,
        n_parameters=_n_parameters(info),
        licence=next((t.removeprefix("license:") for t in tags if t.startswith("license:")), None),
        base=_base(info, peft, tags),
        n_downloads=None if info.downloads is None else int(info.downloads),
        n_likes=None if info.likes is None else int(info.likes),
        modified_at=utc(info.last_modified),
        is_gated=bool(info.gated),
        is_private=bool(info.private),
        scans_done=facts.scans_done if facts else None,
        flagged=facts.flagged if facts else (),
    )


def utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def _n_parameters(info: Any) -> int | None:
    if info.safetensors is not None:
        return int(info.safetensors.total)
    total = (info.gguf or {}).get("total")
    return None if total is None else int(total)


def _base(info: Any, peft: dict[str, Any], tags: list[str]) -> Target | None:
    """The first base that is named, in the order in which an inspection would believe it."""
    card = getattr(info.card_data, "base_model", None)
    named = [
        peft.get("base_model_name_or_path"),
        *(card if isinstance(card, list) else [card]),
        *(t.rpartition(":")[2] for t in tags if t.startswith("base_model:")),
    ]
    first = next((n for n in named if isinstance(n, str) and HUB_ID.match(n)), None)
    return Target(TargetKind.HUB, first) if first else None
