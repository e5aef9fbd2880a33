"""A Hub on loopback for tests: real sockets, real HTTP, the answers that the inspector relies on.

Comes in: repos as {path: bytes} with their revisions. Goes out: an endpoint. Faults are switched on
per repo or per file: gated repos, connections cut half way, wrong bytes, redirects elsewhere.
The shapes of the answers follow the Hub's API as huggingface-hub 2.4 reads it.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

# What a listing may say of a repo beside its files.
FACTS: dict[str, object] = {
    "downloads": 1234,
    "likes": 5,
    "lastModified": "2026-03-04T05:06:07.000Z",
    "tags": ["safetensors", "license:apache-2.0", "base_model:finetune:org/base"],
    "safetensors": {"parameters": {"F32": 904}, "total": 904},
    "gated": "manual",
    "securityRepoStatus": {
        "scansDone": True,
        "filesWithIssues": [{"path": "a.bin", "level": "unsafe"}],
    },
}
LFS_SUFFIXES = (".safetensors", ".gguf", ".bin", ".parquet", ".pt")
API = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/revision/([^/]+))?")
RESOLVE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


@dataclass
class FakeRepo:
    """One repo. revisions: name or commit -> {path: bytes}; `main` must be among them.

    token: the only token that may read its files (gated: the listing is open, as on the real Hub).
    private: the listing needs the token too.
    cuts: path -> how many downloads of it are cut half way through what is left of it.
    wrong: paths served with one byte changed.
    redirects: path -> URL where its bytes are instead.
    announced: path -> size in bytes that the listing claims.
    failures: path -> how many times it is answered with a server error.
    moved_to: the id it has now: every request is redirected there.
    facts: what else the listing says: `author`, `createdAt`, `lastModified`, `securityRepoStatus`,
    `downloads`, `likes`, `tags`, `gated`, `safetensors`, `cardData`, `config`.
    """

    revisions: dict[str, dict[str, bytes]]
    token: str | None = None
    private: bool = False
    cuts: dict[str, int] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    redirects: dict[str, str] = field(default_factory=dict)
    announced: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    moved_to: str | None = None
    facts: dict[str, object] = field(default_factory=dict)

    def commit_of(self, revision: str) -> str | None:
        """The commit behind a branch, tag or commit: here a digest of the content."""
        for name, files in self.revisions.items():
            commit = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
            if revision in (name, commit):
                return commit
        return None

    def files_of(self, revision: str) -> dict[str, bytes]:
        commit = self.commit_of(revision)
        return next(f for n, f in self.revisions.items() if self.commit_of(n) == commit)


@dataclass(frozen=True)
class Request:
    """One request as it arrived; query: of a search, its words."""

    path: str
    authorization: str | None
    range: str | None
    query: str = ""


class FakeHub:
    """Serves `repos` (models by `org/name`, data sets by `datasets/org/name`) until closed."""

    def __init__(self) -> None:
        self.repos: dict[str, FakeRepo] = {}
        self.requests: list[Request] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else 40 ms a request: headers and body are two writes

            def do_GET(self) -> None:
                hub._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Keep the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, name: str, folder: Path | dict[str, bytes]) -> FakeRepo:
        """Publish a folder's files (or {path: bytes}) as revision `main` of a repo."""
        repo = self.repos[name] = FakeRepo({"main": content_of(folder)})
        return repo

    def downloads(self) -> list[str]:
        """Paths of the file requests so far."""
        return [r.path for r in self.requests if "/resolve/" in r.path]

    def searches(self) -> list[str]:
        """The words of the searches so far."""
        return [r.query for r in self.requests if r.path == "/api/models"]

    def _search(self, query: str, limit: int, authorization: str | None) -> list[object]:
        """Ids that hold the query, the most downloaded first; private ones for their token only."""
        found = [
            {"id": name, "private": repo.private} | repo.facts
            for name, repo in self.repos.items()
            if query.lower() in name.lower() and not name.startswith("datasets/")
            if not repo.private or authorization == f"Bearer {repo.token}"
        ]
        found.sort(key=lambda r: -int(str(r.get("downloads", 0))))
        unlisted = {"securityRepoStatus", "cardData", "config"}  # not asked for with `expand`
        return [{k: v for k, v in r.items() if k not in unlisted} for r in found[:limit]]

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(urlsplit(request.path).path)
        authorization = request.headers.get("authorization")
        asked = parse_qs(urlsplit(request.path).query)
        query = asked.get("search", [""])[0]
        self.requests.append(Request(path, authorization, request.headers.get("range"), query))
        if path == "/api/models":
            found = self._search(query, int(asked["limit"][0]), authorization)
            return _send(request, 200, json.dumps(found).encode(), {})
        if match := API.fullmatch(path):
            kind, name, revision = match.groups()
            key = name if kind == "models" else f"datasets/{name}"
        elif match := RESOLVE.fullmatch(path):
            key, revision = (match[1] or "") + match[2], match[3]
        else:
            return _refuse(request, 404, "EntryNotFound", "Not Found")
        repo = self.repos.get(key)
        if repo is None:
            return _refuse(request, 404, "RepoNotFound", "Repository not found")
        if repo.token is not None and authorization != f"Bearer {repo.token}":
            if repo.private:
                return _refuse(request, 404, "RepoNotFound", "Repository not found")
            if match.re is RESOLVE:
                status = 401 if authorization is None else 403
                return _refuse(request, status, "GatedRepo", "Access to this repo is restricted")
        if repo.moved_to is not None:
            moved = path.replace(key, repo.moved_to, 1)
            return _send(request, 307, b"", {"Location": f"{self.endpoint}{moved}"})
        revision = revision or "main"
        commit = repo.commit_of(revision)
        if commit is None:
            return _refuse(request, 404, "RevisionNotFound", f"Invalid rev id: {revision}")
        files = repo.files_of(revision)
        if match.re is API:
            siblings = [
                _sibling(p, content, repo.announced.get(p, len(content)))
                for p, content in files.items()
            ]
            info = {"id": key.removeprefix("datasets/"), "sha": commit, "siblings": siblings}
            info |= {"private": repo.private} | repo.facts
            return _send(request, 200, json.dumps(info).encode(), {})
        if match[4] not in files:
            return _refuse(request, 404, "EntryNotFound", "Entry not found")
        return _send_file(request, repo, match[4], files[match[4]])


