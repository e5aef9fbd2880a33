"""Talking to a Hub: which commit and files a repo has, and the bytes of one file.

Comes in: an endpoint and a token. Goes out: RemoteRepo records, the listings that a search finds,
and files whose digests were checked here. Requests, URLs and error types are huggingface-hub's; the
loop that reads a file's bytes is our own, because the library's (2.4) throws a partial file away
when a connection is reset, may retry without end, and takes Xet and cache settings from the
environment at import.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import httpx2
import huggingface_hub
from huggingface_hub import HfApi, ModelInfo, constants, get_session, hf_raise_for_status
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from inspector import __version__
from inspector.errors import HubUnreachable, TargetError
from inspector.fetch.listing import SEARCHED, Listing, listing_of, utc
from inspector.files import disk_errors
from inspector.records import FlaggedFile, HubFacts

RETRIED_STATUS = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class RemoteFile:
    """One file of a repo. digest, in hex: SHA-256 for LFS files, git's blob SHA-1 for others."""

    path: str
    size_bytes: int
    digest: str
    is_lfs: bool

    def __post_init__(self) -> None:
        # The name goes into paths below the snapshot folder, and so does the digest.
        parts = PurePosixPath(self.path).parts
        if not parts or parts[0] == "/" or ".." in parts or "\\" in self.path or "\0" in self.path:
            raise TargetError(
                f"The Hub lists a file named {self.path!r}, which leads out of its repo's folder; "
                "such a repo is refused."
            )
        if not re.fullmatch(r"[0-9a-f]{64}" if self.is_lfs else r"[0-9a-f]{40}", self.digest):
            raise TargetError(f"The Hub gives {self.digest!r} as the digest of {self.path}.")

    def digest_of(self, path: Path) -> str:
        """The same kind of digest, computed over a file on this disk."""
        with path.open("rb") as file:
            if self.is_lfs:
                return hashlib.file_digest(file, "sha256").hexdigest()
            # git hashes "blob SIZE\0" before the content
            size_bytes = path.stat().st_size
            return hashlib.file_digest(
                file, lambda: hashlib.sha1(b"blob %d\0" % size_bytes, usedforsecurity=False)
            ).hexdigest()


@dataclass(frozen=True)
class RemoteRepo:
    """A repo at one commit. kind: `model` or `dataset`; name: `org/name`.

    facts, listing: of models only.
    """

    kind: str
    name: str
    commit: str
    files: tuple[RemoteFile, ...]
    facts: HubFacts | None = None
    listing: Listing | None = None


