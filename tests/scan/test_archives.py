"""The walk through archives: what it opens, what it leaves packed, and where it stops."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator

import pytest

from inspector.records import Finding
from inspector.scan import archives
from inspector.scan.archives import Member, Walk
from tests.scan.corpus import disguises as corpus

TEXT = b"a line of text\n" * 10


def walk(content: bytes, wanted: bool = True, clock: Iterator[float] | None = None) -> list[str]:
    """`location=content` of each member that is no container, and `rule location` of findings."""
    step = Walk(lambda *_: wanted, (lambda: next(clock)) if clock else lambda: 0.0)
    seen = []
    for item in step.members("a", io.BytesIO(content), len(content)):
        if isinstance(item, Finding):
            seen.append(f"{item.rule_id} {item.location}")
        elif isinstance(item, Member) and not item.is_container:
            item.file.seek(0)
            assert item.file.seek(0, io.SEEK_END) == item.size_bytes
            item.file.seek(0)
            seen.append(f"{item.location}={item.file.read(20).decode('latin-1')}")
    return seen


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_zip_members_of_every_method(method: int) -> None:
    content = corpus.zipped({"b/c.txt": b"first", "d": b"second"}, method)
    assert walk(content) == ["a!b/c.txt=first", "a!d=second"]


def test_archives_in_each_other() -> None:
    inner = corpus.zipped({"c": b"deep"}, zipfile.ZIP_DEFLATED)
    content = gzip.compress(corpus.tarred({"b.zip": inner, "e": b"flat"}))
    assert walk(content) == ["a!!b.zip!c=deep", "a!!e=flat"]


def test_a_file_that_is_no_archive_is_itself() -> None:
    assert walk(TEXT) == [f"a={TEXT[:20].decode()}"]
    assert walk(b"") == ["a="]


def test_what_nobody_wants_stays_packed() -> None:
    assert walk(corpus.zipped({"b": b"text", "c": b"more"}), wanted=False) == []


def test_zlib_without_a_sound_beginning_is_text() -> None:
    text = b"x^2 + y^2 = z^2 is known to many. " * 30
    assert walk(text, wanted=False) == [f"a={text[:20].decode()}"]
    assert walk(zlib.compress(TEXT)) == [f"a!={TEXT[:20].decode()}"]


@pytest.mark.parametrize("magic", list(archives.REFUSED))
def test_formats_that_are_not_opened_are_named(magic: bytes) -> None:
    assert walk(magic + bytes(100)) == ["ARCHIVE-UNREADABLE a"]
    inner = corpus.zipped({"b": magic + bytes(100)})
    assert walk(inner) == ["ARCHIVE-UNREADABLE a!b"]


def test_what_comes_before_the_damage_is_looked_at() -> None:
    content = gzip.compress(b"first" + corpus.NOISE)[:-2000]
    first, second = walk(content)
    assert first.startswith("a!=first")
    assert second == "ARCHIVE-UNREADABLE a!"


@pytest.mark.parametrize("content", [corpus.local_renamed(), corpus.twins(), corpus.bomb()])
def test_a_directory_that_lies(content: bytes) -> None:
    assert "ARCHIVE-TAMPERED a" in walk(content, wanted=False)


@pytest.mark.parametrize(
    "content",
    [
        corpus.zipped({}),
        corpus.zipped({"a": b"", "b/": b"", "c": TEXT}, zipfile.ZIP_DEFLATED, b"a comment"),
        corpus.torch_zip(b"anything"),
        corpus.tarred({"a": TEXT, "b/c": b""}),
    ],
)
def test_an_honest_directory(content: bytes) -> None:
    assert walk(content, wanted=False) == []


def test_a_zip_written_to_a_stream_is_honest() -> None:
    class Stream(io.RawIOBase):
        """Cannot be sought, so that sizes come after the data."""

        def __init__(self) -> None:
            super().__init__()
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.content += bytes(data)  # type: ignore[call-overload]
            return len(bytes(data))  # type: ignore[call-overload]

    out = Stream()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", TEXT)
        archive.writestr("b", TEXT)
    assert walk(out.content, wanted=False) == []


def test_the_limits() -> None:
    assert walk(corpus.nested(6, b"x"))[-1] == "ARCHIVE-LIMIT a"
    late = iter([0.0, 1.0, archives.MAX_SECONDS + 1])
    assert walk(corpus.zipped({"b": b"1", "c": b"2"}), clock=late)[-1] == "ARCHIVE-LIMIT a"
    many = corpus.zipped({str(n): b"" for n in range(archives.MAX_MEMBERS + 1)})
    assert walk(many, wanted=False) == ["ARCHIVE-LIMIT a"]
