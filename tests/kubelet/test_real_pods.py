"""Pods of images in the lab's registry, as local processes."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path

import pytest
from builders import config_map
from real_pods import SERVER, Live, played

from gitopslab.controlplane.kubelet.process import runs, runtime
from gitopslab.controlplane.kubelet.process.namespaces import processes_are_hidden, rooms_are_given
from gitopslab.controlplane.runtime.streams import StartError
from gitopslab.machinery.objects import name_of


def test_a_program_of_the_registry_runs_and_serves_on_its_port(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.run(live.images.put_python("web:1", SERVER), env=[{"name": "COLOUR", "value": "green"}])
        await live.said("serving")
        address = live.pod()["status"]["podIP"]
        assert live.lines() == [f"serving {address} 8080"]
        assert await live.get(8080) == f"green web {address.rpartition('.')[0]}.1"

    played(tmp_path, story)


TELL = """
import json, os, pathlib, sys
print(json.dumps({
    "argv": sys.argv[1:], "cwd": os.getcwd(),
    "greeting": open("/etc/config/greeting").read(), "listed": sorted(os.listdir("/etc/config")),
    "secret": pathlib.Path("/run/keys/password").read_text(), "one": open("/app/extra.txt").read(),
    "env": {name: os.environ.get(name) for name in ("FROM_IMAGE", "FROM_MAP", "FROM_KEY", "POD", "BOTH", "HOME")},
    "exists": [os.path.exists("/etc/config/nope"), os.path.exists("/data"), pathlib.Path("/app/app.py").is_file()],
}))
pathlib.Path("/data/kept.txt").write_text("kept")
os.makedirs("/data/deep/er")
open("/new.txt", "w").write("new")
import time
time.sleep(1000)
"""


@pytest.fixture(params=[True, False], ids=["with rooms", "without rooms"])
def rooms(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the system shows programs of the machine a container's files."""
    if request.param and not rooms_are_given():
        pytest.skip("this system gives no namespaces")
    monkeypatch.setattr(runs, "rooms_are_given", lambda: request.param)
    return bool(request.param)


def test_environment_and_volumes_are_what_the_pod_says(tmp_path: Path, rooms: bool) -> None:
    async def story(live: Live) -> None:
        live.plane.api.create(config_map("settings", data={"greeting": "hello", "extra": "more"}))
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "default"}}
        live.plane.api.create({**secret, "data": {"password": base64.b64encode(b"sesame").decode()}})
        live.run(
            live.images.put_python("tell:1", TELL, Env=["FROM_IMAGE=image", "BOTH=image", "PYTHONUNBUFFERED=1"]),
            command=["python3", "/app/app.py"], args=["$(FROM_MAP)", "$$(FROM_MAP)"],
            env=[
                {"name": "FROM_MAP", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "greeting"}}},
                {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "BOTH", "value": "pod"},
            ],
            volumeMounts=[
                {"name": "config", "mountPath": "/etc/config"}, {"name": "keys", "mountPath": "/run/keys"},
                {"name": "config", "mountPath": "/app/extra.txt", "subPath": "extra"},
                {"name": "data", "mountPath": "/data"},
            ],
            spec={"volumes": [
                {"name": "config", "configMap": {"name": "settings"}},
                {"name": "keys", "secret": {"secretName": "keys"}},
                {"name": "data", "emptyDir": {}},
            ]},
        )  # fmt: skip
        told = json.loads((await live.said("argv"))[0])
        assert told == {
            "argv": ["hello", "$(FROM_MAP)"], "cwd": "/app", "greeting": "hello", "listed": ["extra", "greeting"],
            "secret": "sesame", "one": "more", "exists": [False, True, True],
            "env": {"FROM_IMAGE": "image", "FROM_MAP": "hello", "FROM_KEY": None, "POD": "web", "BOTH": "pod",
                    "HOME": "/root"},
        }  # fmt: skip
        assert await live.execute("cat", "/etc/config/greeting", "/data/kept.txt", "/new.txt") == (0, "hellokeptnew")
        assert (await live.execute("sh", "-c", "echo x > /etc/config/greeting"))[0] != 0
        assert await live.execute("ls", "/data") == (0, "deep\nkept.txt\n")
        assert await live.execute("python", "-c", "print(open('/etc/config/greeting').read())") == (0, "hello\n")
        echo = await live.execute("python3", "-c", "import sys; print(sys.stdin.read()[::-1])", stdin=b"abc")
        assert echo == (0, "cba\n")
        with pytest.raises(StartError, match='exec: "nope": executable file not found'):
            await live.execute("nope")

    played(tmp_path, story)


