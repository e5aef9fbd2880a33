"""A fine-tuning set on the disk: rows read one at a time, whatever the set's size.

Comes in: a set's source. Goes out, in a folder:

    rows.jsonl      the usable rows in their order, as [[role, content], ...]
    rows.npy        byte where each row starts in it, and its end: (n_rows + 1,)
    lines.npy       number of each row in the source, from 1: (n_rows,)
    members.npy     the example that each row is: (n_rows,)
    firsts.npy      the row that each example first stands in: (n_examples,)
    data.json       ScreenedData
    tokens.bin      token ids, shifted by one; the lowest bit says whether loss falls on it
    tokens.npy      where each example's tokens start, and their end: (n_examples + 1,)

Rows with the same conversation are one example. In memory are a few numbers for each row; texts
and tokens stay on the disk.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from inspector.engine.chat import Encoded, encode_example
from inspector.errors import DataError
from inspector.files import disk_errors, write_atomic
from inspector.records import Example, Message, ScreenedData
from inspector.run import read_record, write_record
from inspector.scenarios.dataset import Tally, conversation, stream_dataset

Ints = NDArray[np.int64]
_MIN_EXAMPLES = 2


def build_store(source: str, name: str, folder: Path) -> ExampleStore:
    """Read the whole source once into `folder`.

    Raises DataError where it cannot be read, or holds fewer than two different examples: one alone
    has nothing to be ranked against.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tally, sha = Tally(), hashlib.sha256()
    starts, lines, keys = array("q", [0]), array("q"), array("Q")
    with disk_errors(folder), (folder / "rows.jsonl").open("wb") as rows:
        for line, example in stream_dataset(source, tally):
            text = conversation(example).encode() + b"\n"
            sha.update(text)
            # 64 bits of SHA-256: two of ten million texts meet by chance with p < 1e-5.
            keys.append(int.from_bytes(hashlib.sha256(text).digest()[:8], "big"))
            lines.append(line)
            starts.append(starts[-1] + rows.write(text))
    _, firsts, members, copies = np.unique(
        np.frombuffer(keys, np.uint64), return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(firsts, kind="stable")  # examples are numbered as they come
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    if len(firsts) < _MIN_EXAMPLES:
        raise DataError(
            f"The data {name} hold {len(lines)} usable rows with one conversation only, so there "
            "is nothing to rank it against; give a set of at least two different examples."
        )
    _save(folder / "rows.npy", np.frombuffer(starts, np.int64))
    _save(folder / "lines.npy", np.frombuffer(lines, np.int64))
    _save(folder / "members.npy", place[members])
    _save(folder / "firsts.npy", firsts[order])
    data = ScreenedData(
        name=name,
        form=tally.form,
        digest=sha.hexdigest(),
        n_rows=len(lines),
        n_examples=len(firsts),
        n_groups=int((copies > 1).sum()),
        largest_group=int(copies.max()),
        n_skipped=tally.n_skipped,
        skipped=tuple(tally.skipped),
    )
    write_record(folder / "data.json", data)
    return ExampleStore(folder)


class ExampleStore:
    """The examples that `build_store` wrote; any number of processes may read them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = read_record(folder / "data.json", ScreenedData)
        self._starts = _open(folder / "rows.npy")
        self._lines = _open(folder / "lines.npy")
        self.members = _open(folder / "members.npy")
        self._firsts = _open(folder / "firsts.npy")

    def __len__(self) -> int:
        return len(self._firsts)

    def __getitem__(self, example: int) -> Example:
        return next(self._read([int(self._firsts[example])]))

    def __iter__(self) -> Iterator[Example]:
        """Every example once, read one at a time."""
        return self._read(self._firsts)

    def line(self, example: int) -> int:
        """Where it first stands in the source: the number of the row, from 1."""
        return int(self._lines[self._firsts[example]])

    def copies(self) -> Ints:
        """Rows with each example's conversation: (n_examples,)."""
        return np.bincount(self.members, minlength=len(self)).astype(np.int64)

    def texts(self, examples: Sequence[int] | Ints | None = None) -> Iterator[str]:
        """Each example's turns as one text, read one at a time; all of them without `examples`."""
        rows = self._firsts if examples is None else self._firsts[np.asarray(examples)]
        for example in self._read(rows):
            yield "\n".join(m.content for m in example.messages)

    def text_sha256(self, example: int) -> str:
        """By which a review knows the conversation it was written on."""
        return hashlib.sha256(conversation(self[example]).encode()).hexdigest()

    def split(self, chosen: Collection[int], into: Path, rest: Path) -> tuple[int, int]:
        """Write the rows of these examples, all copies, to `into` and the others to `rest`.

        Both as JSONL with `messages`, which the inspector and TRL read; nothing is left out.
        Returns how many rows each has.
        """
        counts = [0, 0]
        wanted = np.zeros(len(self), bool)
        wanted[list(chosen)] = True
        temporary = [path.with_name(f".{path.name}.tmp") for path in (into, rest)]
        into.parent.mkdir(parents=True, exist_ok=True)
        with disk_errors(into), temporary[0].open("w") as first, temporary[1].open("w") as second:
            for row, example in enumerate(self._read(range(len(self.members)))):
                side = 0 if wanted[self.members[row]] else 1
                turns = [{"role": m.role, "content": m.content} for m in example.messages]
                (first, second)[side].write(
                    json.dumps({"messages": turns}, ensure_ascii=False) + "\n"
                )
                counts[side] += 1
        for path, done in zip((into, rest), temporary, strict=True):
            done.replace(path)
        return counts[0], counts[1]

    def _read(self, rows: Sequence[int] | range | Ints) -> Iterator[Example]:
        with (self.folder / "rows.jsonl").open("rb") as file:
            for row in rows:
                start, end = int(self._starts[row]), int(self._starts[row + 1])
                file.seek(start)
                turns = json.loads(file.read(end - start))
                yield Example(tuple(Message(role, content) for role, content in turns))


def encode_store(
    store: ExampleStore,
    tokenizer: Any,
    max_length: int,
    folder: Path,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> Encodings:
    """Every example's tokens, into `folder`. Raises DataError where none has an answer token."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = array("q", [0])
    with disk_errors(folder), (folder / "tokens.bin").open("wb") as file:
        for number, example in enumerate(store):
            encoded = encode_example(tokenizer, example, max_length)
            found = ((), ()) if encoded is None else (encoded.ids, encoded.is_answer)
            packed = np.array([2 * i + int(a) for i, a in zip(*found, strict=True)], np.int32)
            file.write(packed.tobytes())
            starts.append(starts[-1] + len(packed))
            on_progress(number + 1, len(store))
    _save(folder / "tokens.npy", np.frombuffer(starts, np.int64))
    encodings = Encodings(folder)
    if not len(encodings.trainable):
        raise DataError(
            f"The data {store.data.name!r} have no example whose answer begins within max_length "
            f"{max_length} tokens; raise max_length or give shorter examples."
        )
    return encodings


class Encodings:
    """The tokens of every example, on the disk. trainable: those with any."""

    def __init__(self, folder: Path) -> None:
        self._starts = _open(folder / "tokens.npy")
        self._tokens = (
            np.memmap(folder / "tokens.bin", np.int32, mode="r")
            if self._starts[-1]
            else np.zeros(0, np.int32)
        )
        self.trainable: Ints = np.flatnonzero(np.diff(self._starts))

    def one(self, example: int) -> Encoded:
        packed = self._tokens[self._starts[example] : self._starts[example + 1]]
        return Encoded(tuple((packed >> 1).tolist()), tuple((packed & 1).astype(bool).tolist()))

    def view(self, examples: Ints) -> EncodedView:
        """These examples as a sequence, each read when it is asked for."""
        return EncodedView(self, examples)


class EncodedView(Sequence[Encoded]):
    """Some of the encodings in some order; a number may stand in it several times."""

    def __init__(self, encodings: Encodings, examples: Ints) -> None:
        self._encodings = encodings
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    @overload
    def __getitem__(self, index: int) -> Encoded: ...
    @overload
    def __getitem__(self, index: slice) -> EncodedView: ...
    def __getitem__(self, index: int | slice) -> Encoded | EncodedView:
        if isinstance(index, slice):
            return EncodedView(self._encodings, self.examples[index])
        return self._encodings.one(int(self.examples[index]))


def training_rows(
    store: ExampleStore, encodings: Encodings, without: Collection[int] = ()
) -> EncodedView:
    """What is trained on: every row with an answer token, copies too, in the set's order.

    Raises DataError where nothing is left.
    """
    kept = np.zeros(len(store), bool)
    kept[encodings.trainable] = True
    kept[list(without)] = False
    rows = store.members[kept[store.members]]
    if not len(rows):
        raise DataError("Nothing is left to train on without the chosen examples; choose fewer.")
    return encodings.view(rows)


def _save(path: Path, values: NDArray[Any]) -> None:
    import io

    buffer = io.BytesIO()
    np.save(buffer, values)
    write_atomic(path, buffer.getvalue())


def _open(path: Path) -> Ints:
    values: Ints = np.load(path, mmap_mode="r")
    return values
