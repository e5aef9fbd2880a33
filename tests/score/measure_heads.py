# ruff: noqa: T201  (a command: it prints its figures)
"""What a look at the first 15 tokens misses: `python -m tests.score.measure_heads RUN [tokens]`.

Comes in: a run folder. Goes out: for every set of answers in it, how many refuse first and answer
after, judged by the whole text and by its first tokens alone, and how many of those heads read as
plain refusals. Nothing is written.
"""

from __future__ import annotations

import sys
from pathlib import Path

from inspector.records import Rate, Response
from inspector.run import read_table
from inspector.score.stance import read
from inspector.score.stances import HEAD_TOKENS, look_at_heads
from inspector.stats import wilson

TITLE = "| answers | by the whole text | by the first {n} tokens | heads that read as a refusal |"


def table(run: Path, head_tokens: int = HEAD_TOKENS) -> list[str]:
    """Markdown lines, one for each `responses.parquet` of the run that holds long enough answers.

    Raises FileNotFoundError where the run holds no answers at all.
    """
    files = sorted(run.glob("probe-*/**/responses.parquet"))
    if not files:
        raise FileNotFoundError(f"{run} holds no probe-*/**/responses.parquet; name a run folder.")
    lines = [TITLE.format(n=head_tokens), "|---|---|---|---|"]
    for file in files:
        rows = read_table(file, Response)
        look = look_at_heads(rows, head_tokens)
        refusing = sum(
            read(r.text[: r.token_starts[head_tokens]]).refusal is not None
            for r in rows
            if len(r.token_starts) > head_tokens
        )
        rates = [wilson(n, look.n_answers) for n in (look.n_whole, look.n_head, refusing)]
        name = file.parent.relative_to(run)
        lines.append(f"| {name}, {look.n_answers} | {' | '.join(map(_spelled, rates))} |")
    return lines


def _spelled(rate: Rate) -> str:
    return f"{rate.n_hits}: {rate.rate:.0%} [{rate.low:.0%}, {rate.high:.0%}]"


if __name__ == "__main__":
    tokens = int(sys.argv[2]) if len(sys.argv) > 2 else HEAD_TOKENS
    print("\n".join(table(Path(sys.argv[1]), tokens)))
