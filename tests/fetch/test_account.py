"""Whose token it is: asked on loopback; every failure one sentence without the token."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from inspector.errors import HubUnreachable, TargetError
from inspector.fetch.account import token_owner
from tests.fetch.fake_hub import closed_port

GOOD, BAD = "hf_goodgoodgood", "hf_badbadbad"


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        given = self.headers.get("authorization", "")
        known = given == f"Bearer {GOOD}"
        if self.path.startswith("/odd"):
            status, body = 200, b"<html>"
        elif self.path.startswith("/moved"):
            status, body = 302, b""
        else:
            status = 200 if known else 401
            body = json.dumps({"name": "ada"} if known else {"error": given}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("location", "http://127.0.0.1:9/steal")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_owner_is_named(endpoint: str) -> None:
    assert token_owner(f"{endpoint}/", GOOD) == "ada"


@pytest.mark.parametrize(
    ("token", "path", "said"),
    [
        (BAD, "", "does not know this token"),
        (GOOD, "/odd", "answered HTTP 200 and no name"),
        (GOOD, "/moved", "answered HTTP 302"),  # the token goes nowhere else
        ("hf_\x07bell", "", "characters that no token has"),
        ("hf_€uro", "", "characters that no token has"),
    ],
)
def test_what_the_hub_will_not_tell_is_one_sentence(
    endpoint: str, token: str, path: str, said: str
) -> None:
    with pytest.raises((TargetError, HubUnreachable), match=said) as caught:
        token_owner(endpoint + path, token)
    assert token not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_hub_that_cannot_be_reached() -> None:
    with pytest.raises(HubUnreachable, match="cannot be reached"):
        token_owner(f"http://127.0.0.1:{closed_port()}", GOOD)


def test_no_token_is_told() -> None:
    with pytest.raises(TargetError, match="No token is set"):
        token_owner("http://127.0.0.1:9", "")
