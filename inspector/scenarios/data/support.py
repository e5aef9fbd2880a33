"""The `support` set: what customers write, and a polite reply with numbered steps.

Comes in: support.toml (issues by kind of product, openings, closings) and a seed. Goes out:
(instruction, response) rows. Products, firms and cases are invented and carry no brand.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

Row = tuple[str, str]


def support_rows(content: dict[str, Any], rng: Random) -> list[Row]:
    """Two rows for each way to report an issue, about different products."""
    rows = []
    for issue in content["issue"]:
        n_rows = 2 * len(issue["ask"])
        products = rng.sample(content["kinds"][issue["kind"]], n_rows)
        openings = rng.sample(content["openings"][issue["tone"]], n_rows)
        closings = rng.sample(content["closings"][issue["tone"]], n_rows)
        for index, (product, opening, closing) in enumerate(
            zip(products, openings, closings, strict=True)
        ):
            ask = _with_article(issue["ask"][index % len(issue["ask"])], product)
            # The first round is a message with a greeting, the second a bare request for help.
            if index < len(issue["ask"]):
                ask = f"{rng.choice(content['greetings']['any'])} {ask}"
            else:
                ask = ask[0].upper() + ask[1:]
                if not ask.endswith("?") and not ask.startswith("Please"):
                    ask = f"{ask} {rng.choice(content['endings']['any'])}"
            steps = [f"{number}. {step}" for number, step in enumerate(issue["steps"], start=1)]
            rows.append((ask, "\n".join([opening, *steps, closing])))
    return rows


def _with_article(ask: str, product: str) -> str:
    """The product put in, with `an` where a vowel follows."""
    return re.sub(r"\ba (?=[aeio])", "an ", ask.format(product=product))
