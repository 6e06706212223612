"""exec, attach and port-forward over WebSockets: what goes over the wire, with stand-ins for what runs in pods."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from exchange import Client
from sockets import FakeExec, FakePorts, ScriptedProcess, Socket

from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.http.streams.spdy import (
    Data,
    Frame,
    Framer,
    GoAway,
    Ping,
    Reset,
    RstStream,
    SynReply,
    SynStream,
)
from gitopslab.controlplane.runtime.streams import Place, RefusedError, StartError
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.verbs import Verbs

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
TUNNEL = "SPDY/3.1+portforward.k8s.io"
POD = "/api/v1/namespaces/default/pods/web"
NOT_FOUND = 'container not found ("c")'


class World:
    """An application whose pods are stand-ins."""

    def __init__(self, verbs: Verbs) -> None:
        self.exec = FakeExec()
        self.ports = FakePorts()
        self.app = build_app(verbs, exec=self.exec, ports=self.ports)

    def open(self, path: str, *protocols: str) -> Socket:
        return Socket(self.app, f"{POD}/{path}", *protocols)


@pytest.fixture
def world(verbs: Verbs, api: LocalApi) -> World:
    """A pod ``web`` with one container on a node, and ``two`` with two."""
    for name, containers in (("web", ["c"]), ("two", ["a", "b"])):
        made = [{"name": one, "image": "nginx"} for one in containers]
        spec = {"nodeName": "one", "containers": made}
        api.create(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
        )
    return World(verbs)


def tell(story: Callable[[], Awaitable[Any]]) -> None:
    async def told() -> None:
        async with asyncio.timeout(5):
            await story()

    asyncio.run(told())


# exec and attach.


def test_exec_carries_output_and_ends_with_success(world: World) -> None:
    async def story() -> None:
        world.exec.process = ScriptedProcess((1, b"out"), (2, b"err"))
        async with world.open("exec?command=ls&command=-l&stdin=true", V5) as socket:
            channels, code = await socket.rest()
        assert socket.protocol == V5
        assert (channels[1], channels[2]) == (b"out", b"err")
        assert json.loads(channels[3]) == {"metadata": {}, "status": "Success"}
        assert code == 1000
        assert world.exec.asked == (Place("default", "web", "c"), ("ls", "-l"), True, False)
        assert world.exec.process.closed

    tell(story)


@pytest.mark.parametrize(
    ("protocol", "how"),
    [
        pytest.param(V5, "command terminated with exit code 3", id="translated by the API server"),
        pytest.param(V4, "error executing command [sh -c x], exit code 3", id="straight from the kubelet"),
    ],
)
def test_exit_code_is_a_cause_of_the_status(world: World, protocol: str, how: str) -> None:
    async def story() -> None:
        world.exec.process = ScriptedProcess(code=3)
        async with world.open("exec?command=sh&command=-c&command=x", protocol) as socket:
            channels, _ = await socket.rest()
        status = json.loads(channels[3])
        assert status["reason"] == "NonZeroExitCode"
        assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]
        assert status["message"] == f"command terminated with non-zero exit code: {how}"

    tell(story)


def test_stdin_is_carried_until_its_channel_is_closed(world: World) -> None:
    async def story() -> None:
        world.exec.process = ScriptedProcess(waits=True)
        async with world.open("exec?command=cat&stdin=true", V5) as socket:
            socket.send(b"\x00hel")
            socket.send_text("\x00lo")
            socket.send(b"\xff\x00")
            await socket.rest()
        assert world.exec.process.heard == b"hello"

    tell(story)


def test_input_without_stdin_goes_nowhere(world: World) -> None:
    async def story() -> None:
        world.exec.process = ScriptedProcess()
        async with world.open("exec?command=cat", V5) as socket:
            socket.send(b"\x00hello")
            await socket.rest()
        assert world.exec.process.heard == b""

    tell(story)


@pytest.mark.parametrize(
    ("sent", "size"),
    [
        pytest.param(b'{"Width":80,"Height":24}', (80, 24), id="a size"),
        pytest.param(b'{"Width":0,"Height":24}', (0, 0), id="no width"),
        pytest.param(b'{"Width":"80"}', (0, 0), id="no numbers"),
        pytest.param(b"[]", (0, 0), id="a list"),
        pytest.param(b"{", (0, 0), id="no JSON"),
    ],
)
def test_terminal_is_resized(world: World, sent: bytes, size: tuple[int, int]) -> None:
    async def story() -> None:
        world.exec.process = ScriptedProcess(waits=True)
        async with world.open("exec?command=sh&stdin=true&tty=true", V5) as socket:
            socket.send(b"\x04" + sent)
            socket.send(b"\xff\x00")
            await socket.rest()
        assert world.exec.process.size == size
        assert world.exec.asked is not None
        assert world.exec.asked[3]

    tell(story)


def test_base64_protocol_is_text(world: World) -> None:
    async def story() -> None:
        world.exec.process = ScriptedProcess((1, b"hi"))
        async with world.open("exec?command=ls", "v4.base64.channel.k8s.io") as socket:
            assert await socket.receive() == "1"
            assert await socket.receive() == "1" + base64.b64encode(b"hi").decode()

    tell(story)


def test_oldest_protocol_tells_errors_as_text_and_success_not_at_all(world: World) -> None:
    async def story() -> None:
        world.exec.process = ScriptedProcess()
        async with world.open("exec?command=ls", "channel.k8s.io") as socket:
            assert 3 not in (await socket.rest())[0]
        world.exec.error = StartError("no such thing")
        async with world.open("exec?command=ls") as socket:
            channels, _ = await socket.rest()
        why = "error executing command in container: no such thing"
        assert channels[3] == f"Internal error occurred: {why}".encode()

    tell(story)


def test_refusal_of_the_kubelet_is_told_inside_by_v5_and_as_the_answer_by_older_ones(world: World) -> None:
    async def story() -> None:
        world.exec.error = RefusedError(500, NOT_FOUND)
        async with world.open("exec?command=ls", V5) as socket:
            status = json.loads((await socket.rest())[0][3])
        why = f"unable to upgrade connection: {NOT_FOUND}"
        assert (status["message"], status["code"]) == (f"Internal error occurred: {why}", 500)
        async with world.open("exec?command=ls", V4) as socket:
            assert socket.refused == (500, NOT_FOUND.encode())

    tell(story)


def test_missing_executable_is_an_internal_error_twice_over(world: World) -> None:
    async def story() -> None:
        world.exec.error = StartError("exec failed")
        async with world.open("exec?command=nope", V5) as socket:
            status = json.loads((await socket.rest())[0][3])
        prefix = "Internal error occurred: Internal error occurred: "
        assert status["message"] == f"{prefix}error executing command in container: exec failed"

    tell(story)


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        pytest.param("nope/exec?command=ls", 404, 'pods "nope" not found', id="no such pod"),
        pytest.param(
            "two/exec?command=ls",
            400,
            "a container name must be specified for pod two, choose one of: [a b]",
            id="which container",
        ),
        pytest.param(
            "web/exec?command=ls&container=x", 400, "container x is not valid for pod web", id="no such container"
        ),
    ],
)
def test_what_the_api_server_refuses(world: World, path: str, code: int, message: str) -> None:
    async def story() -> None:
        async with Socket(world.app, f"/api/v1/namespaces/default/pods/{path}", V5) as socket:
            assert socket.refused is not None
            assert (socket.refused[0], socket.status["message"]) == (code, message)

    tell(story)


def test_unscheduled_pod_has_no_host(world: World, api: LocalApi) -> None:
    pod: Any = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "late", "namespace": "default"}}
    api.create({**pod, "spec": {"containers": [{"name": "c", "image": "nginx"}]}})

    async def story() -> None:
        async with Socket(world.app, "/api/v1/namespaces/default/pods/late/exec?command=ls", V5) as socket:
            assert socket.status["message"] == "pod late does not have a host assigned"

    tell(story)


def test_unknown_protocol_is_refused(world: World) -> None:
    async def story() -> None:
        async with world.open("exec?command=ls", "v9.channel.k8s.io") as socket:
            assert socket.refused is not None
            assert socket.refused[0] == 403

    tell(story)


def test_without_credentials_nothing_is_opened(world: World) -> None:
    async def story() -> None:
        async with Socket(world.app, f"{POD}/exec?command=ls", V5, token="wrong") as socket:
            assert socket.refused is not None
            assert socket.refused[0] == 401
        assert world.exec.asked is None

    tell(story)


def test_client_that_hangs_up_has_its_process_closed(world: World) -> None:
    async def story() -> None:
        world.exec.process = ScriptedProcess(waits=True)
        async with world.open("exec?command=sleep&stdin=true", V5) as socket:
            await socket.receive()
        assert world.exec.process.closed

    tell(story)


def test_stopping_server_says_that_it_goes_away(world: World) -> None:
    async def story() -> None:
        world.exec.process = ScriptedProcess(waits=True)
        async with world.open("exec?command=sleep&stdin=true", V5) as socket:
            await socket.receive()
            socket.stop_server()
            assert await socket.receive() == 1001
        assert world.exec.process.closed

    tell(story)


def test_attach_tells_success_whatever_the_exit_code(world: World) -> None:
    async def story() -> None:
        world.exec.process = ScriptedProcess((1, b"log"), code=7)
        async with world.open("attach", V5) as socket:
            channels, _ = await socket.rest()
        assert channels[1] == b"log"
        assert json.loads(channels[3])["status"] == "Success"

    tell(story)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        pytest.param({}, "Upgrade request required", id="plain"),
        pytest.param(
            {"upgrade": "SPDY/3.1"},
            "exec is served over WebSockets only; kubectl speaks them from 1.31 on",
            id="bare SPDY",
        ),
    ],
)
def test_request_without_a_websocket_is_told_so(world: World, headers: dict[str, str], message: str) -> None:
    answer = Client(world.app)("POST", f"{POD}/exec?command=ls", **headers)
    assert (answer.code, answer.json["message"]) == (400, message)


def test_without_kubelets_there_is_nothing_to_open(client: Client) -> None:
    assert client("POST", f"{POD}/exec?command=ls").code == 501


# Port-forward by channels.


def test_channels_begin_with_their_port_and_carry_both_ways(world: World) -> None:
    async def story() -> None:
        async with world.open("portforward?ports=80&ports=8080", V5, V4) as socket:
            opening = [await socket.receive() for _ in range(4)]
            assert opening == [b"\x00\x50\x00", b"\x01\x50\x00", b"\x02\x90\x1f", b"\x03\x90\x1f"]
            socket.send(b"\x02ping")
            assert await socket.receive() == b"\x02PING"
        assert socket.protocol == V4
        assert all(connection.closed for connection in world.ports.connections)

    tell(story)


def test_refused_port_is_told_on_its_error_channel(world: World) -> None:
    async def story() -> None:
        world.ports.deaf = {81}
        async with world.open("portforward?ports=81", V4) as socket:
            channels, code = await socket.rest()
        assert channels == {0: b"\x51\x00", 1: b"\x51\x00nothing listens on 81"}
        assert code == 1000

    tell(story)


@pytest.mark.parametrize(
    ("query", "code", "text"),
    [
        pytest.param("", 400, b'query parameter "port" is required', id="none"),
        pytest.param("?ports=http", 400, b'unable to parse "http" as a port', id="a name"),
        pytest.param("?ports=%C2%B2", 400, 'unable to parse "\N{SUPERSCRIPT TWO}" as a port'.encode(), id="a digit"),
        pytest.param("?ports=0", 400, b'unable to parse "0" as a port', id="zero"),
        pytest.param("?ports=70000", 400, b'unable to parse "70000" as a port', id="too large"),
        pytest.param(
            "?ports=80,90000000000000000000", 400, b'unable to parse "90000000000000000000" as a port', id="far"
        ),
    ],
)
def test_ports_must_be_ports(world: World, query: str, code: int, text: bytes) -> None:
    async def story() -> None:
        async with world.open(f"portforward{query}", V4) as socket:
            assert socket.refused == (code, text)

    tell(story)


def test_pod_that_does_not_run_is_refused_before_the_connection_opens(world: World) -> None:
    async def story() -> None:
        world.ports.error = RefusedError(404, "pod does not exist")
        for protocol in (V4, TUNNEL):
            async with world.open("portforward?ports=80", protocol) as socket:
                assert socket.refused == (404, b"pod does not exist")

    tell(story)


# Port-forward through a tunnel.


class Tunnel:
    """kubectl's end of a session."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._framer = Framer()
        self._frames: list[Frame] = []

    def send(self, *frames: Frame) -> None:
        self._socket.send(b"".join(map(self._framer.encode, frames)))

    def connect(self, stream: int, port: str, request: str = "0") -> None:
        headers = {"port": port, "requestid": request}
        self.send(SynStream(stream, {"streamtype": "error", **headers}, fin=True))
        self.send(SynStream(stream + 2, {"streamtype": "data", **headers}))

    async def frame(self) -> Frame | int:
        while not self._frames:
            message = await self._socket.receive()
            if isinstance(message, int):
                return message
            assert isinstance(message, bytes)
            self._frames.extend(self._framer.feed(message))
        return self._frames.pop(0)

    async def frames(self, count: int) -> list[Frame | int]:
        return [await self.frame() for _ in range(count)]


