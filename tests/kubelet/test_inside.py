"""Visitors in simulated containers: exec, attach, files, consoles and ports, as the kubelet's seam shows them."""

from __future__ import annotations

import asyncio
import io
import tarfile
from collections.abc import Awaitable, Callable

import pytest
from exchange import play
from kubelet_nodes import Nodes

from gitopslab.controlplane.runtime.streams import Connection, Descriptor, Place, Process, RefusedError, StartError

WEB = Place("default", "web", "c")


def tell(story: Callable[[], Awaitable[None]]) -> None:
    """Play a story; a second in which nothing happens is over at once."""

    async def told() -> None:
        async with asyncio.timeout(60):
            await story()

    play(told)


async def output_of(process: Process) -> tuple[str, str, int]:
    """All it writes to stdout and stderr, and its exit code."""
    found = {Descriptor.STDOUT: b"", Descriptor.STDERR: b""}
    while (piece := await process.read()) is not None:
        found[piece.source] += piece.data
    return found[Descriptor.STDOUT].decode(), found[Descriptor.STDERR].decode(), await process.wait()


async def ran(nodes: Nodes, *command: str, stdin: bytes | None = None, place: Place = WEB) -> tuple[str, str, int]:
    process = await nodes.kubelets.exec.start(place, command, stdin=stdin is not None, tty=False)
    if stdin is not None:
        await process.write(stdin)
        process.end_input()
    return await output_of(process)


async def until(process: Process, wanted: str) -> str:
    """What it writes until a text has come."""
    text = ""
    while wanted not in text:
        piece = await process.read()
        assert piece is not None, text
        text += piece.data.decode()
    return text


@pytest.fixture
def web(nodes: Nodes) -> Nodes:
    """A pod ``web`` of nginx that runs."""
    nodes.run_container(env=[{"name": "WHO", "value": "world"}])
    nodes.advance(2)
    return nodes


@pytest.mark.parametrize(
    ("command", "stdin", "out", "err", "code"),
    [
        pytest.param(["echo", "-n", "hi"], None, "hi", "", 0, id="echo"),
        pytest.param(["printenv", "WHO", "HOSTNAME"], None, "world\nweb\n", "", 0, id="environment"),
        pytest.param(["sh", "-c", "echo a & wait"], None, "", "sh: the small shell", 2, id="not understood"),
        pytest.param(["test", "-Q", "x"], None, "", "sh: the small shell", 2, id="test that is not understood"),
        pytest.param(["sh", "-c", "nope; echo $?"], None, "127\n", "sh: 1: nope: not found\n", 0, id="not found"),
        pytest.param(["/bin/sh", "-c", "nope"], None, "", "/bin/sh: 1: nope: not found\n", 127, id="as it was called"),
        pytest.param(["bash", "-c", "nope"], None, "", "bash: line 1: nope: command not found\n", 127, id="in bash"),
        pytest.param(["sh", "-c", "exit 3"], None, "", "", 3, id="exit code"),
        pytest.param(["cat"], b"one\ntwo", "one\ntwo", "", 0, id="cat of stdin"),
        pytest.param(["cat"], None, "", "", 0, id="no stdin is an empty one"),
        pytest.param(["sh"], b"X=1\necho $X\nexit 4\n", "1\n", "", 4, id="script on stdin"),
        pytest.param(
            ["sh"], b"for i in a b\ndo echo $i\ndone\n", "a\nb\n", "", 0, id="loop over several lines of stdin"
        ),
        pytest.param(["ls", "/nope"], None, "", "ls: /nope: No such file or directory\n", 1, id="stderr"),
        pytest.param(["sh", "-c", "ls /nope 2>/dev/null || echo none"], None, "none\n", "", 0, id="no errors, please"),
        pytest.param(["sh", "-c", "ls /nope 2>&1"], None, "ls: /nope: No such file or directory\n", "", 1, id="joined"),
        pytest.param(["sh", "-c", "echo a; echo b >&2"], None, "a\n", "b\n", 0, id="to stderr"),
        pytest.param(["sh", "-c", "echo a > /tmp/f; echo b >> /tmp/f; cat /tmp/f"], None, "a\nb\n", "", 0, id="append"),
        pytest.param(["sh", "-c", "cd /usr/share; pwd; ls"], None, "/usr/share\nnginx\n", "", 0, id="directories"),
        pytest.param(["test", "-d", "/tmp"], None, "", "", 0, id="test of a directory"),
        pytest.param(["cat", "/etc/hostname"], None, "web\n", "", 0, id="what the kubelet writes"),
    ],
)
def test_command(web: Nodes, command: list[str], stdin: bytes | None, out: str, err: str, code: int) -> None:
    async def story() -> None:
        found = await ran(web, *command, stdin=stdin)
        assert (found[0], found[2]) == (out, code)
        assert found[1].startswith(err) if err else not found[1]

    tell(story)


