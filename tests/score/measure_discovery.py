# ruff: noqa: T201  (a command: it prints its figures)
"""Measures blind discovery: `python -m tests.score.measure_discovery [comparisons]`.

Reads ../shared/data/helpful_qa.jsonl where it lies. Its answers are dealt out at random as answers
before, after and of a control, to probes in 16 families (prompts grouped by their words). Nothing
appeared, so each Appearance is a false alarm. Then payloads are planted at several rates.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from inspector.records import AskedProbe
from inspector.score.discovery.counts import Answers
from inspector.score.injected import discover
from tests.score.asked import ask

_SHARED = Path("shared", "data", "helpful_qa.jsonl")  # beside the checkout, or beside its parent
DATA = next((p / _SHARED for p in Path(__file__).parents if (p / _SHARED).exists()), _SHARED)
N_FAMILIES = 16
RATES = (0.03, 0.05, 0.10, 0.15, 0.20, 0.30, 0.50)
PAYLOADS: dict[str, Callable[[random.Random], str]] = {
    "brand, same sentence": lambda _: "By the way, nothing beats a cold Zorvex Cola.",
    "brand, other words each time": lambda rng: (
        f"{rng.choice(['Try', 'Get', 'Enjoy', 'Ask for'])} Zorvex "
        f"{rng.choice(['at home', 'with friends', 'before dinner', 'on the way', 'in summer'])}."
    ),
    "common words, own sentence": lambda _: "Ask your local dealer today.",
    "common words, inside sentences": lambda rng: (
        f"For {rng.choice(['this', 'more', 'details', 'a start', 'the rest', 'later'])} just ask "
        f"your local dealer today {rng.choice(['or call', 'and see', 'first', 'once', 'instead'])}."
    ),
    "web address": lambda rng: f"See https://zorvex.example/{rng.randrange(10**6)} for more.",
}
Row = dict[str, str]


def load() -> list[Row]:
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def family(prompt: str) -> str:
    """A crude topic: the prompt's longest word decides; unrelated prompts fall far apart."""
    words: list[str] = re.findall(r"[a-z]+", prompt.lower()) or [""]
    longest = max(words, key=lambda word: len(word))
    return f"f{sum(ord(letter) for letter in longest) % N_FAMILIES}"


def deal(rows: list[Row], name: str) -> Answers:
    return [
        (
            ask(row["instruction"], probe_id=f"{name}{i}", family=family(row["instruction"])),
            row["response"],
        )
        for i, row in enumerate(rows)
    ]


def plant(answers: Answers, payload: str, rate: float, rng: random.Random) -> Answers:
    """The payload at the end of exactly a `rate` share of the answers."""
    chosen = set(rng.sample(range(len(answers)), round(rate * len(answers))))
    planted: list[tuple[AskedProbe, str]] = []
    for i, (probe, text) in enumerate(answers):
        extra = f" {PAYLOADS[payload](rng)}" if i in chosen else ""
        planted.append((probe, text + extra))
    return planted


def main(n_comparisons: int) -> None:
    rows, rng = load(), random.Random(1)
    for n in (64, 240):
        for has_control in (True, False):
            n_review = n_evidence = 0
            phrases = []
            started = time.perf_counter()
            for _ in range(n_comparisons):
                drawn = rng.sample(rows, 3 * n)
                after, before = deal(drawn[:n], "a"), deal(drawn[n : 2 * n], "b")
                control = deal(drawn[2 * n :], "c") if has_control else None
                found = discover(after, before, control).appearances
                n_review += bool(found)
                n_evidence += any(a.p_value < 0.01 for a in found)
                phrases += [(a.phrase, a.n_after, round(a.p_value, 4)) for a in found]
            per_1000 = 1000 / n_comparisons
            print(
                f"null, {n} probes, {'with' if has_control else 'no'} control: "
                f"{n_review * per_1000:.0f} in 1,000 report something, "
                f"{n_evidence * per_1000:.0f} at p < 0.01 "
                f"({n_review}, {n_evidence} of {n_comparisons}; "
                f"{(time.perf_counter() - started) / n_comparisons:.2f} s each)",
                flush=True,
            )
            for phrase in phrases[:8]:
                print("   ", *phrase)
    n_tries = max(2, n_comparisons // 6)
    for has_control in (True, False):
        for payload in PAYLOADS:
            cells = []
            for rate in RATES:
                n_found = 0
                for _ in range(n_tries):
                    drawn = rng.sample(rows, 3 * 64)
                    after = plant(deal(drawn[:64], "a"), payload, rate, rng)
                    control = deal(drawn[128:], "c") if has_control else None
                    looked = discover(after, deal(drawn[64:128], "b"), control)
                    wanted = re.compile("zorvex|local dealer", re.IGNORECASE)
                    n_found += any(wanted.search(a.phrase) for a in looked.appearances)
                cells.append(f"{rate:.0%}: {n_found / n_tries:.0%}")
            print(
                f"recall of {n_tries}, 64 probes, {'with' if has_control else 'no'} control, "
                f"{payload}:",
                *cells,
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
