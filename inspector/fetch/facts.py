"""A Preview in words: what a person chooses a model by, one fact a line.

Comes in: a Preview, or a Listing of a search. Goes out: KnownFacts, or one line. Values may hold a
stranger's words (a licence, a file's name): they are shown as plain text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inspector.fetch.listing import Listing
from inspector.fetch.preview import Preview
from inspector.labels import parameters, size
from inspector.records import ArtifactKind

KINDS = {
    ArtifactKind.MODEL: "A whole model",
    ArtifactKind.ADAPTER: "An adapter",
    None: "Cannot be inspected",
}
UNKNOWN = "not known"


@dataclass(frozen=True)
class KnownFact:
    """word: what is told; value: what is known of it; help: what it means."""

    word: str
    value: str
    help: str


def facts_of(seen: Preview) -> tuple[KnownFact, ...]:
    """What is known at once; of a Hub repo also what the Hub says of it."""
    facts = [
        KnownFact(
            "Kind",
            KINDS[seen.kind],
            "A whole model answers by itself; an adapter is a small change to a base model, which "
            "is fetched too.",
        ),
        KnownFact("Size", _size(seen), "What an inspection reads, and brings here from the Hub."),
        KnownFact(
            "Weights",
            _weights(seen),
            "Only safetensors and GGUF hold numbers alone. Pickles can run code when they are "
            "loaded: they are never loaded here, and stay on the Hub.",
        ),
        KnownFact(
            "Base",
            str(seen.base) if seen.base else "none named",
            "What it says it was made from: the author's word. An inspection compares the weights.",
        ),
    ]
    return (*facts, *(_said_by_the_hub(seen.listing) if seen.listing else ()))


def summary(found: Listing) -> str:
    """One line for a list of search results."""
    said = [
        "adapter" if found.kind is ArtifactKind.ADAPTER else "",
        parameters(found.n_parameters) if found.n_parameters is not None else "",
        found.licence or "",
        f"{found.n_downloads:,} downloads" if found.n_downloads is not None else "",
        f"{found.n_likes:,} likes" if found.n_likes is not None else "",
        f"changed {day(found.modified_at)}" if found.modified_at else "",
        "gated" if found.is_gated else "",
        "private" if found.is_private else "",
    ]
    return " · ".join(piece for piece in said if piece)


def day(moment: str | None) -> str:
    """An ISO 8601 moment as `4 Mar 2026`."""
    return f"{datetime.fromisoformat(moment):%-d %b %Y}" if moment else UNKNOWN


def access(found: Listing) -> str:
    """Who may have its files."""
    if found.is_private:
        return "private: HF_TOKEN must be of somebody who may read it"
    if found.is_gated:
        return "gated: accept its terms on the Hub, and set HF_TOKEN"
    return "open to everybody"


def hub_scan(found: Listing) -> str:
    """What the Hub's own scanners say."""
    if found.flagged:
        named = ", ".join(f"{f.path} ({f.level})" for f in found.flagged[:3])
        more = f" and {len(found.flagged) - 3} more" if len(found.flagged) > 3 else ""
        return f"flagged {named}{more}"
    if found.scans_done is None:
        return UNKNOWN
    return "nothing flagged" if found.scans_done else "not finished"


def _said_by_the_hub(found: Listing) -> tuple[KnownFact, ...]:
    downloads, likes = found.n_downloads, found.n_likes
    return (
        KnownFact("Licence", found.licence or "none named", "As the card names it."),
        KnownFact(
            "Downloads",
            UNKNOWN if downloads is None else f"{downloads:,}",
            "In the last 30 days, as the Hub counts. Popular does not mean harmless.",
        ),
        KnownFact(
            "Likes", UNKNOWN if likes is None else f"{likes:,}", "Of people with a Hub account."
        ),
        KnownFact("Last change", day(found.modified_at), "The newest commit, on any branch."),
        KnownFact("Access", access(found), "Who may download its files."),
        KnownFact(
            "The Hub's own scan",
            hub_scan(found),
            "What the Hub's scanners found in its files. An inspection reads them again itself.",
        ),
    )


def _size(seen: Preview) -> str:
    said = []
    if seen.listing and seen.listing.n_parameters is not None:
        said.append(parameters(seen.listing.n_parameters))
    n_bytes = seen.n_bytes_read if seen.n_bytes_read is not None else seen.size_bytes
    if n_bytes is not None:
        said.append(size(n_bytes))
    if seen.n_files is not None:
        said.append("1 file" if seen.n_files == 1 else f"{seen.n_files} files")
    return ", ".join(said) or UNKNOWN


def _weights(seen: Preview) -> str:
    if seen.formats == ("pickles",):
        return "only pickles"
    return " and ".join(seen.formats) or "none found"