def tunnelled(world: World, story: Callable[[Tunnel], Awaitable[None]]) -> None:
    async def told() -> None:
        async with world.open("portforward", TUNNEL) as socket:
            assert socket.protocol == TUNNEL
            await story(Tunnel(socket))

    tell(told)


def test_tunnel_carries_many_connections(world: World) -> None:
    async def story(tunnel: Tunnel) -> None:
        tunnel.connect(1, "80", "0")
        tunnel.connect(5, "80", "1")
        assert await tunnel.frames(4) == [SynReply(number) for number in (1, 3, 5, 7)]
        tunnel.send(Data(7, b"b"), Data(3, b"a"))
        assert sorted(frame.data for frame in await tunnel.frames(2) if isinstance(frame, Data)) == [b"A", b"B"]

    tunnelled(world, story)
    assert all(connection.closed for connection in world.ports.connections)


def test_both_streams_end_when_the_connection_does(world: World) -> None:
    async def story(tunnel: Tunnel) -> None:
        tunnel.connect(1, "80")
        tunnel.send(Data(3, b"last", fin=True))
        replies = await tunnel.frames(5)
        assert replies[2:] == [Data(3, b"LAST"), Data(1, b"", fin=True), Data(3, b"", fin=True)]

    tunnelled(world, story)


