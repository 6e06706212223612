"""``kubectl logs``: which lines come, and what is said when none can."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from builders import pod
from exchange import Client, FakeLogs, play

from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object

_RUNNING = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}


def status(state: Object, name: str = "c", identity: str = "sim://1", **more: Any) -> Object:
    return {"name": name, "state": state, "containerID": identity, "image": "x", "imageID": "", "ready": True,
            "restartCount": 0, **more}  # fmt: skip


def placed(api: LocalApi, *statuses: Object, containers: tuple[str, ...] = ("c",), **spec: Any) -> None:
    listed = [{"name": name, "image": "x"} for name in containers]
    stored = api.create(pod("web", spec={"containers": listed, "nodeName": "n", **spec}))
    stored["status"].update({"phase": "Running", "containerStatuses": list(statuses)})
    api.update(stored, "status")


def path(query: str = "") -> str:
    return f"/api/v1/namespaces/default/pods/web/log?{query}"


def message(client: Client, query: str = "") -> tuple[int, str]:
    answer = client.get(path(query))
    return answer.code, answer.json["message"]


@pytest.fixture
def written(api: LocalApi, logs: FakeLogs, clock: JumpableClock) -> None:
    """A running container that wrote three lines, ten seconds apart, the last one now."""
    placed(api, status(_RUNNING))
    for at, text in ((20, "one"), (10, "two"), (0, "three")):
        logs.write("web", "c", text, at=clock.now() - at)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("", "one\ntwo\nthree\n"),
        ("container=c", "one\ntwo\nthree\n"),
        ("tailLines=2", "two\nthree\n"),
        ("tailLines=0", ""),
        ("tailLines=9", "one\ntwo\nthree\n"),
        ("sinceSeconds=15", "two\nthree\n"),
        ("sinceTime=2025-12-31T23:59:55Z", "three\n"),
        ("limitBytes=6", "one\ntw"),
        ("timestamps=true&tailLines=1", "2026-01-01T00:00:00.000000000Z three\n"),
    ],
)
def test_the_lines_asked_for_come(client: Client, query: str, text: str) -> None:
    answer = client.get(path(query))
    assert (answer.code, answer.body.decode()) == (200, text)
    assert answer.headers["content-type"] == "text/plain"


def test_the_run_before_can_be_read(client: Client, api: LocalApi, logs: FakeLogs) -> None:
    last = {"terminated": {"exitCode": 1, "containerID": "sim://0"}}
    placed(api, status(_RUNNING, lastState=last))
    logs.lines["web", "c", True] = [(0.0, "boom")]
    assert client.get(path("previous=true")).body == b"boom\n"


def test_a_crashed_container_that_waits_shows_its_last_run(client: Client, api: LocalApi, logs: FakeLogs) -> None:
    last = {"terminated": {"exitCode": 1, "containerID": "sim://0"}}
    placed(api, status({"waiting": {"reason": "CrashLoopBackOff"}}, lastState=last))
    logs.write("web", "c", "boom")
    assert client.get(path()).body == b"boom\n"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("ContainerCreating", "ContainerCreating"),
        ("ErrImagePull", "image can't be pulled"),
        ("ImagePullBackOff", "trying and failing to pull image"),
    ],
)
def test_a_container_that_never_ran_says_what_it_waits_for(
    client: Client, api: LocalApi, reason: str, words: str
) -> None:
    placed(api, status({"waiting": {"reason": reason}}))
    assert message(client) == (400, f'container "c" in pod "web" is waiting to start: {words}')


def test_there_may_be_no_run_before(client: Client, api: LocalApi) -> None:
    placed(api, status(_RUNNING))
    assert message(client, "previous=true") == (400, 'previous terminated container "c" in pod "web" not found')


def test_a_pod_of_several_containers_wants_a_name(client: Client, api: LocalApi) -> None:
    placed(api, containers=("a", "b"))
    assert message(client) == (400, "a container name must be specified for pod web, choose one of: [a b]")
    assert message(client, "container=z") == (400, "container z is not valid for pod web")
    assert message(client, "container=a") == (400, 'container "a" in pod "web" is not available')


def test_init_containers_are_offered_too(client: Client, api: LocalApi) -> None:
    placed(api, containers=("a", "b"), initContainers=[{"name": "first", "image": "x"}])
    assert message(client)[1].endswith("choose one of: [a b] or one of the init containers: [first]")


def test_a_pod_without_a_node_has_nothing_to_say(client: Client, api: LocalApi) -> None:
    api.create(pod("web"))
    assert client.get(path()).code == 204


def test_a_pod_that_is_not_there_is_not_found(client: Client) -> None:
    assert message(client) == (404, 'pods "web" not found')


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("tailLines=-1", "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ("limitBytes=0", "limitBytes: Invalid value: 0: must be greater than 0"),
        ("sinceSeconds=0", "sinceSeconds: Invalid value: 0: must be greater than 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(client: Client, query: str, words: str) -> None:
    assert message(client, query) == (422, f'PodLogOptions "web" is invalid: {words}')


def test_a_time_nobody_can_read_is_refused(client: Client) -> None:
    assert message(client, "sinceTime=noon")[0] == 400


@pytest.mark.usefixtures("written")
def test_a_log_is_followed_until_the_container_ends(client: Client, api: LocalApi, logs: FakeLogs) -> None:
    async def story() -> None:
        exchange = client.open("GET", path("follow=true&tailLines=1"))
        task = exchange.start()
        assert await exchange.text("three") == "three\n"
        logs.write("web", "c", "four")
        await exchange.text("four")
        logs.lines["web", "c", False].append((0.0, "last words"))
        ended = {"containerStatuses": [status({"terminated": {"exitCode": 0, "containerID": "sim://1"}})]}
        api.patch("pods", "web", {"status": ended}, "default", subresource="status")
        response = await task
        assert response.body == b"three\nfour\nlast words\n"
        assert exchange.is_over
        assert logs.followers == []

    play(story)


@pytest.mark.usefixtures("written")
def test_what_a_run_wrote_last_is_not_lost_when_the_next_one_has_begun(
    client: Client, api: LocalApi, logs: FakeLogs
) -> None:
    async def story() -> None:
        exchange = client.open("GET", path("follow=true"))
        task = exchange.start()
        await exchange.text("three")
        logs.lines["web", "c", True] = [*logs.lines["web", "c", False], (0.0, "last words")]
        logs.lines["web", "c", False] = [(0.0, "a new run")]
        again = {"containerStatuses": [status(_RUNNING, identity="sim://2")]}
        api.patch("pods", "web", {"status": again}, "default", subresource="status")
        assert (await task).body == b"one\ntwo\nthree\nlast words\n"

    play(story)


@pytest.mark.usefixtures("written")
def test_following_stops_when_the_client_hangs_up_or_has_enough(client: Client, logs: FakeLogs) -> None:
    async def story() -> None:
        exchange = client.open("GET", path("follow=true"))
        task = exchange.start()
        await exchange.text("three")
        exchange.hang_up()
        await task
        limited = client.open("GET", path("follow=true&limitBytes=16"))
        task = limited.start()
        await limited.text("three")
        logs.write("web", "c", "four")
        assert (await task).body == b"one\ntwo\nthree\nfo"
        assert logs.followers == []
        assert len(asyncio.all_tasks()) == 1

    play(story)


@pytest.mark.usefixtures("written")
def test_following_ends_when_the_pod_is_gone(client: Client, api: LocalApi) -> None:
    async def story() -> None:
        exchange = client.open("GET", path("follow=true"))
        task = exchange.start()
        await exchange.text("three")
        api.delete("pods", "web", "default", grace_seconds=0)
        await task
        assert exchange.is_over

    play(story)


def test_a_server_that_runs_no_pods_has_no_lines(api: LocalApi, verbs: Verbs) -> None:
    placed(api, status(_RUNNING))
    answer = Client(build_app(verbs)).get(path("follow=true"))
    assert (answer.code, answer.body) == (200, b"")
