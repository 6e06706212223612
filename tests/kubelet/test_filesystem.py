"""A container's files: what lies below, what was written over it, and what it may take."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gitopslab.controlplane.kubelet.inside.filesystem import Disk, FileSystem, Layer, Part


def files(disk: Disk | None = None, **options: object) -> FileSystem:
    disk = disk or Disk(10_000)
    below = {"/etc/": "", "/etc/app": "old", "/config/key": "value"}
    layer = Layer(disk)
    return FileSystem(lambda: below, Layer(disk), lambda: {"/data": Part(layer)}, ("/config",), **options)  # type: ignore[arg-type]


def test_what_is_written_covers_what_lies_below() -> None:
    found = files()
    assert found["/etc/app"] == "old"
    found["/etc/app"] = "new"
    found["/tmp/x"] = "x"
    assert (found["/etc/app"], found["/tmp/x"]) == ("new", "x")
    assert sorted(found) == ["/config/key", "/data/", "/etc/", "/etc/app", "/tmp/x"]


def test_removed_file_is_gone_until_it_is_written_again() -> None:
    found = files()
    del found["/etc/app"]
    assert "/etc/app" not in found
    assert "/etc/app" not in list(found)
    with pytest.raises(KeyError):
        del found["/etc/app"]
    found["/etc/app"] = "again"
    assert found["/etc/app"] == "again"


def test_volume_is_shared_by_all_who_mount_it() -> None:
    disk = Disk(10_000)
    volume = Layer(disk)
    one = FileSystem(dict, Layer(disk), lambda: {"/data": Part(volume)})
    other = FileSystem(dict, Layer(disk), lambda: {"/mnt/shared": Part(volume)})
    one["/data/file"] = "x"
    assert other["/mnt/shared/file"] == "x"
    assert list(other) == ["/mnt/shared/", "/mnt/shared/file"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda found: found.__setitem__("/config/key", "x"), id="write"),
        pytest.param(lambda found: found.__setitem__("/config/new", "x"), id="create"),
        pytest.param(lambda found: found.__delitem__("/config/key"), id="remove"),
    ],
)
def test_mounted_configuration_is_read_only(change: Callable[[FileSystem], None]) -> None:
    with pytest.raises(OSError, match="Read-only file system"):
        change(files())


def test_read_only_root_leaves_volumes_writable() -> None:
    found = files(root_is_read_only=True)
    with pytest.raises(OSError, match="Read-only file system"):
        found["/tmp/x"] = "x"
    found["/data/x"] = "x"
    assert found["/data/x"] == "x"


def test_disk_is_full_for_everybody_and_has_room_again_after_removal() -> None:
    disk = Disk(2_000)
    one, other = files(disk), files(disk)
    one["/tmp/big"] = "x" * 1_500
    with pytest.raises(OSError, match="No space left on device"):
        other["/tmp/big"] = "x" * 1_500
    del one["/tmp/big"]
    other["/tmp/big"] = "x" * 1_500


def test_writing_again_takes_only_the_difference() -> None:
    found = files(Disk(2_000))
    for _ in range(10):
        found["/tmp/big"] = "x" * 1_500
    assert found["/tmp/big"] == "x" * 1_500


def test_cleared_layer_gives_all_its_room_back() -> None:
    disk = Disk(1_000)
    layer = Layer(disk)
    found = FileSystem(lambda: {"/a": ""}, layer, dict)
    found["/b"] = "x" * 100
    del found["/a"]
    layer.clear()
    disk.take(1_000)
