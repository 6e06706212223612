"""What lies in volumes that real programs write: no link there leads out, and nothing there is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from real_pods import Live, played

from gitopslab.controlplane.kubelet.process.volumes import MountError, part_of

MAKE = "import os, sys; os.chdir('/data'); exec(sys.argv[1])"


async def ended(live: Live, making: str, showing: str, mount: dict[str, Any], **container: Any) -> dict[str, Any]:
    """How a container ends that shows what the init container has made in the volume ``/data``."""
    image = live.images.put_python("volume:1", MAKE)
    command = ["python", "app.py"]
    first = {"name": "first", "image": image, "command": [*command, making]}
    first["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    spec = {"restartPolicy": "Never", "volumes": [{"name": "data", "emptyDir": {}}], "initContainers": [first]}
    mounts = [{"name": "data", "mountPath": "/data"}, {"name": "data", **mount}]
    live.run(image, spec=spec, command=[*command, showing], volumeMounts=mounts, **container)
    found: dict[str, Any] = await live.until(lambda: live.entry()["state"].get("terminated"))
    return found


def test_a_sub_path_leads_not_out_of_the_lab(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o700)

    async def story(live: Live) -> None:
        making = f"from pathlib import Path; Path('evil').symlink_to('{'../' * 12}{outside}')"
        end = await ended(live, making, "", {"mountPath": "/part", "subPath": "evil/deep"})
        assert (end["exitCode"], end["reason"]) == (128, "StartError")
        assert 'subPath: "/evil/deep" leads out of its volume' in end["message"]

    played(tmp_path, story)
    assert outside.stat().st_mode & 0o777 == 0o700
    assert list(outside.iterdir()) == []


def test_a_sub_path_may_be_a_file(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        part = {"mountPath": "/part", "subPath": "it"}
        end = await ended(live, "open('it', 'w').write('a file')", "print(open('/part').read())", part)
        assert end["exitCode"] == 0
        assert live.lines() == ["a file"]

    played(tmp_path, story)


KEEP = """
from pathlib import Path
Path('keep').mkdir()
Path('link').symlink_to('keep')
Path('keep/it').write_text('precious')
"""


@pytest.mark.parametrize(
    ("place", "message", "mount"),
    [
        pytest.param("/data/keep", "/data/keep", {"mountPath": "/all"}, id="message over a folder"),
        pytest.param("/data/keep/it", "/data/keep/it", {"mountPath": "/all"}, id="message over a file"),
        pytest.param("/data/keep", "/end", {"mountPath": "/data/keep", "subPath": "x"}, id="volume over a folder"),
        pytest.param("/data/link", "/data/link", {"mountPath": "/all"}, id="message over a link"),
    ],
)
def test_what_a_volume_holds_is_not_removed_for_what_is_mounted_there(
    tmp_path: Path, place: str, message: str, mount: dict[str, Any]
) -> None:
    async def story(live: Live) -> None:
        end = await ended(live, KEEP, "", mount, terminationMessagePath=message)
        assert (end["exitCode"], end["reason"]) == (128, "StartError")
        assert f'mounting to rootfs at "{place}"' in end["message"]
        (kept,) = tmp_path.glob("cluster/pods/*/volumes/data/link/it")
        assert kept.read_text() == "precious"

    played(tmp_path, story)


def test_a_volume_may_be_mounted_where_it_has_the_same_already(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        part = {"mountPath": "/data/keep", "subPath": "keep"}
        end = await ended(live, KEEP, "print(open('keep/it').read())", part)
        assert (end["exitCode"], live.lines()) == (0, ["precious"])

    played(tmp_path, story)


def test_hosts_of_a_volume_stay_as_they_are(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        end = await ended(
            live, "open('hosts', 'w').write('mine')", "print(open('/etc/hosts').read())", {"mountPath": "/etc"}
        )
        assert (end["exitCode"], live.lines()) == (0, ["mine"])

    played(tmp_path, story)


def test_every_run_has_a_message_of_its_own_in_a_volume(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        image = live.images.put_python("end:1", "import sys; open('/data/end', 'a').write(sys.argv[1])")
        ending = {"volumeMounts": [{"name": "data", "mountPath": "/data"}], "terminationMessagePath": "/data/end"}
        first = {"name": "first", "image": image, "args": ["one"], "command": ["python", "app.py"], **ending}
        spec = {"volumes": [{"name": "data", "emptyDir": {}}], "initContainers": [first]}
        live.run(image, spec=spec, command=["python", "app.py"], args=["two"], **ending)
        await live.until(lambda: live.entry()["restartCount"] == 1 and live.entry()["state"].get("waiting"))
        before = live.pod()["status"]["initContainerStatuses"][0]["state"]
        assert before["terminated"]["message"] == "one"
        assert live.entry()["lastState"]["terminated"]["message"] == "two"

    played(tmp_path, story)


def test_what_lay_in_a_claim_goes_with_it_and_not_before(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        api, folder = live.plane.api, tmp_path / "cluster" / "volumes"
        usual = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
        disk = {**usual, "capacity": {"storage": "1Gi"}, "nfs": {"server": "disks", "path": "/data"}}
        api.create({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": disk})
        metadata = {"name": "data", "namespace": "default"}
        spec = {**usual, "resources": {"requests": {"storage": "1Gi"}}, "volumeName": "disk"}
        api.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
        volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
        image = live.images.put_python("write:1", "open('/data/it', 'w').write('kept')")
        mounts = [{"name": "data", "mountPath": "/data"}]
        live.run(image, spec={"restartPolicy": "Never", "volumes": volumes}, volumeMounts=mounts)
        await live.until(lambda: live.entry()["state"].get("terminated"))
        api.delete("pods", "web", "default")
        await live.until(lambda: not list(tmp_path.glob("cluster/pods/*")))
        assert [path.read_text() for path in folder.glob("*/it")] == ["kept"]
        api.delete("persistentvolumeclaims", "data", "default")
        api.delete("persistentvolumes", "disk")
        await live.until(lambda: not list(folder.iterdir()))

    played(tmp_path, story)


@pytest.mark.parametrize("target", ["{outside}", "../outside", "{outside}/new"])
def test_a_link_out_of_a_volume_is_refused(tmp_path: Path, target: str) -> None:
    outside, volume = tmp_path / "outside", tmp_path / "volume"
    outside.mkdir(mode=0o700)
    volume.mkdir()
    (volume / "evil").symlink_to(target.format(outside=outside))
    with pytest.raises(MountError):
        part_of(volume, "/evil")
    assert outside.stat().st_mode & 0o777 == 0o700
    assert list(outside.iterdir()) == []


def test_a_part_is_made_for_everybody_and_one_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    made = part_of(volume, "/a/b")
    assert [path.stat().st_mode & 0o777 for path in (volume, made.parent, made)] == [0o777] * 3
    made.chmod(0o700)
    (volume / "link").symlink_to("a/b")
    assert part_of(volume, "/link") == made
    assert made.stat().st_mode & 0o777 == 0o700
