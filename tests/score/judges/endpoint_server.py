"""An OpenAI-compatible endpoint on loopback: real sockets, replies chosen by the test.

Comes in: a function from the request's body to a reply. Goes out: a base URL, and what was asked.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """status and body as sent; drip_s: pause before each byte; hang_s: pause before anything."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip_s: float = 0.0
    hang_s: float = 0.0


@dataclass
class Endpoint:
    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


def says(content: object, **more: object) -> Reply:
    """A chat completion whose one message holds `content`."""
    message = {"role": "assistant", "content": content, **more}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return Reply(json.dumps({"object": "chat.completion", "choices": [choice]}).encode())


@contextmanager
def serve(answer: Callable[[dict[str, Any]], Reply]) -> Iterator[Endpoint]:
    """The endpoint while the block runs; `answer` is called for every request."""
    endpoint = Endpoint("")
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                endpoint.asked.append({"path": self.path, **body})
                endpoint.keys.append(self.headers.get("Authorization"))
                reply = answer(body)
            time.sleep(reply.hang_s)
            try:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                step = 1 if reply.drip_s else len(reply.body) or 1
                for at in range(0, len(reply.body), step):
                    self.wfile.write(reply.body[at : at + step])
                    self.wfile.flush()
                    time.sleep(reply.drip_s)
            except OSError:  # the judge hung up, as some tests want it to
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Tests read `asked` instead."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
