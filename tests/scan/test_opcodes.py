"""The walk over a pickle's opcodes: imports, oddities, limits; what only looks like a pickle."""

from __future__ import annotations

import collections
import io
import pickle

import numpy as np
import pytest

from inspector.scan.opcodes import Import, Reading, looks_like_pickle, read
from tests.scan.corpus import pickles as corpus


def walk(data: bytes, max_opcodes: int = 10_000) -> Reading:
    return read(io.BytesIO(data), len(data), max_opcodes)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": [1, (2.5, b"c"), {"d"}]},
        collections.OrderedDict(a=collections.Counter("xyz")),
        np.arange(3),
        [[]] * 3,
    ],
)
def test_what_pickle_writes_is_read_to_its_end(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    reading = walk(data)
    assert (reading.problem, reading.oddities, reading.n_stops) == (None, [], 1)
    assert reading.end == len(data)


@pytest.mark.parametrize(
    "data",
    [
        corpus.SYSTEM,
        corpus.FROM_MEMO,
        corpus.MEMO_OVERWRITTEN,
        corpus.MEMO_BY_DUP,
        corpus.PADDED,
        corpus.FRAMED,
        b"(S'echo'\niposix\nsystem\n.",
        b"(cposix\nsystem\nS'echo'\no.",
        pickle.dumps([1]) + corpus.SYSTEM,
        *(corpus.call("posix", "system", "echo", protocol=p) for p in range(6)),
    ],
)
def test_the_import_is_found_however_it_is_spelt(data: bytes) -> None:
    reading = walk(data, max_opcodes=200_000)
    assert Import("posix", "system") in reading.imports
    assert reading.n_calls == 1


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (corpus.COMPUTED_NAME, "a name that is computed"),
        (corpus.BUILD_ON_CLASS, "changes collections.OrderedDict itself"),
        (corpus.CALL_OF_COMPUTED, "calls something that was computed"),
        (b"\x80\x02\x82\x07.", "number 7 of the process's own extension registry"),
    ],
)
def test_what_no_ordinary_pickle_does(data: bytes, what: str) -> None:
    assert what in "".join(walk(data).oddities)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (pickle.dumps([1, "two"])[:-4], "goes on after the end"),
        (b"\x80\x02N", "goes on after the end"),
        (b"\x80\x02\xff.", "unknown"),
        (b"\x80\x02R.", "not there"),
        (b"\x80\x020.", "empty stack"),
        (b"\x80\x02t.", "without a mark"),
        (b"\x80\x02h\x03.", "no entry 3"),
        (b"\x80\x09N.", "protocol 9"),
        (b"c\nsystem\n.", "no name of an import"),
        (b"\x80\x02" + b"N0" * 6000, "more than 10,000 opcodes"),
    ],
)
def test_why_a_walk_ends_early(data: bytes, problem: str) -> None:
    assert problem in (walk(data).problem or "")


def test_raw_data_after_the_last_pickle_is_no_problem() -> None:
    pickled = pickle.dumps({"a": 1}, 2)
    reading = walk(pickled + bytes(1000))
    assert (reading.problem, reading.end) == (None, len(pickled))


@pytest.mark.parametrize(
    "content",
    [
        *(
            b"",
            b"\x80",
            b"\x80\x04",
            b"\x80\x09ab",
            b"plain text",
            b"PK\x03\x04",
            b"GGUF\x03\0\0\0",
        ),
        *(
            b"cat\ndog\nRun\nfast",
            b"cos\nsystem is a call\n",
            b"(a) first",
            b"N.",
            b"I 12\n",
            b"{}",
        ),
        *(
            b"The end",
            b"X marks",
            b"\x7fELF\x02\x01\x01",
            b"\x00" * 64,
            b"id\nname\n",
            b"]\n[",
            b".",
        ),
        # safetensors header lengths that begin like a protocol mark, or like a line of protocol 0
        *(bytes([0x80, 2, n, 0, 0, 0, 0, 0]) + b'{"__metadata__":{}}' for n in (0, 0x5D, 0x95)),
        b"V" + bytes(7) + b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' + b" " * 40,
    ],
)
def test_what_is_no_pickle(content: bytes) -> None:
    assert looks_like_pickle(content, len(content)) is False


@pytest.mark.parametrize(
    "content",
    [corpus.SYSTEM, pickle.dumps(1, 2), b"\x80\x04" + b"N0" * 5000, b"N0" * 5000 + corpus.SYSTEM],
)
def test_what_is_a_pickle(content: bytes) -> None:
    assert looks_like_pickle(content, len(content)) is True


def test_a_head_that_ends_inside_the_first_argument_does_not_tell() -> None:
    content = b"X\x00\x00\x10\x00" + b"x" * 2**20 + b"0" + corpus.SYSTEM
    assert looks_like_pickle(content[:1000], len(content)) is None
    assert walk(content).is_pickle
