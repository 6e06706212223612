"""exec, attach, cp, logs and port-forward on a running cluster, with kubectl and the official Python client."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.stream import portforward, stream

from gitopslab.clusters import Options
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.machinery.kubectl import executable

pytestmark = pytest.mark.process

PODS = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default}
spec:
  containers: [{name: web, image: "nginx:1.27"}]
---
apiVersion: v1
kind: Pod
metadata: {name: ticker, namespace: default}
spec:
  containers: [{name: ticker, image: busybox, command: [sh, -c, 'while true; do echo tick; sleep 0.2; done']}]
---
apiVersion: v1
kind: Pod
metadata: {name: two, namespace: default}
spec:
  containers: [{name: a, image: nginx}, {name: b, image: busybox, command: [sleep, infinity]}]
---
apiVersion: v1
kind: Pod
metadata: {name: done, namespace: default}
spec:
  restartPolicy: Never
  containers: [{name: c, image: busybox, command: ["true"]}]
"""


class Lab:
    """kubectl on the cluster of these tests."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self._environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        self._program = [str(executable(self._environment))]

    def __call__(self, *words: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        given: dict[str, Any] = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        return subprocess.run(
            [*self._program, *words], env=self._environment, capture_output=True, timeout=60, check=False, **given
        )

    @contextlib.contextmanager
    def begin(self, *words: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
        """A kubectl that goes on beside the test."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL} | options
        with subprocess.Popen([*self._program, *words], env=self._environment, **options) as process:
            watchdog = threading.Timer(60, process.kill)
            watchdog.start()
            try:
                yield process
            finally:
                watchdog.cancel()
                process.kill()


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One cluster for all, with a few pods that run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITOPSLAB_HOME", str(tmp_path_factory.mktemp("streams")))
        cluster = EmbeddedCluster("streams")
        cluster.up(options=Options(bare=True))
        lab = Lab(cluster.kubeconfig)
        lab("apply", "-f", "-", stdin=PODS.encode())
        waited = lab("wait", "--for=condition=Ready", "pod/web", "pod/two", "pod/ticker", "--timeout=30s")
        assert waited.returncode == 0, waited.stderr
        lab("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/done", "--timeout=30s")
        yield lab
        cluster.down(delete=True)


@pytest.fixture(scope="module")
def api(kubectl: Lab) -> client.CoreV1Api:
    """The official client."""
    return client.CoreV1Api(config.new_client_from_config(config_file=str(kubectl.kubeconfig)))


def first_line(process: subprocess.Popen[bytes], wanted: bytes) -> bytes:
    assert process.stdout is not None
    for line in process.stdout:
        if wanted in line:
            return line
    raise AssertionError(f"never said {wanted!r}")


def get(port: int, path: str = "/") -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


# kubectl.


def test_exec_shows_output_and_ends_with_the_exit_code(kubectl: Lab) -> None:
    found = kubectl("exec", "web", "--", "sh", "-c", "echo out; ls /nope; exit 3")
    assert (found.stdout, found.returncode) == (b"out\n", 3)
    assert found.stderr == b"ls: /nope: No such file or directory\ncommand terminated with exit code 3\n"


def test_exec_takes_a_command_of_any_length(kubectl: Lab) -> None:
    words = "a" * 60_000  # in a request line, as kubectl and the real server have it
    assert kubectl("exec", "web", "--", "echo", words).stdout == f"{words}\n".encode()


def test_exec_carries_stdin(kubectl: Lab) -> None:
    sent = os.urandom(200_000)
    assert kubectl("exec", "-i", "web", "--", "cat", stdin=sent).stdout == sent


