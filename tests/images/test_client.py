"""Push and pull: against the forge's registry, and against registries that misbehave."""

from __future__ import annotations

import base64
import json
import os
import random
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from image_samples import Build, files_of, write
from serving_forge import ServedForge, served_forge

from gitopslab.errors import DiskFullError, ImageError
from gitopslab.images.build import Builder, Request
from gitopslab.images.client import DockerConfig, Login, Moved, Registry, nobody, pull, push
from gitopslab.images.image import Image, Platform, as_json, host_platform
from gitopslab.images.oci import INDEX, MANIFEST, Descriptor, digest_of
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[ServedForge]:
    with served_forge(tmp_path / "forge") as served:
        yield served


@pytest.fixture
def registry(forge: ServedForge) -> Registry:
    return Registry(forge.host, lambda _: Login("learner", forge.token))


@pytest.fixture
def other(tmp_path: Path) -> Store:
    """The store of another machine."""
    return Store(tmp_path / "other")


def named(forge: ServedForge, rest: str) -> Reference:
    return Reference.parse(f"{forge.host}/{rest}")


def built(build: Build, folder: Path, tag: str, **files: str) -> Image:
    write(folder, {"a.txt": "A", **files})
    return build('FROM python:3.12-slim\nWORKDIR /app\nCOPY *.txt ./\nCMD ["python"]', tag=tag).image


def test_what_is_pushed_comes_back_the_same_by_tag_and_by_digest(
    forge: ServedForge, registry: Registry, build: Build, folder: Path, store: Store, other: Store
) -> None:
    reference = named(forge, "waal/waal-web:dev-7-1a2b3c4d")
    image = built(build, folder, str(reference))
    assert push(store, registry, reference).digest == image.digest
    anonymous = Registry(forge.host)
    assert pull(other, anonymous, reference) == image
    assert files_of(other, image) == files_of(store, image)
    assert pull(other, anonymous, reference.at(digest=image.digest)).digest == image.digest
    assert anonymous.tags("waal/waal-web") == ["dev-7-1a2b3c4d"]
    assert other.need(str(reference)) == image


def test_only_what_the_registry_lacks_is_sent(
    forge: ServedForge, registry: Registry, build: Build, folder: Path, store: Store, other: Store
) -> None:
    def states(move: Callable[[Callable[[Moved], None]], object]) -> list[str]:
        moved: list[Moved] = []
        move(moved.append)
        return [each.state for each in moved]

    first, second, elsewhere = (named(forge, name) for name in ("waal/web:1", "waal/web:2", "oer/web:1"))
    built(build, folder, str(first))
    assert states(lambda tell: push(store, registry, first, tell)) == ["Pushed"] * 4
    assert states(lambda tell: push(store, registry, first, tell)) == ["Layer already exists"] * 4
    built(build, folder, str(second), b="B", **{"b.txt": "B"})
    told = states(lambda tell: push(store, registry, second, tell))
    assert told == ["Layer already exists", "Layer already exists", "Pushed", "Pushed"]
    built(build, folder, str(elsewhere))
    assert states(lambda tell: push(store, registry, elsewhere, tell)) == ["Mounted from waal/web"] * 4
    assert states(lambda tell: pull(other, registry, first, tell)) == ["Pull complete"] * 4
    told = states(lambda tell: pull(other, registry, second, tell))
    assert told == ["Already exists", "Already exists", "Pull complete", "Pull complete"]


def test_promotion_by_tag_keeps_the_digest(
    forge: ServedForge, registry: Registry, build: Build, folder: Path, store: Store
) -> None:
    dev, prod = named(forge, "waal/web:dev"), named(forge, "waal/web:prod-v1.2.3")
    image = built(build, folder, str(dev))
    push(store, registry, dev)
    store.keep(prod, image.manifest)
    push(store, registry, prod)
    assert registry.manifest("waal/web", "prod-v1.2.3")[0].digest == image.digest


def test_a_base_image_comes_from_the_registry(
    forge: ServedForge, registry: Registry, build: Build, folder: Path, store: Store, tmp_path: Path
) -> None:
    base = named(forge, "waal/base:1")
    built(build, folder, str(base))
    push(store, registry, base)
    fresh = Store(tmp_path / "fresh")
    builder = Builder(fresh, lambda reference, platform: pull(fresh, registry, reference, platform=platform))
    image = build(f"FROM {base}\nENV A=1", builder=builder).image
    assert image.settings["Env"][-1] == "A=1"
    assert "app/a.txt" in files_of(fresh, image)


