"""Whose token this is: one question to the Hub, asked only when a person wants to know.

Comes in: an endpoint. Goes out: the account's name. The token itself goes to the Hub and nowhere
else: no sentence here holds any part of it.
"""

from __future__ import annotations

import re

import httpx2
from huggingface_hub import constants, get_session, get_token

from inspector import __version__
from inspector.errors import HubUnreachable, TargetError

TIMEOUT_S = 10.0
_TOKEN = re.compile(r"[!-~]+")  # a header with anything else would be quoted in the error


def token_owner(endpoint: str, token: str | None = None) -> str:
    """The account that a token belongs to; None: the one in force, as huggingface-hub finds it.

    Raises TargetError where there is no token or the Hub refuses it, and HubUnreachable where the
    Hub gives no usable answer.
    """
    endpoint = endpoint.rstrip("/")
    constants.HF_HUB_DISABLE_TELEMETRY = True
    token = get_token() if token is None else token
    if not token:
        raise TargetError("No token is set; give one in HF_TOKEN, or with `hf auth login`.")
    if not _TOKEN.fullmatch(token):
        raise TargetError("The token holds characters that no token has; set HF_TOKEN again.")
    headers = {"authorization": f"Bearer {token}", "user-agent": f"inspector/{__version__}"}
    try:
        answer = get_session().get(
            f"{endpoint}/api/whoami-v2", headers=headers, timeout=TIMEOUT_S, follow_redirects=False
        )
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        raise HubUnreachable(
            f"{endpoint} cannot be reached ({type(error).__name__}), so whose token it is cannot "
            "be told; check the network and INSPECTOR_HUB_ENDPOINT."
        ) from error
    if answer.status_code in (401, 403):
        raise TargetError(f"{endpoint} does not know this token; set HF_TOKEN to a valid one.")
    try:
        name = answer.json()["name"]
    except (ValueError, KeyError, TypeError):
        name = None
    if answer.status_code != 200 or not isinstance(name, str):
        raise HubUnreachable(
            f"{endpoint} answered HTTP {answer.status_code} and no name; try again later, or check "
            "INSPECTOR_HUB_ENDPOINT."
        )
    return name