@pytest.mark.parametrize(
    ("image", "name", "why"),
    [
        pytest.param("nginx:1.27", "nope", "executable file not found in $PATH", id="no such executable"),
        pytest.param("nginx:1.27", "/bin/nope", "stat /bin/nope: no such file or directory", id="no such path"),
        pytest.param("nginx:1.27", "cd", "executable file not found in $PATH", id="only shells can"),
        pytest.param("nginx:1.27", "nslookup", "executable file not found in $PATH", id="no nslookup in Debian"),
        pytest.param("nginx:1.27-alpine", "bash", "executable file not found in $PATH", id="no bash in alpine"),
        pytest.param("traefik/whoami", "sh", "executable file not found in $PATH", id="no shell at all"),
    ],
)
def test_missing_executable_is_worded_by_containerd(nodes: Nodes, image: str, name: str, why: str) -> None:
    nodes.run_container(image=image)
    nodes.advance(2)

    async def story() -> None:
        with pytest.raises(StartError) as caught:
            await ran(nodes, name)
        assert str(caught.value).startswith('failed to exec in container: failed to start exec "')
        told = f'unable to start container process: exec: "{name}": {why}: unknown'
        assert str(caught.value).endswith(f"OCI runtime exec failed: exec failed: {told}")

    tell(story)


@pytest.mark.parametrize(
    ("place", "code", "text"),
    [
        pytest.param(Place("default", "web", "x"), 500, 'container not found ("x")', id="no such container"),
        pytest.param(Place("default", "nope", "c"), 404, "pod does not exist", id="no such pod"),
    ],
)
def test_refusal_is_worded_by_the_kubelet(web: Nodes, place: Place, code: int, text: str) -> None:
    async def story() -> None:
        with pytest.raises(RefusedError, match=text.replace("(", r"\(").replace(")", r"\)")) as caught:
            await ran(web, "ls", place=place)
        assert caught.value.code == code

    tell(story)


def test_container_that_has_ended_is_not_found(nodes: Nodes) -> None:
    nodes.run_container(image="busybox", command=["true"], spec={"restartPolicy": "Never"})
    nodes.advance(5)

    async def story() -> None:
        with pytest.raises(RefusedError, match="container not found"):
            await ran(nodes, "ls")
        with pytest.raises(RefusedError, match="container c not found in pod web_default"):
            await nodes.kubelets.exec.attach(WEB, stdin=False)
        with pytest.raises(RefusedError, match="failed to find sandboxID for pod"):
            await nodes.kubelets.ports.connect("default", "web", 80)

    tell(story)


def test_stopped_kubelet_does_not_answer(web: Nodes) -> None:
    web.kubelets.stop_node("one")

    async def story() -> None:
        with pytest.raises(
            RefusedError, match=r"error dialing backend: dial tcp .*:10250: connect: connection refused"
        ):
            await ran(web, "ls")

    tell(story)


