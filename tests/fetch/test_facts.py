"""What is known of a target, in words."""

from __future__ import annotations

from inspector.fetch.facts import facts_of, summary
from inspector.fetch.listing import Listing
from inspector.fetch.preview import Preview
from inspector.records import ArtifactKind, FlaggedFile, Target

LISTING = Listing(
    name="org/model",
    kind=ArtifactKind.MODEL,
    n_parameters=134_515_008,
    licence="apache-2.0",
    base=Target.parse("hf:org/base"),
    n_downloads=1_234_567,
    n_likes=340,
    modified_at="2026-03-04T05:06:07+00:00",
    scans_done=True,
)


def told(seen: Preview) -> dict[str, str]:
    return {fact.word: fact.value for fact in facts_of(seen)}


def test_a_hub_repo_is_told_in_full() -> None:
    seen = Preview(
        ArtifactKind.MODEL,
        LISTING.base,
        size_bytes=900_000_000,
        n_bytes_read=269_060_552,
        n_files=12,
        formats=("safetensors", "pickles"),
        listing=LISTING,
    )
    assert told(seen) == {
        "Kind": "A whole model",
        "Size": "134.5 million parameters, 269 MB, 12 files",
        "Weights": "safetensors and pickles",
        "Base": "hf:org/base",
        "Licence": "apache-2.0",
        "Downloads": "1,234,567",
        "Likes": "340",
        "Last change": "4 Mar 2026",
        "Access": "open to everybody",
        "The Hub's own scan": "nothing flagged",
    }
    assert all(fact.help for fact in facts_of(seen))


def test_a_folder_is_told_without_what_only_a_hub_knows() -> None:
    seen = Preview(ArtifactKind.ADAPTER, None, 8_000, 8_000, 2, ("safetensors",))
    assert told(seen) == {
        "Kind": "An adapter",
        "Size": "8.0 kB, 2 files",
        "Weights": "safetensors",
        "Base": "none named",
    }


def test_what_is_not_known_is_said_so() -> None:
    bare = Listing("org/model", ArtifactKind.MODEL)
    said = told(Preview(None, formats=("pickles",), problem="why", listing=bare))
    assert (said["Kind"], said["Weights"]) == ("Cannot be inspected", "only pickles")
    assert said["Downloads"] == said["Last change"] == said["The Hub's own scan"] == "not known"
    assert summary(bare) == ""


def test_closed_and_flagged_repos_are_told() -> None:
    flagged = tuple(FlaggedFile(f"{n}.bin", "unsafe") for n in range(5))
    gated = Listing("a/b", ArtifactKind.MODEL, is_gated=True, flagged=flagged, scans_done=True)
    said = told(Preview(ArtifactKind.MODEL, listing=gated))
    assert said["Access"].startswith("gated: accept its terms")
    assert said["The Hub's own scan"] == (
        "flagged 0.bin (unsafe), 1.bin (unsafe), 2.bin (unsafe) and 2 more"
    )
    assert "private" in summary(Listing("a/b", ArtifactKind.ADAPTER, is_private=True))


def test_a_search_result_is_one_line() -> None:
    assert summary(LISTING) == (
        "134.5 million parameters · apache-2.0 · 1,234,567 downloads · 340 likes · "
        "changed 4 Mar 2026"
    )
