"""Uploads: what is taken in, what it is called, and every kind of archive that is refused whole."""

from __future__ import annotations

import io
import random
import stat
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest

from inspector.errors import InspectorError, TargetError
from inspector.fetch import fetch
from inspector.fetch.upload import MAX_FILES, receive, target_of
from inspector.records import ArtifactKind, Target, TargetKind
from inspector.settings import Settings
from tests.fetch.fake_hub import content_of
from tests.fetch.tiny_files import ignore_progress, write_adapter, write_model

Files = dict[str, bytes]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def adapter(tmp_path: Path) -> Files:
    return content_of(write_adapter(tmp_path / "adapter", "demo"))


def zipped(files: Files, prefix: str = "", method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(prefix + name, content)
    return out


def special(files: Files, name: str, mode: int) -> io.BytesIO:
    """An archive with one entry of an unusual kind: a symlink, a pipe."""
    out = zipped(files)
    with zipfile.ZipFile(out, "a") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (mode | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return out


def claiming(out: io.BytesIO, size_bytes: int) -> io.BytesIO:
    """The archive with another unpacked size for its first entry, in both of its headers."""
    raw = bytearray(out.getvalue())
    directory = raw.index(b"PK\x01\x02")
    struct.pack_into("<L", raw, directory + 24, size_bytes)
    struct.pack_into("<L", raw, 22, size_bytes)
    return io.BytesIO(bytes(raw))


def kept(settings: Settings) -> list[str]:
    """What lies in the uploads' folder beside the lock."""
    if not settings.uploads.exists():
        return []
    return sorted(p.name for p in settings.uploads.iterdir() if p.name != ".lock")


def test_a_zip_becomes_a_local_target_that_keeps_its_name(
    adapter: Files, settings: Settings
) -> None:
    target = receive([("my-adapter.zip", zipped(adapter))], settings)
    assert (target.kind, target.uploaded_as) == (TargetKind.LOCAL, "my-adapter.zip")
    artifact = fetch(target, settings, ignore_progress)
    assert artifact.kind is ArtifactKind.ADAPTER
    assert artifact.base == Target.parse("demo")
    assert Path(target.location) == settings.uploads.resolve() / artifact.digest
    assert target.title == f"upload my-adapter.zip ({artifact.digest[:8]})"
    assert str(target) == target.location
    assert kept(settings) == [artifact.digest, f"{artifact.digest}.json"]


def test_a_top_folder_and_what_a_desktop_adds_are_taken_off(
    adapter: Files, settings: Settings
) -> None:
    plain = receive([("a.zip", zipped(adapter))], settings)
    extra = {"__MACOSX/adapter/._x": b"x", "adapter/.DS_Store": b"x", "adapter/.git/config": b"x"}
    wrapped = {f"adapter/{name}": content for name, content in adapter.items()}
    again = receive([("b.zip", zipped(wrapped | extra))], settings)
    assert again.location == plain.location
    assert again.uploaded_as == "b.zip"


def test_loose_files_are_taken_in_under_the_weights_name(
    adapter: Files, settings: Settings
) -> None:
    target = receive([(n, io.BytesIO(c)) for n, c in adapter.items()], settings)
    assert target.uploaded_as == "adapter_model.safetensors"
    assert target.location == receive([("a.zip", zipped(adapter))], settings).location


def test_the_same_files_share_a_place_and_changed_ones_there_are_put_right(
    adapter: Files, settings: Settings
) -> None:
    target = receive([("a.zip", zipped(adapter))], settings)
    changed = Path(target.location) / "adapter_config.json"
    changed.write_text("{}")
    assert receive([("a.zip", zipped(adapter))], settings) == target
    assert changed.read_bytes() == adapter["adapter_config.json"]


def test_an_earlier_upload_is_known_by_its_path(adapter: Files, settings: Settings) -> None:
    target = receive([("a.zip", zipped(adapter))], settings)
    assert target_of(target.location, settings).uploaded_as == "a.zip"
    assert target_of("demo", settings) == Target.parse("demo")


def test_a_zip_on_this_disk_is_an_upload_too(
    tmp_path: Path, adapter: Files, settings: Settings
) -> None:
    (tmp_path / "mine.ZIP").write_bytes(zipped(adapter).getvalue())
    target = target_of(str(tmp_path / "mine.ZIP"), settings)
    assert target.uploaded_as == "mine.ZIP"
    assert fetch(target, settings, ignore_progress).kind is ArtifactKind.ADAPTER


def test_a_model_is_taken_in_as_well(tmp_path: Path, settings: Settings) -> None:
    files = content_of(write_model(tmp_path / "model"))
    target = receive([("model.zip", zipped(files, "model/", zipfile.ZIP_STORED))], settings)
    assert fetch(target, settings, ignore_progress).kind is ArtifactKind.MODEL


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "a/../../evil.txt",
        "/etc/evil.txt",
        "C:/evil.txt",
        "C:\\evil.txt",
        "..\\evil.txt",
        "\\\\host\\evil.txt",
        "folder\\file.txt",
        "../",
        "a/\x00b",
        "bad\nname",
        "x\u202etxt.exe",
        "n" * 300,
    ],
)
def test_names_that_lead_out_or_hide_are_refused(
    adapter: Files, settings: Settings, name: str
) -> None:
    with pytest.raises(TargetError, match=r"leads out|cannot be shown|too long"):
        receive(
            [("a.zip", zipped(adapter | {name.replace("\0", "@"): b"x"}))]
            if "\0" not in name
            else [("a.zip", with_nul(adapter))],
            settings,
        )
    assert kept(settings) == []