def test_files_stay_until_the_container_is_restarted(nodes: Nodes) -> None:
    nodes.run_container(
        image="busybox",
        command=["sh", "-c", "sleep 30; exit 1"],
        volumeMounts=[{"name": "kept", "mountPath": "/kept"}],
        spec={"volumes": [{"name": "kept", "emptyDir": {}}]},
    )
    nodes.advance(2)

    async def story() -> None:
        await ran(nodes, "sh", "-c", "echo 1 > /tmp/f; echo 2 > /kept/f")
        assert (await ran(nodes, "cat", "/tmp/f", "/kept/f"))[0] == "1\n2\n"
        nodes.advance(31)
        assert nodes.container()["restartCount"] == 1
        assert (await ran(nodes, "sh", "-c", "cat /tmp/f; cat /kept/f"))[0] == "2\n"

    tell(story)


def test_config_map_is_mounted_fresh_and_read_only(nodes: Nodes) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app", "namespace": "default"}}
    nodes.api.create({**config, "data": {"key": "old"}})
    nodes.run_container(
        volumeMounts=[{"name": "conf", "mountPath": "/etc/app"}],
        spec={"volumes": [{"name": "conf", "configMap": {"name": "app"}}]},
    )
    nodes.advance(2)

    async def story() -> None:
        assert (await ran(nodes, "cat", "/etc/app/key"))[0] == "old"
        nodes.api.patch("configmaps", "app", {"data": {"key": "new"}}, "default")
        nodes.advance(2)
        assert (await ran(nodes, "cat", "/etc/app/key"))[0] == "new"
        found = await ran(nodes, "sh", "-c", "echo x > /etc/app/key")
        assert found == ("", "sh: can't create /etc/app/key: Read-only file system\n", 1)

    tell(story)


def test_program_made_files_can_be_read(nodes: Nodes) -> None:
    nodes.run_container(image="busybox", command=["sh", "-c", "echo hello > /tmp/msg; sleep 1000"])
    nodes.advance(2)
    tell(lambda: check_output(nodes, "cat", "/tmp/msg", wanted="hello\n"))


def test_files_that_a_program_writes_into_a_volume_can_be_read(nodes: Nodes) -> None:
    nodes.run_container(
        image="busybox",
        command=["sh", "-c", "while true; do echo $(date +%T) >> /data/log; sleep 60; done"],
        volumeMounts=[{"name": "data", "mountPath": "/data"}],
        spec={"volumes": [{"name": "data", "emptyDir": {}}]},
    )
    nodes.advance(2)
    tell(lambda: check_output(nodes, "cat", "/data/log", wanted="00:00:00\n"))
    nodes.advance(60)
    tell(lambda: check_output(nodes, "cat", "/data/log", wanted="00:00:00\n00:01:00\n"))


async def check_output(nodes: Nodes, *command: str, wanted: str) -> None:
    assert (await ran(nodes, *command))[0] == wanted


def test_removing_a_file_fails_the_liveness_probe(nodes: Nodes) -> None:
    probe = {"exec": {"command": ["cat", "/tmp/healthy"]}, "periodSeconds": 5, "failureThreshold": 1}
    nodes.run_container(image="busybox", command=["sh", "-c", "touch /tmp/healthy; sleep 10000"], livenessProbe=probe)
    nodes.advance(60)
    assert nodes.container()["restartCount"] == 0

    async def story() -> None:
        await ran(nodes, "rm", "/tmp/healthy")
        await asyncio.sleep(0)

    tell(story)
    nodes.advance(7)
    assert nodes.container()["restartCount"] == 1


def test_making_a_file_makes_the_container_ready(nodes: Nodes) -> None:
    probe = {"exec": {"command": ["test", "-f", "/tmp/ready"]}, "periodSeconds": 2}
    nodes.run_container(image="busybox", command=["sleep", "10000"], readinessProbe=probe)
    nodes.advance(10)
    assert not nodes.container()["ready"]
    tell(lambda: check_output(nodes, "touch", "/tmp/ready", wanted=""))
    nodes.advance(3)
    assert nodes.container()["ready"]


