"""The command's trunk: the Typer application, and the one way of saying something on stderr."""

from __future__ import annotations

import typer
from rich.console import Console

app = typer.Typer(
    name="inspector",
    help="What does this model become once somebody builds on it?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True)


def say(line: object) -> None:
    """One line on stderr, as it is: no markup, no wrapping."""
    errors.print(str(line), highlight=False, markup=False, soft_wrap=True)