@pytest.mark.parametrize(
    ("version", "code", "words"),
    [
        ("waal/web:nope", "MANIFEST_UNKNOWN", "manifest unknown"),
        ("none/such:1", "NAME_UNKNOWN", "repository name not known"),
    ],
)
def test_what_the_registry_does_not_have_is_said_in_its_words(
    forge: ServedForge,
    registry: Registry,
    build: Build,
    folder: Path,
    store: Store,
    version: str,
    code: str,
    words: str,
) -> None:
    built(build, folder, str(named(forge, "waal/web:1")))
    push(store, registry, named(forge, "waal/web:1"))
    with pytest.raises(ImageError, match=words) as caught:
        pull(store, registry, named(forge, version))
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize("login", [None, Login("learner", "wrong")])
def test_a_push_without_a_good_login_is_refused(
    forge: ServedForge, build: Build, folder: Path, store: Store, login: Login | None
) -> None:
    reference = named(forge, "waal/web:1")
    built(build, folder, str(reference))
    with pytest.raises(ImageError, match="unauthorized") as caught:
        push(store, Registry(forge.host, lambda _: login), reference)
    assert caught.value.code == "UNAUTHORIZED"
    assert f"docker login {forge.host}" in caught.value.hint
    assert "wrong" not in str(caught.value)


def test_a_login_is_checked(forge: ServedForge, registry: Registry) -> None:
    registry.check()
    with pytest.raises(ImageError, match="unauthorized"):
        Registry(forge.host, lambda _: Login("learner", "wrong")).check()


def test_a_registry_that_is_not_there_is_named() -> None:
    with pytest.raises(ImageError, match=r"The registry localhost:1 does not answer: Connection refused") as caught:
        Registry("localhost:1").check()
    assert "gitopslab up" in caught.value.hint


def test_of_an_index_the_image_of_this_machine_is_pulled(
    forge: ServedForge, registry: Registry, build: Build, store: Store, other: Store
) -> None:
    foreign = Platform("linux", "arm64" if host_platform().architecture != "arm64" else "amd64")
    reference, entries = named(forge, "waal/web:1"), []
    for platform in (foreign, host_platform()):
        image = build(f"FROM scratch\nENV P={platform}", tag=str(reference), platform=platform).image
        push(store, registry, reference)
        entries.append(
            {**image.manifest.as_dict(), "platform": {"os": platform.os, "architecture": platform.architecture}}
        )
    for name, listed in (("both", entries), ("other", entries[:1])):
        data = as_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed})
        registry.push_manifest("waal/web", name, Descriptor(INDEX, digest_of(data), len(data)), data)
    both = named(forge, "waal/web:both")
    assert pull(other, registry, both).settings == {"Env": [f"P={host_platform()}"]}
    assert pull(other, registry, both, platform=foreign).platform == foreign
    with pytest.raises(ImageError, match="no matching manifest for") as caught:
        pull(other, registry, named(forge, "waal/web:other"))
    assert str(foreign) in caught.value.hint
    with pytest.raises(ImageError, match=f"does not provide the platform {foreign}"):
        pull(other, registry, reference, platform=foreign)


# ---- registries that misbehave ----


