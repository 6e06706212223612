"""Blobs on disk: whole or not there, and never other bytes than their name says."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gitopslab.errors import DiskFullError, ImageError
from gitopslab.images.content import Content

HELLO = "sha256:" + hashlib.sha256(b"hello").hexdigest()
ABSENT = "sha256:" + "0" * 64


@pytest.fixture
def content(tmp_path: Path) -> Content:
    return Content(tmp_path / "store")


def leftovers(content: Content) -> list[Path]:
    return list(content.uploads.iterdir())


def test_a_blob_has_its_digest_for_a_name(content: Content) -> None:
    assert content.add(b"hello") == HELLO
    assert content.path(HELLO).read_bytes() == b"hello"
    assert (content.size(HELLO), content.read(HELLO), list(content.digests())) == (5, b"hello", [HELLO])


def test_the_same_bytes_are_kept_once(content: Content) -> None:
    content.add(b"hello")
    before = content.path(HELLO).stat().st_ino
    content.add(b"hello")
    assert content.path(HELLO).stat().st_ino == before
    assert leftovers(content) == []


def test_a_blob_may_come_in_pieces_over_several_sessions(content: Content) -> None:
    first = content.upload()
    first.write(b"hel")
    first.close()
    again = Content(content.root).upload(first.name)
    assert again.size == 3
    again.write(b"lo")
    assert again.commit(HELLO) == HELLO
    assert content.read(HELLO) == b"hello"


def test_nothing_is_seen_of_a_blob_before_it_is_whole(content: Content) -> None:
    with content.upload() as upload:
        upload.write(b"hello")
        assert not content.has(HELLO)
    assert not content.has(HELLO)
    assert leftovers(content) == []


def test_other_bytes_than_were_announced_are_refused(content: Content) -> None:
    upload = content.upload()
    upload.write(b"hellO")
    with pytest.raises(ImageError, match=f"not {HELLO}") as caught:
        upload.commit(HELLO)
    assert caught.value.code == "DIGEST_INVALID"
    assert (list(content.digests()), leftovers(content)) == ([], [])


def test_a_blob_has_a_largest_size(tmp_path: Path) -> None:
    content = Content(tmp_path, largest=4)
    upload = content.upload()
    upload.write(b"hell")
    with pytest.raises(ImageError, match="4 bytes") as caught:
        upload.write(b"o")
    assert caught.value.code == "SIZE_INVALID"
    assert leftovers(content) == []


class FullFile:
    """A file on a disk without room: what is written stays in the buffer until flush or close, which fail."""

    def __init__(self, path: Path, at: str) -> None:
        self._file = path.open("wb")
        self._at = at
        self.closed = False

    def write(self, data: bytes) -> int:
        if self._at == "write":
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(data)

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        self._file.close()
        self.closed = True
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("at", ["write", "flush"])
def test_a_full_disk_is_named_and_leaves_nothing(content: Content, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = content.upload()
    upload._file.close()
    monkeypatch.setattr(upload, "_file", FullFile(content.uploads / upload.name, at))
    with pytest.raises(DiskFullError, match="is full"):  # noqa: PT012 - which of the two says so depends on the buffer
        upload.write(b"hello")
        upload.commit()
    assert (list(content.digests()), leftovers(content)) == ([], [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_real_full_disk_is_named(content: Content, tmp_path: Path) -> None:
    upload = content.upload()
    upload._file.close()
    upload._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115 - the upload closes it
    with pytest.raises(DiskFullError):
        upload.write(b"hello")
    assert leftovers(content) == []


def test_a_process_killed_half_way_leaves_only_what_tidy_removes(content: Content) -> None:
    code = f"""
        import os, signal
        from pathlib import Path
        from gitopslab.images.content import Content
        upload = Content(Path({str(content.root)!r})).upload()
        upload.write(b"hello")
        upload._file.flush()
        os.kill(os.getpid(), signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert list(content.digests()) == []
    assert len(leftovers(content)) == 1
    assert content.tidy() == 0  # it may still go on, for all we know
    assert content.tidy(older_than=0) == 1
    assert leftovers(content) == []


def test_bytes_changed_behind_our_back_are_noticed(content: Content) -> None:
    content.add(b"hello")
    content.path(HELLO).write_bytes(b"hullo")
    with pytest.raises(ImageError, match="damaged") as caught:
        content.read(HELLO)
    assert caught.value.code == "DIGEST_INVALID"


def test_a_blob_that_is_removed_is_unknown(content: Content) -> None:
    content.add(b"hello")
    content.remove(HELLO)
    for use in (content.size, content.read, content.open, content.remove):
        with pytest.raises(ImageError) as caught:
            use(HELLO)
        assert caught.value.code == "BLOB_UNKNOWN"


def test_a_blob_that_is_claimed_counts_as_new(content: Content) -> None:
    content.add(b"hello")
    os.utime(content.path(HELLO), (1, 1))
    assert content.age(HELLO) > 3600
    assert content.claim(HELLO)
    assert content.age(HELLO) < 3600
    assert not content.claim(ABSENT)


def test_a_small_read_is_bounded(content: Content) -> None:
    content.add(b"hello")
    with pytest.raises(ImageError) as caught:
        content.read(HELLO, most=4)
    assert caught.value.code == "SIZE_INVALID"


@pytest.mark.parametrize("name", ["", "sha256:../../../etc/passwd", "sha256:abc", ABSENT + "/..", "md5:" + "0" * 32])
def test_no_name_leads_out_of_the_folder(content: Content, name: str) -> None:
    with pytest.raises(ImageError) as caught:
        content.path(name)
    assert caught.value.code == "DIGEST_INVALID"


@pytest.mark.parametrize("name", ["../blobs/sha256/x", "0" * 32, "x"])
def test_only_an_upload_that_was_begun_goes_on(content: Content, name: str) -> None:
    with pytest.raises(ImageError) as caught:
        content.upload(name)
    assert caught.value.code == "BLOB_UPLOAD_UNKNOWN"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_the_owner_can_read(content: Content) -> None:
    content.add(b"hello")
    assert [path.stat().st_mode & 0o077 for path in (content.root, content.path(HELLO))] == [0, 0]
