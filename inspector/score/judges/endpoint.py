"""A language model behind an OpenAI-compatible endpoint as a judge.

Comes in: the endpoint's base URL, its model's name, a key from the environment; probes and answers.
Goes out: 1, 0, or None with the reason: unreachable, timed out, an error status, a declined or
garbled reply. Only prompts and answers leave the machine, and only for a plan that names the
endpoint. Redirects are not followed: the texts go to the host that was named, or nowhere.

Source: the OpenAI API reference, "Create chat completion"; greedy (temperature 0), one choice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from urllib.parse import urlsplit

import httpx2

from inspector.errors import PlanError
from inspector.records import AskedProbe, Behaviour, JudgeCard, JudgeChoice
from inspector.score.judges.applies import applies
from inspector.score.judges.prompts import VERSION, imitates_reply, messages, prompt_of, read_reply
from inspector.score.judges.protocol import Item
from inspector.score.protocol import Judgement

MAX_CHARACTERS = 48_000  # of prompt and answer; longer ones are not judged rather than cut
MAX_REPLY_BYTES = 1_000_000
MAX_REPLY_TOKENS = 400
MAX_WAIT_S = 30.0  # between two attempts, whatever the endpoint asks for
GIVE_UP_AFTER = 5  # answers in a row that got no reply: the rest are not sent
_AGAIN = (408, 409, 425, 429, 500, 502, 503, 504)


class _NoReply(Exception):
    """The endpoint gave nothing to read, for this reason. again: whether to try once more."""

    def __init__(self, reason: str, again: bool = False, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.again, self.wait_s = again, wait_s


def key_of(choice: JudgeChoice, environment: Mapping[str, str]) -> str:
    """The key, "" for an endpoint that takes none; raises PlanError where it is not set."""
    if not choice.key_env:
        return ""
    key = environment.get(choice.key_env, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise PlanError(
            f"The judge at {choice.url} needs a key in the environment variable {choice.key_env}, "
            "which is empty or not plain text; set it, or leave key_env away."
        )
    return key


class EndpointJudge:
    """One behaviour at one endpoint. sleep, clock: replaced by tests only."""

    def __init__(
        self,
        choice: JudgeChoice,
        behaviour: Behaviour,
        key: str = "",
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._choice, self._key = choice, key
        self._sleep, self._clock = sleep, clock
        self._url = choice.url.rstrip("/") + "/chat/completions"
        self._lock = Lock()
        self._n_silent = 0
        self._last_reason = ""
        self.behaviour = behaviour
        self.remote = urlsplit(choice.url).netloc
        self.card = JudgeCard(
            f"endpoint:{choice.model}",
            VERSION,
            prompt_of(behaviour),
            {"behaviour": behaviour, "url": choice.url, "model": choice.model},
        )

    def applies_to(self, probe: AskedProbe) -> bool:
        return applies(self.behaviour, probe)

    def judge(self, items: Sequence[Item]) -> list[Judgement]:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        # On this machine no proxy may come between; elsewhere the user's own proxy settings hold.
        host = urlsplit(self._choice.url).hostname
        local = host in ("127.0.0.1", "localhost", "::1")
        with (
            httpx2.Client(headers=headers, follow_redirects=False, trust_env=not local) as client,
            ThreadPoolExecutor(self._choice.n_parallel) as pool,
        ):
            return list(pool.map(lambda item: self._judge(client, *item), items))

    def _judge(self, client: httpx2.Client, probe: AskedProbe, text: str) -> Judgement:
        if not text.strip():
            return Judgement(None, detail="no text")
        if len(text) + len(probe.prompt) > MAX_CHARACTERS:
            return Judgement(None, detail=f"not sent: longer than {MAX_CHARACTERS:,} characters")
        if imitates_reply(text):
            return Judgement(None, detail="not sent: the answer imitates the judge's reply")
        with self._lock:
            if self._n_silent >= GIVE_UP_AFTER:
                reason = f"not sent: no reply {GIVE_UP_AFTER} times in a row ({self._last_reason})"
                return Judgement(None, detail=reason)
        try:
            reply = self._reply(client, probe, text)
        except _NoReply as error:
            with self._lock:
                self._n_silent += 1
                self._last_reason = str(error)
            return Judgement(None, detail=str(error))
        with self._lock:
            self._n_silent = 0
        return _read(reply, text)

    def _reply(self, client: httpx2.Client, probe: AskedProbe, text: str) -> bytes:
        body = {
            "model": self._choice.model,
            "messages": messages(self.behaviour, probe, text),
            "temperature": 0,
            "max_tokens": MAX_REPLY_TOKENS,
            "n": 1,
            "stream": False,
        }
        for attempt in range(self._choice.n_retries + 1):
            try:
                return self._once(client, json.dumps(body).encode())
            except _NoReply as error:
                if not error.again or attempt == self._choice.n_retries:
                    raise
                self._sleep(min(MAX_WAIT_S, max(error.wait_s, 0.5 * 2**attempt)))
        raise _NoReply("not asked")

    def _once(self, client: httpx2.Client, body: bytes) -> bytes:
        """One request within `timeout_s` in all: a reply that drips in ends too."""
        end = self._clock() + self._choice.timeout_s
        try:
            with client.stream(
                "POST",
                self._url,
                content=body,
                headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
                timeout=self._choice.timeout_s,
            ) as response:
                if response.status_code != 200:
                    raise _NoReply(
                        f"status {response.status_code}",
                        again=response.status_code in _AGAIN,
                        wait_s=_seconds(response.headers.get("Retry-After", "")),
                    )
                reply = bytearray()
                for chunk in response.iter_bytes():
                    reply += chunk
                    if len(reply) > MAX_REPLY_BYTES:
                        raise _NoReply(f"reply longer than {MAX_REPLY_BYTES:,} bytes")
                    if self._clock() > end:
                        raise _NoReply("timed out", again=True)
                return bytes(reply)
        except httpx2.TimeoutException as error:
            raise _NoReply("timed out", again=True) from error
        except httpx2.RequestError as error:
            raise _NoReply(f"no connection ({type(error).__name__})", again=True) from error


def _seconds(text: str) -> float:
    """A Retry-After in seconds; dates count as none."""
    return float(text) if text.isdigit() and len(text) < 6 else 0.0


def _read(reply: bytes, text: str) -> Judgement:
    """The completion's one message as a Judgement."""
    try:
        (choice,) = json.loads(reply)["choices"]
        message, finish = choice["message"], choice.get("finish_reason")
        content, declined = message.get("content"), message.get("refusal")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Judgement(None, detail="reply is no chat completion")
    if declined or finish == "content_filter":
        return Judgement(None, detail="the judge declined to judge")
    if finish == "length":
        return Judgement(None, detail="reply was cut off")
    if not isinstance(content, str):
        return Judgement(None, detail="reply holds no text")
    return read_reply(content, text)