class Hub:
    """One endpoint with one token.

    token: None takes HF_TOKEN or the stored login, as huggingface-hub finds it. n_resumes: how
    often a file's download is taken up again after a cut. wait_s: pause before each. timeout_s: how
    long one answer, or the next piece of a file, may take.
    """

    def __init__(
        self,
        endpoint: str,
        token: str | None = None,
        *,
        n_resumes: int = 5,
        wait_s: float = 1.0,
        timeout_s: float = 30.0,
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.token = token or huggingface_hub.get_token()
        self.n_resumes = n_resumes
        self.wait_s = wait_s
        self.timeout_s = timeout_s
        # Read from the environment at import, so set here: with it off, every call would name this
        # machine's packages and first ask the public Hub for its list of agents.
        constants.HF_HUB_DISABLE_TELEMETRY = True
        self._api = HfApi(endpoint=self.endpoint, token=self.token or False)

    def look_up(self, kind: str, name: str, revision: str | None) -> RemoteRepo:
        """The commit behind a revision (None: `main`) with its files, in one request.

        Raises TargetError for a repo or revision that is missing or closed to this token, and
        HubUnreachable where the Hub gives no usable answer.
        """
        ask: Any = self._api.dataset_info
        if kind == "model":  # the Hub's own scan comes with the same answer
            ask = functools.partial(self._api.model_info, securityStatus=True)
        with self._plain_errors(kind, name, revision):
            try:
                info = ask(name, revision=revision, timeout=self.timeout_s, files_metadata=True)
                facts = self._facts(name, info) if kind == "model" else None
                listing = listing_of(info, facts) if kind == "model" else None
                files = tuple(
                    RemoteFile(
                        path=s.rfilename,
                        size_bytes=int(s.lfs.size if s.lfs else s.size),
                        digest=s.lfs.sha256 if s.lfs else str(s.blob_id),
                        is_lfs=bool(s.lfs),
                    )
                    for s in info.siblings or ()
                )
            except (HFValidationError, HfHubHTTPError):  # some are ValueErrors too
                raise
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise HubUnreachable(
                    f"{self.endpoint} does not answer like a Hub about {name}; check "
                    "INSPECTOR_HUB_ENDPOINT, or give a local folder."
                ) from error
        if not info.sha:
            raise HubUnreachable(f"{self.endpoint} names no commit for {name}; try again later.")
        return RemoteRepo(kind, name, info.sha, files, facts, listing)

    def search(self, query: str, limit: int) -> tuple[Listing, ...]:
        """Models whose id holds the query, the most downloaded first, in one request.

        Raises HubUnreachable where the Hub gives no usable answer. Asked without the library's
        `list_models`, which (2.4) knows no timeout and tries five times again.
        """
        asked: dict[str, Any] = {"search": query, "limit": limit, "sort": "downloads"}
        headers = {"user-agent": f"inspector/{__version__}"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        url = f"{self.endpoint}/api/models"
        with self._plain_errors("model", f"the search for {query!r}", None):
            answer = get_session().get(
                url,
                params=asked | {"expand": list(SEARCHED)},
                headers=headers,
                timeout=self.timeout_s,
            )
            hf_raise_for_status(answer)
            try:
                infos = (ModelInfo(**found) for found in islice(answer.json(), limit))  # type: ignore[no-untyped-call]
                return tuple(map(listing_of, infos))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise HubUnreachable(
                    f"{self.endpoint} does not answer a search like a Hub; check "
                    "INSPECTOR_HUB_ENDPOINT, or give a local folder."
                ) from error

    def _facts(self, name: str, info: Any) -> HubFacts:
        """What the Hub says about a model beside its files. Its scan: hub-docs, "Security"."""
        scan = info.security_repo_status if isinstance(info.security_repo_status, dict) else {}
        flagged = scan.get("filesWithIssues") or ()
        return HubFacts(
            endpoint=self.endpoint,
            asked=name,
            resolved=str(info.id),
            author=info.author and str(info.author),
            created_at=utc(info.created_at),
            modified_at=utc(info.last_modified),
            scans_done=bool(scan["scansDone"]) if "scansDone" in scan else None,
            flagged=tuple(FlaggedFile(str(f["path"]), str(f["level"])) for f in flagged),
            asked_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def download(
        self,
        repo: RemoteRepo,
        file: RemoteFile,
        partial: Path,
        on_bytes: Callable[[int], None],
    ) -> None:
        """Bring one whole, verified file to `partial`, resuming what is there already.

        on_bytes: gets the number of bytes of this file on the disk. Raises HubUnreachable after
        `n_resumes` cuts, or where the bytes do not match the digest (the file is then removed).
        """
        url = huggingface_hub.hf_hub_url(
            repo.name,
            file.path,
            repo_type=repo.kind,
            revision=repo.commit,
            endpoint=self.endpoint,
        )
        reason = "the connection was closed early"
        for attempt in range(self.n_resumes + 1):
            if attempt:
                time.sleep(self.wait_s)
            try:
                with self._plain_errors(repo.kind, repo.name, repo.commit, transport=False):
                    self._stream(url, partial, file, on_bytes)
            except httpx2.RequestError as error:
                reason = str(error) or type(error).__name__
            if partial.exists() and partial.stat().st_size == file.size_bytes:
                break
        else:
            raise HubUnreachable(
                f"The download of {file.path} from {repo.name} was cut {self.n_resumes + 1} times "
                f"({reason}) with {partial.stat().st_size if partial.exists() else 0:,} of "
                f"{file.size_bytes:,} bytes here; start again later: it goes on from there."
            )
        found = file.digest_of(partial)
        if found != file.digest:
            partial.unlink()
            raise HubUnreachable(
                f"The file {file.path} from {repo.name} does not match its digest (the Hub says "
                f"{file.digest}, the bytes have {found}); it was removed, so try again, and report "
                "the repo if it happens twice."
            )

    def _stream(
        self, url: str, partial: Path, file: RemoteFile, on_bytes: Callable[[int], None]
    ) -> None:
        """One request for the rest of a file; may end early."""
        have = partial.stat().st_size if partial.exists() else 0
        if have > file.size_bytes:
            partial.unlink()
            have = 0
        # `identity`: offsets must count the file's own bytes, not compressed ones
        headers = {"user-agent": f"inspector/{__version__}", "accept-encoding": "identity"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"  # dropped by httpx2 off this origin
        if have:
            headers["range"] = f"bytes={have}-"
        if have == file.size_bytes and partial.exists():
            return
        with get_session().stream("GET", url, headers=headers, timeout=self.timeout_s) as response:
            if response.status_code in RETRIED_STATUS:
                raise httpx2.ReadError(f"HTTP status {response.status_code}")
            hf_raise_for_status(response)
            resumed = have > 0 and response.status_code == 206
            have = have if resumed else 0
            with disk_errors(partial), partial.open("ab" if resumed else "wb") as out:
                # no chunk size: httpx2 would hold a chunk back until full, and lose it at a cut
                for chunk in response.iter_bytes():
                    have += len(chunk)
                    if have > file.size_bytes:
                        out.truncate(0)  # never more on the disk than was announced
                        raise HubUnreachable(
                            f"{url} sends more than the {file.size_bytes:,} bytes that the Hub "
                            "announced; try again, and report the repo if it happens twice."
                        )
                    out.write(chunk)
                    on_bytes(have)

    @contextlib.contextmanager
    def _plain_errors(
        self, kind: str, name: str, revision: str | None, *, transport: bool = True
    ) -> Iterator[None]:
        """huggingface-hub's errors as one sentence each; transport: network errors too."""
        page = f"{self.endpoint}/{'datasets/' if kind == 'dataset' else ''}{name}"
        at = f" at revision {revision!r}" if revision else ""
        try:
            yield
        except OfflineModeIsEnabled as error:
            raise HubUnreachable(
                f"{name} cannot be fetched because HF_HUB_OFFLINE is set; unset it, or give a "
                "local folder."
            ) from error
        except HFValidationError as error:
            raise TargetError(f"{name!r} is not a Hub id of the form org/name: {error}") from error
        except GatedRepoError as error:
            raise TargetError(self._gated(name, page)) from error
        except RevisionNotFoundError as error:
            raise TargetError(
                f"The {kind} {name} has no revision {revision!r}; give an existing branch, tag or "
                "commit, or none for main."
            ) from error
        except RepositoryNotFoundError as error:
            raise TargetError(
                f"{self.endpoint} has no {kind} {name}, or it is private; check the spelling, or "
                "set HF_TOKEN to a token that may read it."
            ) from error
        except HfHubHTTPError as error:
            status = error.response.status_code
            if status in (401, 403):
                raise TargetError(
                    f"{self.endpoint} refuses {name}{at} (HTTP {status}); set HF_TOKEN to a token "
                    "that may read it."
                ) from error
            raise HubUnreachable(
                f"{self.endpoint} answered {name}{at} with HTTP {status}; try again later, or give "
                "a local folder."
            ) from error
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            if not transport:
                raise
            raise HubUnreachable(
                f"{self.endpoint} cannot be reached for {name} ({error or type(error).__name__}); "
                "check the network and INSPECTOR_HUB_ENDPOINT, or give a local folder."
            ) from error

    def _gated(self, name: str, page: str) -> str:
        if self.token:
            return (
                f"{name} is gated and the present HF_TOKEN may not read it; accept its terms at "
                f"{page} with the token's account, or set HF_TOKEN to one of an account that did."
            )
        return (
            f"{name} is gated; accept its terms at {page} and set HF_TOKEN to a token of the "
            "account that accepted them."
        )