class Misbehaving(BaseHTTPRequestHandler):
    """Answers from a table of ``METHOD path`` beginnings; what is not in it is 404."""

    protocol_version = "HTTP/1.1"
    answers: dict[str, Callable[[Any], None]] = {}

    def do(self) -> None:
        for start, answer in self.answers.items():
            if f"{self.command} {self.path}".startswith(start):
                return answer(self)
        return self.say(404, b"")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do  # noqa: N815 - the names http.server looks for

    def say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def misbehaving(**answers: Callable[[Any], None]) -> Iterator[str]:
    handler = type(
        "Handler", (Misbehaving,), {"answers": {key.replace("__", " "): each for key, each in answers.items()}}
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


BLOB = Descriptor("application/octet-stream", digest_of(b"hello"), 5)


def say(status: int, body: bytes, **headers: str) -> Callable[[Any], None]:
    return lambda handler: handler.say(status, body, **headers)


def cut(handler: Any) -> None:
    handler.say(200, b"", Content_Length="5")
    handler.wfile.write(b"he")
    handler.close_connection = True


def hang_up(handler: Any) -> None:
    handler.connection.close()
    handler.close_connection = True


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (cut, "broke during GET"),
        (say(200, b"hellO"), "not sha256:"),
        (say(200, b"hello and more than was promised"), "not sha256:"),
        (say(404, b"not json"), "manifest unknown"),
        (say(500, b""), "HTTP status 500"),
        (say(429, b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}'), "toomanyrequests: slow down"),
        (say(302, b"", Location="/v2/x/blobs/round"), "broke during GET"),
        (hang_up, "broke during GET"),
    ],
    ids=["cut", "other bytes", "too long", "404", "500", "429", "in a circle", "hung up"],
)
def test_nothing_is_kept_of_a_blob_that_does_not_come_whole(
    other: Store, answer: Callable[[Any], None], words: str
) -> None:
    with misbehaving(GET__=answer) as host, pytest.raises(ImageError, match=words) as caught:
        Registry(host).pull_blob("x", BLOB, other.content)
    assert caught.value.hint
    assert (list(other.content.digests()), list(other.content.uploads.iterdir())) == ([], [])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (hang_up, "broke during PUT"),
        (say(507, b'{"errors":[{"code":"UNAVAILABLE","message":"The disk with /x is full"}]}'), "disk with /x is full"),
        (say(413, b'{"errors":[{"code":"SIZE_INVALID","message":"too big"}]}'), "size invalid: too big"),
    ],
    ids=["cut", "full", "too big"],
)
def test_a_push_that_is_cut_or_refused_says_so(other: Store, answer: Callable[[Any], None], words: str) -> None:
    other.content.add(b"hello")
    with misbehaving(POST__=say(202, b"", Location="/v2/x/up?a=1"), PUT__=answer) as host:
        with pytest.raises(ImageError, match=words) as caught:
            Registry(host).push_blob("x", BLOB, other.content)
        assert caught.value.hint


def test_a_damaged_manifest_is_refused() -> None:
    data = as_json({"mediaType": MANIFEST})
    answer = say(200, data, Content_Type=MANIFEST, Docker_Content_Digest=BLOB.digest)
    with misbehaving(GET__=answer) as host:
        for version in ("v1", BLOB.digest):
            with pytest.raises(ImageError, match="is damaged") as caught:
                Registry(host).manifest("x", version)
            assert caught.value.code == "DIGEST_INVALID"


@pytest.mark.parametrize(
    "manifest",
    [b"[]", b"{}", b"not json", b'{"layers": 7, "config": {}}', b'{"layers": [{}], "config": {}}', b"[" * 100_000],
    ids=["list", "empty", "text", "number", "no digest", "deep"],
)
def test_a_manifest_that_says_nothing_is_refused(other: Store, manifest: bytes) -> None:
    with misbehaving(GET__=say(200, manifest, Content_Type=MANIFEST)) as host:
        with pytest.raises(ImageError, match="manifest invalid") as caught:
            pull(other, Registry(host), Reference.parse(f"{host}/x:1"))
        assert caught.value.code == "MANIFEST_INVALID"


def test_what_is_no_image_is_not_pulled(other: Store) -> None:
    with (
        misbehaving(GET__=say(200, b"{}", Content_Type="text/html")) as host,
        pytest.raises(ImageError, match="is text/html, not an image"),
    ):
        pull(other, Registry(host), Reference.parse(f"{host}/x:1"))


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        ('Bearer realm="http://elsewhere.example.org/token"', "where it could be read on the way"),
        ('Bearer realm="ftp://localhost/token"', "where it could be read on the way"),
        ("Bearer", "where it could be read on the way"),
        ("Digest x", "unauthorized: authentication required"),
    ],
)
def test_a_password_goes_only_where_nobody_can_listen(challenge: str, words: str) -> None:
    with (
        misbehaving(GET__=say(401, b"", WWW_Authenticate=challenge)) as host,
        pytest.raises(ImageError, match=words),
    ):
        Registry(host, lambda _: Login("me", "secret")).check()


def test_an_upload_is_sent_to_no_other_machine(other: Store) -> None:
    other.content.add(b"hello")
    with (
        misbehaving(POST__=say(202, b"", Location="http://elsewhere.example.org/up")) as host,
        pytest.raises(ImageError, match="another machine"),
    ):
        Registry(host).push_blob("x", BLOB, other.content)