def with_nul(adapter: Files) -> io.BytesIO:
    """Python cuts a name at a zero byte when it reads one: written into both headers by hand."""
    raw = zipped(adapter | {"a@b": b"x"}).getvalue()
    return io.BytesIO(raw.replace(b"a@b", b"a\0b"))


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_special_files_are_refused(adapter: Files, settings: Settings, mode: int) -> None:
    with pytest.raises(TargetError, match=r"a symlink, 'link'|a special file, 'link'"):
        receive([("a.zip", special(adapter, "link", mode))], settings)
    assert kept(settings) == []


@pytest.mark.parametrize(
    "twice",
    [
        {"README.md": b"1", "readme.md": b"2"},
        {"STRASSE": b"1", "straße": b"2"},
        {"caf\u00e9": b"1", "cafe\u0301": b"2"},
        {"x": b"1", "./x": b"2"},
    ],
)
def test_two_names_that_are_one_on_some_disk_are_refused(
    adapter: Files, settings: Settings, twice: Files
) -> None:
    with pytest.raises(TargetError, match="differ in case only"):
        receive([("a.zip", zipped(adapter | twice))], settings)
    assert kept(settings) == []


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_the_very_same_name_twice_is_refused(adapter: Files, settings: Settings) -> None:
    out = zipped(adapter)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("adapter_config.json", b"{}")
    with pytest.raises(TargetError, match="which one is meant"):
        receive([("a.zip", out)], settings)
    assert kept(settings) == []


def test_a_file_named_like_a_folder_is_refused(adapter: Files, settings: Settings) -> None:
    with pytest.raises(TargetError, match="like a folder above"):
        receive([("a.zip", zipped(adapter | {"sub": b"1", "Sub/file": b"2"}))], settings)
    assert kept(settings) == []


def test_too_many_files_are_refused(adapter: Files, settings: Settings) -> None:
    many = {f"notes/{n}.txt": b"" for n in range(MAX_FILES)}
    with pytest.raises(TargetError, match="1,000 are allowed"):
        receive([("a.zip", zipped(adapter | many))], settings)
    assert kept(settings) == []


def test_a_directory_too_long_to_hold_is_not_read(settings: Settings) -> None:
    raw = bytearray(zipped({"a": b"1"}).getvalue())
    struct.pack_into("<L", raw, raw.rindex(b"PK\x05\x06") + 12, 2**31)
    with pytest.raises(TargetError, match="a directory of 2,147,483,648 bytes"):
        receive([("a.zip", io.BytesIO(bytes(raw)))], settings)