def test_a_program_that_ends_is_started_again_with_back_off(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.run(live.images.put_python("crash:1", "print('once')\nraise SystemExit(3)"))
        await live.until(lambda: live.entry()["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff")
        assert live.entry()["restartCount"] == 1
        ended = live.entry()["lastState"]["terminated"]
        assert (ended["exitCode"], ended["reason"]) == (3, "Error")
        assert live.lines() == ["once"]
        assert live.lines(previous=True) == ["once"]

    played(tmp_path, story)


@pytest.mark.parametrize(
    ("program", "command", "code", "reason"),
    [
        ("pass", None, 0, "Completed"),
        ("import ctypes; ctypes.string_at(0)", None, 139, "Error"),
        ("", ["nope"], 128, "StartError"),
        ("", ["/app/missing.py"], 128, "StartError"),
        ("raise SystemExit(5)", ["/bin/sh", "-c", "exec python app.py"], 5, "Error"),
        ("x = bytearray(400_000_000); import time; time.sleep(99)", None, 137, "OOMKilled"),
    ],
    ids=["well", "killed", "no command", "no file", "through a shell", "too much memory"],
)
def test_how_a_program_ends(tmp_path: Path, program: str, command: list[str] | None, code: int, reason: str) -> None:
    async def story(live: Live) -> None:
        limits = {"limits": {"memory": "200Mi"}}
        given = {"command": command} if command else {}
        live.run(live.images.put_python("end:1", program), spec={"restartPolicy": "Never"}, resources=limits, **given)
        ended = await live.until(lambda: live.entry()["state"].get("terminated"))
        assert (ended["exitCode"], ended["reason"]) == (code, reason)
        if reason == "StartError":
            assert f'exec: "{command[0]}"' in ended["message"]

    played(tmp_path, story)


def test_probes_ask_the_real_server(tmp_path: Path, rooms: bool) -> None:
    async def story(live: Live) -> None:
        image = live.images.put_python("web:1", SERVER)
        ready = {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1}
        sick = {"httpGet": {"path": "/broken", "port": 8080}, "periodSeconds": 1, "failureThreshold": 2}
        closed = {"tcpSocket": {"port": 9999}, "periodSeconds": 1}
        touched = {"exec": {"command": ["cat", "/tmp/healthy"]}, "periodSeconds": 1}
        ports = [{"name": "http", "containerPort": 8080}]
        live.run(image, "good", ports=ports, readinessProbe=ready, livenessProbe={"tcpSocket": {"port": 8080}})
        live.run(image, "sick", livenessProbe=sick)
        live.run(image, "closed", readinessProbe=closed)
        live.run(image, "touched", readinessProbe=touched)
        await live.until(lambda: live.is_ready("good"))
        await live.until(lambda: live.entry("sick")["restartCount"] == 1)
        await live.until(lambda: live.lines("sick", previous=True)[-1:] == ["bye"])
        address = live.pod("closed")["status"]["podIP"]
        for message in (
            f"Readiness probe failed: dial tcp {address}:9999: connect: connection refused",
            "Liveness probe failed: HTTP probe failed with statuscode: 500",
        ):
            await live.until(lambda message=message: message in live.events("Unhealthy"))
        await live.until(lambda: any("cat: " in said for said in live.events("Unhealthy")))
        assert not live.is_ready("closed")
        await live.execute("touch", "/tmp/healthy", name="touched")
        await live.until(lambda: live.is_ready("touched"))

    played(tmp_path, story)


STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))
print("up", flush=True)
while True:
    time.sleep(1)