def test_basic_logins_are_understood_too() -> None:
    seen: list[str] = []

    def answer(handler: Any) -> None:
        seen.append(handler.headers.get("Authorization", ""))
        handler.say(200 if seen[-1] else 401, b"{}", WWW_Authenticate='Basic realm="x"')

    with misbehaving(GET__=answer) as host:
        Registry(host, lambda _: Login("me", "secret")).check()
    assert seen == ["", "Basic " + base64.b64encode(b"me:secret").decode()]


# ---- logins on disk ----


def test_a_login_is_kept_where_docker_looks_for_it(tmp_path: Path) -> None:
    config = DockerConfig(tmp_path / "docker")
    assert config("localhost:5050") is None
    config.keep("localhost:5050", Login("learner", "a:b"))
    config.keep("docker.io", Login("me", "x"))
    told = json.loads(config.path.read_text())
    assert set(told["auths"]) == {"localhost:5050", "https://index.docker.io/v1/"}
    assert config("localhost:5050") == Login("learner", "a:b")
    assert config.path.stat().st_mode & 0o077 == 0
    config.forget("localhost:5050")
    config.forget("localhost:5050")
    assert (config("localhost:5050"), config("docker.io")) == (None, Login("me", "x"))


@pytest.mark.parametrize(
    "text", ['{"auths": {"h": {}}}', '{"auths": {"h": {"auth": "%%"}}}', '{"auths": []}', "[]", '{"auths":{"h":7}}']
)
def test_a_login_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert DockerConfig(tmp_path)("h") is None


def test_a_login_keeps_its_password_to_itself(tmp_path: Path) -> None:
    assert "secret" not in repr(Login("me", "secret"))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ImageError, match="is not JSON"):
        DockerConfig(tmp_path)("h")
    assert nobody("h") is None


# ---- a connection that breaks half way ----


class CutAfter(threading.Thread):
    """Passes bytes on to a server, and hangs up after so many of one connection; 0 for never."""

    def __init__(self, port: int, most: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self.most = most
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def run(self) -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                threading.Thread(target=self._pass, args=(server, client, 0), daemon=True).start()
                threading.Thread(target=self._pass, args=(client, server, self.most), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, most: int) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(4096):
                passed += len(data)
                if most and passed > most:
                    break
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.join(5)


def test_a_push_cut_half_way_loses_nothing_and_is_repeated(
    forge: ServedForge, build: Build, folder: Path, store: Store, other: Store
) -> None:
    write(folder, {"Dockerfile": ""})
    (folder / "big").write_bytes(random.Random(1).randbytes(300_000))
    image = build("FROM python\nCOPY big /big").image
    cut = CutAfter(int(forge.host.rpartition(":")[2]), most=100_000)
    cut.start()
    try:
        reference = Reference.parse(f"{cut.host}/waal/web:1")
        store.keep(reference, image.manifest)

        def login(_: str) -> Login:
            return Login("learner", forge.token)

        moved: list[Moved] = []
        with pytest.raises(ImageError, match="broke during PUT") as caught:
            push(store, Registry(cut.host, login), reference, moved.append)
        assert "Do it again" in caught.value.hint
        assert [each.state for each in moved] == ["Pushed"]
        with pytest.raises(ImageError) as unseen:
            Registry(forge.host).manifest("waal/web", "1")  # nobody sees half an image
        assert unseen.value.code in ("NAME_UNKNOWN", "MANIFEST_UNKNOWN")
        cut.most = 0
        moved.clear()
        push(store, Registry(cut.host, login), reference, moved.append)
        assert [each.state for each in moved] == ["Layer already exists", "Pushed", "Pushed"]
    finally:
        cut.stop()
    assert pull(other, Registry(forge.host), named(forge, "waal/web:1")).digest == image.digest


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make a disk that is full")
def test_a_build_and_a_pull_on_a_full_disk_say_so_and_keep_nothing(
    forge: ServedForge, registry: Registry, build: Build, folder: Path, store: Store, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        (folder / "big").write_bytes(random.Random(1).randbytes(500_000))
        reference = named(forge, "waal/web:1")
        build("FROM scratch\nCOPY big /big", tag=str(reference))
        push(store, registry, reference)
        small = Store(disk / "store")
        for move in (
            lambda: Builder(small).build(Request(folder, engine="lab")),
            lambda: pull(small, registry, reference),
        ):
            with pytest.raises(DiskFullError, match="is full"):
                move()
        assert list(small.content.uploads.iterdir()) == []
        assert small.kept() == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