def test_a_bomb_is_refused_by_what_it_claims(adapter: Files, tmp_path: Path) -> None:
    small = Settings(home=tmp_path / "home", max_upload_bytes=100_000)
    with pytest.raises(TargetError, match="more than 100,000 bytes; a large model goes by its Hub"):
        receive([("a.zip", zipped(adapter | {"zeros.txt": bytes(200_000)}))], small)
    assert kept(small) == []


def test_a_bomb_that_claims_little_gives_no_more_than_that(adapter: Files, tmp_path: Path) -> None:
    small = Settings(home=tmp_path / "home", max_upload_bytes=100_000)
    bomb = claiming(zipped({"zeros.txt": bytes(50_000_000)} | adapter), 10)
    with pytest.raises(TargetError, match="damaged or no ordinary zip"):
        receive([("a.zip", bomb)], small)
    assert kept(small) == []


def test_bytes_are_counted_as_they_come(adapter: Files, tmp_path: Path) -> None:
    """Loose files claim what they measured; one that gives more is stopped all the same."""

    class Growing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return bytes(min(size or 0, 10_000))

    small = Settings(home=tmp_path / "home", max_upload_bytes=100_000)
    files: list[tuple[str, BinaryIO]] = [(n, io.BytesIO(c)) for n, c in adapter.items()]
    with pytest.raises(TargetError, match="more than 100,000 bytes"):
        receive([*files, ("endless.txt", Growing())], small)
    assert kept(small) == []


def test_an_encrypted_archive_is_refused(adapter: Files, settings: Settings) -> None:
    raw = bytearray(zipped(adapter).getvalue())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(TargetError, match="without a password"):
        receive([("a.zip", io.BytesIO(bytes(raw)))], settings)
    assert kept(settings) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packings_are_refused(adapter: Files, settings: Settings, method: int) -> None:
    with pytest.raises(TargetError, match="unusual way"):
        receive([("a.zip", zipped(adapter, method=method))], settings)


@pytest.mark.parametrize("name", ["a.zip", "model.safetensors"])
def test_what_is_no_zip_and_no_model_is_refused(settings: Settings, name: str) -> None:
    with pytest.raises(TargetError):
        receive([(name, io.BytesIO(b"hello"))], settings)
    assert kept(settings) == []


def test_a_zip_beside_other_files_is_refused(adapter: Files, settings: Settings) -> None:
    with pytest.raises(TargetError, match="one zip, or loose files"):
        receive([("a.zip", zipped(adapter)), ("b.txt", io.BytesIO(b"x"))], settings)


def test_no_model_inside_is_said_with_the_uploads_name(settings: Settings) -> None:
    with pytest.raises(TargetError, match=r"The upload notes\.zip holds no weights"):
        receive([("notes.zip", zipped({"a.txt": b"hello"}))], settings)
    assert kept(settings) == []


def test_a_cut_weight_file_is_refused(adapter: Files, settings: Settings) -> None:
    adapter["adapter_model.safetensors"] = adapter["adapter_model.safetensors"][:-5]
    with pytest.raises(TargetError, match="is not whole"):
        receive([("a.zip", zipped(adapter))], settings)
    assert kept(settings) == []


def test_what_a_killed_upload_left_goes_with_the_next(adapter: Files, settings: Settings) -> None:
    (settings.uploads / ".arriving").mkdir(parents=True)
    (settings.uploads / ".arriving" / "half.safetensors").write_bytes(b"half")
    target = receive([("a.zip", zipped(adapter))], settings)
    digest = Path(target.location).name
    assert kept(settings) == [digest, f"{digest}.json"]


def test_damaged_archives_end_in_one_sentence(adapter: Files, settings: Settings) -> None:
    """A few bytes changed anywhere: refused in words, or the bytes did not matter."""
    whole, rng = zipped(adapter).getvalue(), random.Random(7)
    refused = 0
    for _ in range(300):
        raw = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        cut = bytes(raw[: rng.choice([len(raw), rng.randrange(len(raw))])])
        try:
            receive([("a.zip", io.BytesIO(cut))], settings)
        except InspectorError:
            refused += 1
    assert refused > 200
    assert ".arriving" not in kept(settings)
