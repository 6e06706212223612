"""Binaries of an image, in namespaces of their own where the system gives them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from builders import config_map
from real_pods import Live, played

from gitopslab.controlplane.kubelet.process.namespaces import rooms_are_given

BUSYBOX = Path(shutil.which("busybox") or "/bin/busybox")

pytestmark = [
    pytest.mark.skipif(not rooms_are_given(), reason="this system gives no namespaces"),
    pytest.mark.skipif(not BUSYBOX.is_file(), reason="there is no busybox here to make an image of"),
]


def test_a_static_binary_runs_in_its_own_root_and_network(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.plane.api.create(config_map("pages", data={"index.html": "hello from a binary"}))
        command = ["/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/www"]
        image = live.images.put("httpd:1", {"/bin/busybox": BUSYBOX.read_bytes()}, Cmd=command, User="1234")
        mounts = [{"name": "pages", "mountPath": "/www"}, {"name": "scratch", "mountPath": "/scratch"}]
        volumes = [{"name": "pages", "configMap": {"name": "pages"}}, {"name": "scratch", "emptyDir": {}}]
        ready = {"httpGet": {"port": 80}, "periodSeconds": 1}
        for name in ("one", "two"):
            live.run(image, name, volumeMounts=mounts, spec={"volumes": volumes}, readinessProbe=ready)
        for name in ("one", "two"):
            await live.until(lambda name=name: live.is_ready(name))
            assert await live.get(80, name=name) == "hello from a binary"
        assert await live.execute("/bin/busybox", "ls", "/", name="one") == (
            0, "bin\ndev\netc\nproc\nroot\nscratch\ntmp\nvar\nwww\n"
        )  # fmt: skip
        assert await live.execute("/bin/busybox", "hostname", name="two") == (0, "two\n")
        assert await live.execute("/bin/busybox", "id", "-u", name="one") == (0, "1234\n")
        address = live.pod("one")["status"]["podIP"]
        page = await live.execute("/bin/busybox", "wget", "-qO-", f"http://{address}", name="one")
        assert page == (0, "hello from a binary")
        assert (await live.execute("/bin/busybox", "touch", "/scratch/x", "/tmp/y", name="one"))[0] == 0
        refused = await live.execute("/bin/busybox", "touch", "/www/index.html", name="one")
        assert refused[0] != 0

    before = os.umask(0o077)  # as the cluster's process has it
    try:
        played(tmp_path, story)
    finally:
        os.umask(before)


def test_a_mount_inside_of_a_volume_leads_not_out_of_the_room(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()

    async def story(live: Live) -> None:
        image = live.images.put("busybox:1", {"/bin/busybox": BUSYBOX.read_bytes()})
        link = ["/bin/busybox", "ln", "-s", str(outside), "/data/evil"]
        data = {"name": "data", "mountPath": "/data"}
        first = {"name": "first", "image": image, "command": link, "volumeMounts": [data]}
        volumes = [{"name": name, "emptyDir": {}} for name in ("data", "more")]
        spec = {"restartPolicy": "Never", "volumes": volumes, "initContainers": [first]}
        mounts = [data, {"name": "more", "mountPath": "/data/evil/deep"}]
        live.run(image, spec=spec, command=["/bin/busybox", "true"], volumeMounts=mounts)
        end = await live.until(lambda: live.entry()["state"].get("terminated"))
        assert (end["exitCode"], end["reason"]) == (128, "StartError")

    played(tmp_path, story)
    assert list(outside.iterdir()) == []
