"""The command: parse, call, print, exit code. The only room that prints.

Exit codes: 0 no evidence found, 1 evidence, 2 bad input, 3 review or inconclusive, 4 failed.
Results go to stdout, progress and errors to stderr. One file per group of commands.
"""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

from pydantic import ValidationError

from inspector.cli import (
    dashboard,
    federate,
    gate,
    harden,
    history,
    inspect,
    measure,
    phrase,
    report,
    review,
    scan,
    screen,
    search,
    specimens,
    storage,
    verify,
    watch,
)
from inspector.cli.app import app, say
from inspector.errors import BadInput, InspectorError

# Each registers its commands with `app` when it is imported.
__all__ = [
    "app",
    "dashboard",
    "federate",
    "gate",
    "harden",
    "history",
    "inspect",
    "main",
    "measure",
    "phrase",
    "report",
    "review",
    "scan",
    "screen",
    "search",
    "specimens",
    "storage",
    "verify",
    "watch",
]


def main() -> NoReturn:
    """Entry point: every foreseen error is one sentence on stderr and an exit code."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends the output, not in a traceback
    try:
        app(standalone_mode=True)
    except InspectorError as error:
        say(str(error))
        sys.exit(error.exit_code)
    except ValidationError as error:  # of Settings: the only values not checked before
        first = error.errors()[0]
        name = f"INSPECTOR_{'_'.join(map(str, first['loc']))}".upper()
        say(f"The environment variable {name} is {first.get('input')!r}: {first['msg']}.")
        sys.exit(BadInput.exit_code)
    except OSError as error:
        say(
            f"{error.filename or 'A file'} cannot be used: {error.strerror or error}; "
            "check the path and its permissions."
        )
        sys.exit(InspectorError.exit_code)
    sys.exit(0)