def test_exec_in_the_container_that_is_named(kubectl: Lab) -> None:
    assert kubectl("exec", "two", "-c", "b", "--", "bash").returncode == 1
    assert kubectl("exec", "two", "-c", "a", "--", "bash", "-c", "echo a").stdout == b"a\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param(
            ["web", "--", "nope"],
            r"error: Internal error occurred: Internal error occurred: error executing command in container: failed to "
            r'exec in container: failed to start exec "\w+": OCI runtime exec failed: exec failed: unable to start '
            r'container process: exec: "nope": executable file not found in \$PATH: unknown',
            id="no such executable",
        ),
        pytest.param(["nope", "--", "ls"], r'Error from server \(NotFound\): pods "nope" not found', id="no such pod"),
        pytest.param(
            ["done", "--", "ls"],
            r"error: cannot exec into a container in a completed pod; current phase is Succeeded",
            id="completed",
        ),
    ],
)
def test_exec_fails_in_the_words_of_a_real_cluster(kubectl: Lab, words: list[str], text: str) -> None:
    found = kubectl("exec", *words)
    assert found.returncode == 1
    assert re.fullmatch(text + "\n", found.stderr.decode())


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_exec_on_a_terminal_is_a_conversation(kubectl: Lab) -> None:
    ours, theirs = os.openpty()
    terminal = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with kubectl.begin("exec", "-it", "web", "--", "bash", **terminal) as process:
        os.close(theirs)
        said = b""

        def until(wanted: bytes) -> None:
            nonlocal said
            while wanted not in said:
                said += os.read(ours, 4096)
            said = said.partition(wanted)[2]

        until(b"root@web:/# ")
        os.write(ours, b"cd /tmp; pwd\r")
        until(b"\r\n/tmp\r\n")
        os.write(ours, b"exit 7\r")
        assert process.wait(30) == 7
    os.close(ours)


def test_cp_takes_files_and_folders_both_ways(kubectl: Lab, tmp_path: Path) -> None:
    blob = os.urandom(500_000)
    (tmp_path / "there" / "below").mkdir(parents=True)
    (tmp_path / "there" / "blob").write_bytes(blob)
    (tmp_path / "there" / "below" / "text").write_text("hello")
    assert kubectl("cp", str(tmp_path / "there"), "web:/tmp/there").returncode == 0
    assert kubectl("exec", "web", "--", "cat", "/tmp/there/below/text").stdout == b"hello"
    assert kubectl("cp", "web:/tmp/there", str(tmp_path / "back")).returncode == 0
    assert (tmp_path / "back" / "blob").read_bytes() == blob
    assert (tmp_path / "back" / "below" / "text").read_text() == "hello"
    assert kubectl("cp", "web:/tmp/there/blob", str(tmp_path / "one")).returncode == 0
    assert (tmp_path / "one").read_bytes() == blob