def test_refused_port_is_told_on_the_error_stream(world: World) -> None:
    world.ports.deaf = {81}

    async def story(tunnel: Tunnel) -> None:
        tunnel.connect(1, "81")
        found = await tunnel.frames(4)
        assert found[2:] == [Data(1, b"nothing listens on 81", fin=True), RstStream(3, Reset.CANCEL)]

    tunnelled(world, story)


def test_reset_by_the_client_ends_the_connection(world: World) -> None:
    async def story(tunnel: Tunnel) -> None:
        tunnel.connect(1, "80")
        await tunnel.frames(2)
        tunnel.send(Ping(1))
        assert await tunnel.frame() == Ping(1)
        tunnel.send(RstStream(3, Reset.CANCEL))
        assert await tunnel.frame() == Data(1, b"", fin=True)
        assert world.ports.connections[0].closed

    tunnelled(world, story)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        pytest.param(SynStream(1, {"port": "80"}), Reset.REFUSED_STREAM, id="no kind"),
        pytest.param(SynStream(1, {"streamtype": "data"}), Reset.REFUSED_STREAM, id="no port"),
        pytest.param(SynStream(1, {"streamtype": "data", "port": "0"}), Reset.REFUSED_STREAM, id="no such port"),
        pytest.param(SynStream(2, {"streamtype": "data", "port": "80"}), Reset.PROTOCOL_ERROR, id="a server's number"),
        pytest.param(Data(9, b"x"), Reset.INVALID_STREAM, id="data of no stream"),
    ],
)
def test_stream_that_makes_no_sense_is_reset(world: World, frame: SynStream | Data, reason: Reset) -> None:
    async def story(tunnel: Tunnel) -> None:
        tunnel.send(frame)
        assert await tunnel.frame() == RstStream(frame.stream, reason)

    tunnelled(world, story)


def test_nonsense_ends_the_tunnel(world: World) -> None:
    async def story() -> None:
        async with world.open("portforward", TUNNEL) as socket:
            socket.send(bytes.fromhex("80020006 00000004 00000001"))
            tunnel = Tunnel(socket)
            assert await tunnel.frames(2) == [GoAway(0, 1), 1000]

    tell(story)
