"""Target -> Artifact: bring the bytes here and pin every one of them.

Comes in: a Target (demo, Hub repo, local folder or file). Goes out: an Artifact whose files all
carry their SHA-256. Nothing is loaded or executed here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inspector.fetch.demo import fetch_demo
from inspector.fetch.hub import Hub
from inspector.fetch.local import fetch_local
from inspector.fetch.snapshot import fetch_dataset_files, fetch_model
from inspector.records import Artifact, Target, TargetKind
from inspector.settings import Settings

__all__ = ["fetch", "fetch_dataset"]


def fetch(target: Target, settings: Settings, on_progress: Callable[[int, int], None]) -> Artifact:
    """The pinned artifact of a target; `on_progress` gets (done, total) in bytes.

    Raises TargetError where the target cannot be had or used, HubUnreachable where the Hub does not
    answer or a file does not arrive whole, DiskFull where it does not fit.
    """
    match target.kind:
        case TargetKind.DEMO:
            return fetch_demo(target, on_progress)
        case TargetKind.LOCAL:
            return fetch_local(target, on_progress)
        case TargetKind.HUB:
            return fetch_model(Hub(settings.hub_endpoint), target, settings, on_progress)


def fetch_dataset(
    name: str,
    revision: str | None,
    settings: Settings,
    on_progress: Callable[[int, int], None],
) -> Path:
    """A folder with the Parquet, JSONL or CSV files of a Hub data set, pinned to one commit.

    name: `org/name`. The folder's own name is the commit. Of the files, those of the train split
    are taken when there are any. Raises DataError where the repo holds none of them, and what
    `fetch` raises otherwise.
    """
    return fetch_dataset_files(Hub(settings.hub_endpoint), name, revision, settings, on_progress)