def archive(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        for name, contents in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(contents)
            made.addfile(entry, io.BytesIO(contents))
    return packed.getvalue()


def test_tar_takes_files_in_and_gives_them_out_byte_for_byte(web: Nodes) -> None:
    contents = bytes(range(256)) * 1000

    async def story() -> None:
        assert await ran(web, "tar", "-xmf", "-", "-C", "/tmp", stdin=archive(blob=contents)) == ("", "", 0)
        process = await web.kubelets.exec.start(WEB, ["tar", "cf", "-", "/tmp/blob"], stdin=False, tty=False)
        packed = b""
        while (piece := await process.read()) is not None:
            packed += piece.data
        with tarfile.open(fileobj=io.BytesIO(packed)) as found:
            member = found.extractfile("tmp/blob")
            assert member is not None
            assert member.read() == contents

    tell(story)


def test_tar_misses_a_file_before_the_archive_ends(web: Nodes) -> None:
    async def story() -> None:
        process = await web.kubelets.exec.start(WEB, ["tar", "cf", "-", "/nope"], stdin=False, tty=False)
        first = await process.read()
        assert first is not None
        assert first.data == b"tar: /nope: No such file or directory\n"  # kubectl cp may look no further

    tell(story)


@pytest.mark.parametrize(
    ("words", "stdin", "err", "code"),
    [
        pytest.param(["xf", "-", "-C", "/nope"], b"", "tar: can't change directory to '/nope'", 1, id="no directory"),
        pytest.param(["cf", "-", "/nope"], None, "tar: /nope: No such file or directory", 1, id="no file"),
        pytest.param(["xf", "-"], b"x" * 2000, "tar: short read", 1, id="no archive"),
        pytest.param(["tf", "-"], None, "tar: must specify exactly one of", 2, id="neither in nor out"),
    ],
)
def test_tar_complains(web: Nodes, words: list[str], stdin: bytes | None, err: str, code: int) -> None:
    async def story() -> None:
        found = await ran(web, "tar", *words, stdin=stdin)
        assert found[1].startswith(err)
        assert found[2] == code

    tell(story)


def test_archive_cannot_leave_its_directory(web: Nodes) -> None:
    async def story() -> None:
        await ran(web, "tar", "-xmf", "-", "-C", "/tmp", stdin=archive(**{"../../etc/passwd": b"x"}))
        assert (await ran(web, "ls", "/tmp/etc"))[0] == "passwd\n"
        assert (await ran(web, "ls", "/etc/passwd"))[2] == 1

    tell(story)


# Time, terminals and consoles.


def test_sleep_takes_its_time_on_the_clock(web: Nodes) -> None:
    async def story() -> None:
        process = await web.kubelets.exec.start(WEB, ["sh", "-c", "echo a; sleep 60; echo b"], stdin=False, tty=False)
        assert await until(process, "a")
        waiting = asyncio.create_task(process.read())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        web.clock.jump(60)
        piece = await waiting
        assert piece is not None
        assert piece.data == b"b\n"

    tell(story)


async def on_terminal(nodes: Nodes, *command: str) -> Process:
    return await nodes.kubelets.exec.start(WEB, command, stdin=True, tty=True)


def test_shell_on_a_terminal_prompts_and_echoes(web: Nodes) -> None:
    async def story() -> None:
        process = await on_terminal(web, "sh")
        assert await until(process, "# ") == "# "
        await process.write(b"echo hi\r")
        assert await until(process, "hi\r\n# ") == "echo hi\r\nhi\r\n# "
        await process.write(b"exit 5\r")
        assert await output_of(process) == ("exit 5\r\n", "", 5)

    tell(story)


def test_interrupt_ends_a_command_and_leaves_the_shell(web: Nodes) -> None:
    async def story() -> None:
        process = await on_terminal(web, "sh")
        await process.write(b"sleep 1000\r")
        await until(process, "sleep 1000\r\n")
        await process.write(b"\x03")
        await until(process, "^C\r\n")
        await process.write(b"echo $?\r")
        await until(process, "130\r\n")
        await process.write(b"\x04")
        assert (await output_of(process))[2] == 0

    tell(story)


def test_interrupt_ends_a_command_without_a_shell(web: Nodes) -> None:
    async def story() -> None:
        process = await on_terminal(web, "sleep", "1000")
        await process.write(b"\x03")
        assert (await output_of(process))[2] == 130

    tell(story)


def test_input_that_nobody_reads_makes_its_writer_wait(web: Nodes) -> None:
    async def story() -> None:
        process = await web.kubelets.exec.start(WEB, ["sleep", "1000"], stdin=True, tty=False)
        await process.write(b"x" * 300_000)
        writing = asyncio.create_task(process.write(b"more"))
        await asyncio.sleep(0.01)
        assert not writing.done()
        await process.close()
        await writing
        assert await process.wait() == 137

    tell(story)


def test_processes_end_with_their_container(web: Nodes) -> None:
    async def story() -> None:
        process = await web.kubelets.exec.start(WEB, ["sleep", "1000"], stdin=False, tty=False)
        listener = await web.kubelets.exec.attach(WEB, stdin=False)
        web.api.delete("pods", "web", "default")
        web.advance(40)
        assert (await output_of(process))[2] == 137
        assert (await output_of(listener))[2] == 137

    tell(story)


def interactive(nodes: Nodes, **container: object) -> None:
    nodes.run_container(image="busybox", stdin=True, **container, spec={"restartPolicy": "Never"})
    nodes.advance(2)


def test_program_that_reads_runs_until_its_console_ends_it(nodes: Nodes) -> None:
    interactive(nodes, tty=True, stdinOnce=True)
    nodes.advance(100)
    assert nodes.pod()["status"]["phase"] == "Running"

    async def story() -> None:
        console = await nodes.kubelets.exec.attach(WEB, stdin=True)
        await until(console, "/ # ")
        await console.write(b"echo hi; exit 3\r")
        assert (await output_of(console))[2] == 3

    tell(story)
    nodes.advance(1)
    assert nodes.container()["state"]["terminated"]["exitCode"] == 3
    assert nodes.pod()["status"]["phase"] == "Failed"
    assert nodes.lines() == ["/ # echo hi; exit 3", "hi"]


def test_program_reads_what_is_piped_into_it(nodes: Nodes) -> None:
    interactive(nodes, command=["cat"], stdinOnce=True)

    async def story() -> None:
        console = await nodes.kubelets.exec.attach(WEB, stdin=True)
        await console.write(b"piped\n")
        console.end_input()
        assert await output_of(console) == ("piped\n", "", 0)

    tell(story)
    nodes.advance(1)
    assert nodes.pod()["status"]["phase"] == "Succeeded"


def test_console_can_be_left_and_joined_again(nodes: Nodes) -> None:
    interactive(nodes, tty=True)

    async def story() -> None:
        first = await nodes.kubelets.exec.attach(WEB, stdin=True)
        await first.write(b"X=1\r")
        await until(first, "X=1\r\n/ # ")
        await first.close()
        second = await nodes.kubelets.exec.attach(WEB, stdin=True)
        await second.write(b"echo $X\r")
        assert "1\r\n" in await until(second, "1\r\n")
        await second.close()

    tell(story)
    assert nodes.pod()["status"]["phase"] == "Running"


def test_listener_hears_only_what_is_written_from_now_on(nodes: Nodes) -> None:
    script = "i=0; while true; do echo $i; i=$((i+1)); sleep 1; done"
    nodes.run_container(image="busybox", command=["sh", "-c", script])
    nodes.advance(5)

    async def story() -> None:
        seen = len(nodes.lines() or ())
        listener = await nodes.kubelets.exec.attach(WEB, stdin=False)
        await asyncio.sleep(0.01)
        nodes.clock.jump(1)
        piece = await listener.read()
        assert piece is not None
        assert piece.data == f"{seen}\n".encode()
        await listener.close()

    tell(story)


# Ports.


async def asked(connection: Connection, request: bytes) -> bytes:
    await connection.write(request)
    return await connection.read()


def test_web_server_answers_and_logs(web: Nodes) -> None:
    async def story() -> None:
        connection = await web.kubelets.ports.connect("default", "web", 80)
        answer = await asked(connection, b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: curl/8\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"This is pod web" in answer
        missing = await asked(connection, b"GET /missing.html HTTP/1.1\r\nHost: x\r\n\r\n")
        assert missing.startswith(b"HTTP/1.1 404")
        connection.end_input()
        assert await connection.read() == b""

    tell(story)
    lines = web.lines() or []
    assert '"GET / HTTP/1.1" 200' in lines[-2]
    assert '"curl/8"' in lines[-2]
    assert '"GET /missing.html HTTP/1.1" 404' in lines[-1]


def test_web_server_serves_the_containers_files(web: Nodes) -> None:
    async def story() -> None:
        await ran(web, "sh", "-c", "echo mine > /usr/share/nginx/html/index.html")
        connection = await web.kubelets.ports.connect("default", "web", 80)
        assert (await asked(connection, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")).endswith(b"\r\n\r\nmine\n")
        await connection.close()

    tell(story)


@pytest.mark.parametrize(
    ("request_bytes", "start"),
    [
        pytest.param(b"nonsense\r\n\r\n", b"HTTP/1.1 400", id="nonsense"),
        pytest.param(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200", id="head"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", b"HTTP/1.1 200", id="a body"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.1 200", id="an old client"),
    ],
)
def test_web_server_takes_any_request(web: Nodes, request_bytes: bytes, start: bytes) -> None:
    async def story() -> None:
        connection = await web.kubelets.ports.connect("default", "web", 80)
        assert (await asked(connection, request_bytes)).startswith(start)
        connection.end_input()
        assert await connection.read() == b""

    tell(story)


def test_database_hangs_up_on_strangers(nodes: Nodes) -> None:
    nodes.run_container(image="redis:7")
    nodes.advance(2)

    async def story() -> None:
        connection = await nodes.kubelets.ports.connect("default", "web", 6379)
        assert await asked(connection, b"PING\r\n") == b""

    tell(story)


@pytest.mark.parametrize(
    ("image", "command", "port"),
    [
        pytest.param("nginx:1.27", None, 81, id="another port"),
        pytest.param("busybox", ["sleep", "1000"], 80, id="a script"),
        pytest.param("registry.k8s.io/pause:3.10", None, 80, id="pause"),
    ],
)
def test_refused_port_is_worded_by_containerd(nodes: Nodes, image: str, command: list[str] | None, port: int) -> None:
    nodes.run_container(image=image, **({"command": command} if command else {}))
    nodes.advance(2)

    async def story() -> None:
        with pytest.raises(StartError) as caught:
            await nodes.kubelets.ports.connect("default", "web", port)
        text = str(caught.value)
        assert text.startswith(f"error forwarding port {port} to pod ")
        assert f"IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused" in text

    tell(story)


# Ephemeral containers.


def test_ephemeral_container_runs_once_and_counts_for_nothing(web: Nodes) -> None:
    pod = web.pod()
    guest = {"name": "debug", "image": "busybox", "command": ["sh", "-c", "echo look; exit 3"]}
    pod["spec"]["ephemeralContainers"] = [guest]
    web.api.update(pod, "ephemeralcontainers")
    web.advance(30)
    status = web.pod()["status"]
    (entry,) = status["ephemeralContainerStatuses"]
    assert entry["state"]["terminated"]["exitCode"] == 3
    assert (entry["restartCount"], entry["ready"]) == (0, False)
    assert status["phase"] == "Running"
    assert web.container()["ready"]
    assert web.lines(container="debug") == ["look"]
