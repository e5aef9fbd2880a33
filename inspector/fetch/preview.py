"""What can be told of a target at once: from names, headers and the Hub's listing, no byte fetched.

Comes in: a Target, or words to search the Hub for. Goes out: a Preview, or Listings. Nothing here
is pinned: the fetch stage looks again, and it alone decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import TargetError
from inspector.fetch.base import declared_base
from inspector.fetch.hub import Hub
from inspector.fetch.listing import Listing
from inspector.fetch.local import PICKLE_SUFFIXES, check_gguf, decide_kind, examine
from inspector.fetch.snapshot import choose_model_files
from inspector.kept import ALIASES, KEPT, demo_names
from inspector.records import HUB_ID, ArtifactKind, Target, TargetKind
from inspector.settings import Settings

PATIENCE_S = 6.0  # a form waits for the answer; the fetch stage itself is more patient
N_FOUND = 8


@dataclass(frozen=True)
class Preview:
    """What a target seems to be.

    kind: None where it cannot be inspected; `problem` then says why. base: what it declares.
    size_bytes: of all its files, n_bytes_read: of those that an inspection reads (on the Hub: takes
    here). None: not known. formats: how its weights are stored. listing: Hub targets only.
    """

    kind: ArtifactKind | None
    base: Target | None = None
    size_bytes: int | None = None
    n_bytes_read: int | None = None
    n_files: int | None = None
    formats: tuple[str, ...] = ()
    problem: str = ""
    listing: Listing | None = None


def preview(target: Target, settings: Settings) -> Preview:
    """Raises TargetError where nothing is there, HubUnreachable where the Hub does not answer."""
    match target.kind:
        case TargetKind.HUB:
            return _on_the_hub(target, settings)
        case TargetKind.LOCAL:
            return _here(Path(target.location), f"The folder {target.location}")
        case TargetKind.DEMO if not target.location:
            return Preview(ArtifactKind.MODEL, formats=("GGUF",))
        case TargetKind.DEMO:
            if target.location not in demo_names():
                raise TargetError(f"No specimen {target.location!r} is kept with this version.")
            return _here(KEPT / ALIASES.get(target.location, target.location), str(target))


def search(query: str, settings: Settings, limit: int = N_FOUND) -> tuple[Listing, ...]:
    """The Hub's models whose id holds the query; raises HubUnreachable."""
    return Hub(settings.hub_endpoint, timeout_s=PATIENCE_S).search(query, limit)


def read_id(text: str, settings: Settings) -> str:
    """What somebody typed or pasted, as `name[@revision]`: also `hf:…`, or a page's address."""
    name = text.strip().removeprefix("hf:")
    for host in (settings.hub_endpoint.rstrip("/"), "https://huggingface.co"):
        name = name.removeprefix(f"{host}/")
    name, _, rest = name.partition("/tree/")
    return f"{name}@{rest.partition('/')[0]}" if rest else name.rstrip("/")


def is_id(text: str) -> bool:
    """Whether it names a repo as `org/name[@revision]`; a bare word is more likely a search."""
    name = text.partition("@")[0]
    return "/" in name and HUB_ID.match(name) is not None


def _here(path: Path, what: str) -> Preview:
    path = path.resolve()
    if path.is_file() and path.suffix.lower() == ".gguf":
        check_gguf(path)
        size_bytes = path.stat().st_size
        return Preview(ArtifactKind.MODEL, None, size_bytes, size_bytes, 1, ("GGUF",))
    if not path.is_dir():
        raise TargetError(f"{path} is neither a folder nor a .gguf file; check the spelling.")
    # Its own names first: a folder that is no model may hold a whole disk below it.
    try:
        decide_kind((p.name for p in path.iterdir()), what)
        names, kind, _ = examine(path, what)
        size_bytes = sum((path / name).stat().st_size for name in names)
    except OSError as error:
        raise TargetError(f"{path} cannot be read ({error.strerror}); choose another.") from error
    base = declared_base(path, kind, local_paths=True)
    return Preview(kind, base, size_bytes, size_bytes, len(names), _formats(names))


def _on_the_hub(target: Target, settings: Settings) -> Preview:
    hub = Hub(settings.hub_endpoint, timeout_s=PATIENCE_S)
    repo = hub.look_up("model", target.location, target.revision)
    listing = repo.listing
    kind, n_bytes_read, problem = None, None, ""
    try:
        n_bytes_read = sum(f.size_bytes for f in choose_model_files(repo))
        kind, _ = decide_kind((f.path for f in repo.files if "/" not in f.path), repo.name)
    except TargetError as error:
        problem = str(error)
    return Preview(
        kind=kind,
        base=listing.base if listing else None,
        size_bytes=sum(f.size_bytes for f in repo.files),
        n_bytes_read=n_bytes_read,
        n_files=len(repo.files),
        formats=_formats(f.path for f in repo.files),
        problem=problem,
        listing=listing,
    )


def _formats(names: Iterable[str]) -> tuple[str, ...]:
    """How weights are stored, of the files at the root; pickles are named, though never loaded."""
    suffixes = {Path(n).suffix.lower() for n in names if "/" not in n}
    found = [w for s, w in ((".safetensors", "safetensors"), (".gguf", "GGUF")) if s in suffixes]
    pickles = ("pickles",) if suffixes & set(PICKLE_SUFFIXES) else ()
    return (*found, *pickles)