"""


def test_a_pod_is_told_to_stop_and_killed_after_its_grace(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.run(live.images.put_python("web:1", SERVER), "kind")
        live.run(live.images.put_python("stubborn:1", STUBBORN), "stubborn")
        await live.said("serving", "kind")
        await live.said("up", "stubborn")
        began = time.monotonic()
        live.plane.api.delete("pods", "kind", "default", grace_seconds=30)
        await live.until(lambda: "kind" not in {name_of(pod) for pod in live.plane.api.list("pods")})
        assert time.monotonic() - began < 10
        live.plane.api.delete("pods", "stubborn", "default", grace_seconds=1)
        await live.until(lambda: not live.plane.api.list("pods"))
        assert time.monotonic() - began > 1
        await live.until(lambda: not live.runtime.running)

    played(tmp_path, story)


def test_a_container_whose_post_start_hook_fails_is_killed_and_started_again(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        image = live.images.put_python("web:1", SERVER)
        note = ["python", "-c", "open('/tmp/begun', 'w').write('yes')"]
        live.run(image, "well", lifecycle={"postStart": {"exec": {"command": note}}})
        await live.said("serving", "well")
        await live.until(lambda: live.runtime.running == 1)
        look = "import os\nwhile not os.path.exists('/tmp/begun'): pass\nprint(open('/tmp/begun').read())"
        assert await live.execute("python", "-c", look, name="well") == (0, "yes\n")
        fail = ["python", "-c", "raise SystemExit(1)"]
        live.run(image, "badly", lifecycle={"postStart": {"exec": {"command": fail}}})
        await live.until(lambda: live.entry("badly").get("restartCount", 0) > 0)
        events = live.plane.api.list("events", fields="involvedObject.name=badly")
        said = {(one["reason"], one["message"]) for one in events}
        assert {("FailedPostStartHook", "PostStartHook failed"), ("Killing", "FailedPostStartHook")} <= said
        assert live.entry("well")["restartCount"] == 0

    played(tmp_path, story)


def test_an_image_that_is_not_there_is_asked_for_again(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.run("localhost:5050/waal/late:1")
        await live.until(lambda: live.entry()["state"].get("waiting", {}).get("reason") == "ImagePullBackOff")
        said = [event["message"] for event in live.plane.api.list("events")]
        assert said.count('Pulling image "localhost:5050/waal/late:1"') == 1
        assert any(text.endswith("localhost:5050/waal/late:1: not found") for text in said)
        live.images.put_python("late:1", SERVER)
        live.clock.jump(11)
        live.plane.manager.wake()
        await live.said("serving")
        assert live.entry()["imageID"] == f"localhost:5050/waal/late@sha256:{'1' * 64}"

    played(tmp_path, story)


def test_every_other_image_is_played_as_before(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.run("nginx:1.27", "nginx")
        live.run(live.images.put("sim:1", {"/srv/x": "y"}, Labels={"gitopslab.simulated": "nginx"}), "sim")
        page = {"/usr/share/nginx/html/index.html": "our own page"}
        live.run(live.images.put("own:1", page, Labels={"gitopslab.simulated": "nginx"}), "own")
        shell = {"Labels": {"gitopslab.simulated": "busybox"}, "Env": ["WHO=you"]}
        command = ["sh", "-c", "cat /hello; echo $WHO; sleep 1000"]
        live.run(live.images.put("shell:1", {"/hello": "hello\n"}, Cmd=command, **shell), "shell")
        for name in ("nginx", "sim", "own", "shell"):
            await live.until(lambda name=name: live.is_ready(name))
        assert "Welcome to nginx" in await live.get(80, name="nginx")
        assert "Welcome to nginx" in await live.get(80, name="sim")
        assert await live.get(80, name="own") == "our own page"
        assert live.lines("shell") == ["hello", "you"]
        assert not live.runtime.running

    played(tmp_path, story)


def test_an_image_for_other_processors_fails_and_says_so(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.images.architecture = "s390x"
        live.run(live.images.put("other:1", {"/app": b"\x7fELF"}, Cmd=["/app"]))
        await live.until(lambda: live.entry()["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff")
        ended = live.entry()["lastState"]["terminated"]
        assert (ended["exitCode"], ended["reason"]) == (255, "Error")
        assert live.lines() == ["exec format error: the image is for linux/s390x"]

    played(tmp_path, story)


def test_a_binary_is_played_where_the_system_gives_no_namespaces_and_its_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "rooms_are_given", lambda: False)

    async def story(live: Live) -> None:
        live.run(live.images.put("binary:1", {"/app": b"\x7fELF"}, Cmd=["/app"]))
        await live.until(lambda: live.is_ready())
        assert live.lines()[0].startswith("gitopslab: this system cannot run the image's program")
        assert not live.runtime.running

    played(tmp_path, story)


def test_a_shell_runs_where_it_sees_the_containers_files_and_nowhere_else(tmp_path: Path, rooms: bool) -> None:
    async def story(live: Live) -> None:
        script = "rm -rf /data/*; echo made > /data/made; cd /; ls -d app data; python /app/app.py; exit 4"
        live.run(
            live.images.put_python("shell:1", "print(open('/data/made').read())"),
            command=["sh", "-c", script],
            volumeMounts=[{"name": "data", "mountPath": "/data"}],
            spec={"volumes": [{"name": "data", "emptyDir": {}}], "restartPolicy": "Never"},
        )
        ended = await live.until(lambda: live.entry()["state"].get("terminated"))
        if rooms:
            assert (ended["exitCode"], live.lines()) == (4, ["app", "data", "made", ""])
        else:
            assert ended["reason"] == "StartError"
            assert "write the command as a JSON array" in ended["message"]

    played(tmp_path, story)


def test_a_pod_is_ready_as_soon_as_its_program_listens(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        seldom = {"httpGet": {"port": 8080}, "periodSeconds": 1000}
        live.run(live.images.put_python("web:1", SERVER), readinessProbe=seldom)
        await live.until(live.is_ready)
        assert live.events("Unhealthy") == []

    played(tmp_path, story)


LOOK = """
import os, sys
seen = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
def reaches(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
print(os.getpid() in seen, len(seen), reaches(int(sys.argv[1])), flush=True)
"""


@pytest.mark.skipif(not processes_are_hidden(), reason="this system hides no processes")
def test_a_container_sees_and_reaches_its_own_processes_alone(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        ours = str(os.getpid())
        keep = "import signal\nsignal.pause()"
        image = live.images.put_python("look:1", f"{LOOK}{keep}")
        live.run(image, command=["python", "app.py", ours])
        await live.said("True 1 False")
        assert await live.execute("python", "-c", LOOK, ours) == (0, "True 2 False\n")  # beside the first
        code, said = await live.execute("sh", "-c", f"kill -0 {ours} 2>/dev/null || echo none; kill -0 1 && echo first")
        assert (code, said) == (0, "none\nfirst\n")
        began = time.monotonic()
        live.plane.api.delete("pods", "web", "default", grace_seconds=30)
        await live.until(lambda: not live.runtime.running)
        assert time.monotonic() - began < 10  # though the kernel keeps the signal from it, as from every first process

    played(tmp_path, story)


def test_devices_are_the_rooms_own(tmp_path: Path) -> None:
    if not rooms_are_given():
        pytest.skip("this system gives no namespaces")
    mark = Path(f"/dev/{tmp_path.parent.name}-{tmp_path.name}")

    async def story(live: Live) -> None:
        script = f"touch {mark}; echo x > /dev/null; head -c 3 /dev/zero | wc -c; ls /dev"
        live.run(live.images.put_python("devices:1", ""), command=["sh", "-c", script], spec={"restartPolicy": "Never"})
        ended = await live.until(lambda: live.entry()["state"].get("terminated"))
        assert ended["exitCode"] == 0
        count, *names = live.lines()
        assert count.strip() == "3"
        assert {"null", "urandom", "fd", mark.name} <= set(names)

    played(tmp_path, story)
    assert not mark.exists()