def test_cp_to_a_folder_that_is_not_there_fails(kubectl: Lab, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    found = kubectl("cp", str(tmp_path / "file"), "web:/nope/file")
    assert (found.returncode, b"/nope" in found.stderr) == (1, True)


def test_port_forward_serves_many_connections_and_tells_what_nobody_hears(kubectl: Lab) -> None:
    with kubectl.begin("port-forward", "pod/web", ":80", ":81") as process:
        ports = [int(first_line(process, f"-> {port}".encode()).split()[2].rpartition(b":")[2]) for port in (80, 81)]
        answers: list[bytes] = []
        threads = [threading.Thread(target=lambda: answers.append(get(ports[0]))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [b"This is pod web" in answer for answer in answers] == [True] * 8
        with contextlib.suppress(OSError):
            get(ports[1])
        assert b"connect: connection refused" in first_line(process, b"error forwarding port 81")


def test_port_forward_to_a_completed_pod_is_refused(kubectl: Lab) -> None:
    found = kubectl("port-forward", "pod/done", ":80")
    assert (found.returncode, b"pod is not running. Current status=Succeeded" in found.stderr) == (1, True)


def test_attach_hears_a_program(kubectl: Lab) -> None:
    with kubectl.begin("attach", "ticker") as process:
        assert first_line(process, b"tick") == b"tick\n"


def test_logs_are_followed_until_the_container_ends(kubectl: Lab) -> None:
    kubectl("run", "short", "--image=busybox", "--restart=Never", "--", "sh", "-c", "echo a; sleep 1; echo b")
    kubectl("wait", "--for=condition=Ready", "pod/short", "--timeout=20s")
    assert kubectl("logs", "-f", "short").stdout == b"a\nb\n"


def test_run_with_stdin_is_a_session_that_cleans_up(kubectl: Lab) -> None:
    words = ("run", "-i", "--rm", "session", "--image=busybox", "--restart=Never", "--", "sh")
    found = kubectl(*words, stdin=b"echo $((40+2)); exit 4\n")
    assert (found.returncode, found.stdout.splitlines()[0]) == (4, b"42")
    assert kubectl("get", "pod", "session").returncode == 1


def test_debug_adds_a_container_that_can_be_talked_to(kubectl: Lab) -> None:
    found = kubectl("debug", "-i", "web", "--image=busybox", "-c", "guest", stdin=b"hostname; exit\n")
    assert b"web\n" in found.stdout
    assert kubectl("logs", "web", "-c", "guest").stdout == b"web\n"


# The official client for Python.


def test_python_exec(api: client.CoreV1Api) -> None:
    found = stream(
        api.connect_get_namespaced_pod_exec, "web", "default", command=["echo", "hi"], stdout=True, stderr=True,
        stdin=False, tty=False,
    )  # fmt: skip
    assert found == "hi\n"


def test_python_conversation(api: client.CoreV1Api) -> None:
    talk = stream(
        api.connect_get_namespaced_pod_exec, "web", "default", command=["/bin/sh"], stdout=True, stderr=True,
        stdin=True, tty=False, _preload_content=False,
    )  # fmt: skip
    talk.write_stdin("echo one\n")
    assert talk.readline_stdout(timeout=20) == "one"
    talk.write_stdin("ls /nope\n")
    assert talk.readline_stderr(timeout=20) == "ls: /nope: No such file or directory"
    talk.write_stdin("exit 3\n")
    talk.run_forever(timeout=20)
    assert talk.returncode == 3


@pytest.mark.parametrize("protocol", [pytest.param(f"v{number}.channel.k8s.io", id=f"v{number}") for number in (4, 5)])
def test_python_speaks_both_protocols(api: client.CoreV1Api, protocol: str) -> None:
    talk = stream(
        api.connect_get_namespaced_pod_exec, "web", "default", command=["sh", "-c", "exit 5"], stdout=True,
        stderr=True, stdin=False, tty=False, _preload_content=False, _headers={"sec-websocket-protocol": protocol},
    )  # fmt: skip
    talk.run_forever(timeout=20)
    assert (talk.subprotocol, talk.returncode) == (protocol, 5)


def test_python_is_told_of_a_missing_pod(api: client.CoreV1Api) -> None:
    with pytest.raises(client.ApiException, match="404"):
        stream(api.connect_get_namespaced_pod_exec, "nope", "default", command=["ls"], stdout=True)


def test_python_attach(api: client.CoreV1Api) -> None:
    heard = stream(
        api.connect_get_namespaced_pod_attach, "ticker", "default", stdout=True, stderr=True, _preload_content=False
    )
    assert heard.readline_stdout(timeout=20) == "tick"
    heard.close()


def test_python_port_forward(api: client.CoreV1Api) -> None:
    forward = portforward(api.connect_get_namespaced_pod_portforward, "web", "default", ports="80,81")
    connection = forward.socket(80)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    received = b""
    while b"</html>" not in received:
        received += connection.recv(65536)
    assert b"This is pod web" in received
    assert forward.socket(81).recv(1) == b""
    assert "connect: connection refused" in (forward.error(81) or "")
    forward.close()


def test_proxy_passes_requests_on(api: client.CoreV1Api) -> None:
    assert "This is pod web" in api.connect_get_namespaced_pod_proxy("web:80", "default")