def content_of(folder: Path | dict[str, bytes]) -> dict[str, bytes]:
    if isinstance(folder, dict):
        return folder
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}


def _sibling(path: str, content: bytes, size_bytes: int) -> dict[str, object]:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    entry: dict[str, object] = {"rfilename": path, "size": size_bytes, "blobId": blob}
    if path.endswith(LFS_SUFFIXES):
        sha256 = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"size": size_bytes, "sha256": sha256, "pointerSize": 130}
    return entry


def _send_file(request: BaseHTTPRequestHandler, repo: FakeRepo, path: str, content: bytes) -> None:
    if path in repo.redirects:
        return _send(request, 302, b"", {"Location": repo.redirects[path]})
    if repo.failures.get(path, 0) > 0:
        repo.failures[path] -= 1
        return _refuse(request, 503, "", "Overloaded")
    if path in repo.wrong:
        content = content[:-1] + bytes([content[-1] ^ 1])
    wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
    start = int(wanted[1]) if wanted else 0
    body, headers = content[start:], {}
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    n_sent = len(body)
    if repo.cuts.get(path, 0) > 0:
        repo.cuts[path] -= 1
        n_sent //= 2
    return _send(request, 206 if wanted else 200, body, headers, n_sent)


def _send(
    request: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    headers: dict[str, str],
    n_sent: int | None = None,
) -> None:
    """n_sent: how many bytes of the body really go out before the connection is closed."""
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body[:n_sent])
    if n_sent is not None and n_sent < len(body):
        request.close_connection = True


def _refuse(request: BaseHTTPRequestHandler, status: int, code: str, message: str) -> None:
    body = json.dumps({"error": message}).encode()
    _send(request, status, body, {"X-Error-Code": code, "X-Error-Message": message})


@contextmanager
def running_hub() -> Iterator[FakeHub]:
    hub = FakeHub()
    try:
        yield hub
    finally:
        hub.close()


def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
