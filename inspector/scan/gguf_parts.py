"""Risk: a GGUF model in parts that are not one model.

Comes in: the headers of a folder's GGUF files. Goes out: each model's header as a loader sees it,
parts put together, and (rule, evidence) where parts are missing or two hold one tensor.

Source: llama.cpp's `gguf-split`: parts are named `NAME-00001-of-00003.gguf`; the first has the
model's metadata, each has `split.no` and `split.count` and its own share of the tensors.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from inspector.scan.gguf_header import GgufHeader
from inspector.scan.rule import Rule, first_few
from inspector.scan.shapes import MISSING
from inspector.scan.shards import SHARDS

_PART = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf", re.IGNORECASE)

Problem = tuple[Rule, str]


def join_parts(
    headers: Mapping[str, GgufHeader],
) -> Iterator[tuple[str, GgufHeader | None, list[Problem]]]:
    """(path, header, problems) of each whole model; the header is None where parts are missing.

    headers: by path, of the files whose headers can be trusted.
    """
    parts: dict[str, dict[int, str]] = defaultdict(dict)
    for path, header in headers.items():
        match = _PART.fullmatch(path)
        if match is None:
            if (header.number("split.count") or 1) > 1:
                yield path, None, [(MISSING, "one part of several, by its metadata alone")]
            else:
                yield path, header, []
        else:
            parts[f"{match[1]} {int(match[3])}"][int(match[2])] = path
    for name, numbered in parts.items():
        wanted = range(1, int(name.rpartition(" ")[2]) + 1)
        first = numbered[min(numbered)]
        if absent := [str(n) for n in wanted if n not in numbered]:
            yield first, None, [(MISSING, f"parts {first_few(absent)} of {len(wanted)}")]
            continue
        tensors = tuple(t for n in sorted(numbered) for t in headers[numbered[n]].tensors)
        twice = [repr(t) for t, n in Counter(t.name for t in tensors).items() if n > 1]
        problems = [(SHARDS, f"in several parts: {first_few(twice)}")] if twice else []
        yield first, replace(headers[first], tensors=tensors), problems
