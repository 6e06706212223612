"""The ``/lab`` paths: only for those whom RBAC lets in, and no way into Kubernetes' own paths."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from builders import ADMIN
from exchange import TOKEN, Client, play

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.daemon.controls import LabControls, seeded
from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.store import Store

USER = "secret-of-a-user"


@pytest.fixture
def lab() -> Iterator[Client]:
    store = Store()
    clock, chance = seeded(store, 1)
    plane = ControlPlane(clock, store, bare=True, chance=chance)
    plane.settle()
    plane.verbs.tokens.know(TOKEN, ADMIN)
    plane.verbs.tokens.know(USER, Caller("jane", ("system:authenticated",)))
    controls = LabControls(plane, clock)
    controls.on_return(lambda: None)
    yield Client(build_app(plane.verbs, controls=controls))
    plane.close()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/lab", None),
        ("GET", "/lab/history", None),
        ("POST", "/lab/clock", {"speed": 0}),
        ("POST", "/lab/components/scheduler", {"running": False}),
        ("POST", "/lab/nodes/lab-worker", {"power": False}),
        ("POST", "/lab/history", {"end": 1}),
    ],
)
def test_nobody_but_the_administrator_may(lab: Client, method: str, path: str, body: object) -> None:
    assert lab(method, path, body, authorization=f"Bearer {USER}").code == 403
    assert lab(method, path, body, authorization="").code == 403
    assert lab(method, path, body, authorization="Bearer wrong").code == 401
    assert lab(method, path, body).code == 200


def test_a_stopped_component_is_told_and_its_start_too(lab: Client) -> None:
    def scheduler(state: object) -> bool:
        return next(one["running"] for one in state["components"] if one["name"] == "kube-scheduler")  # type: ignore[index]

    assert not scheduler(lab("POST", "/lab/components/scheduler", {"running": False}).json)
    assert not scheduler(lab.get("/lab").json)
    assert scheduler(lab("POST", "/lab/components/scheduler", {"running": True}).json)


def test_the_clock_is_moved_and_stepped(lab: Client) -> None:
    before = lab.get("/lab").json["clock"]
    assert before["held"]
    after = lab("POST", "/lab/clock", {"advance": 60}).json["clock"]
    assert after["now"] == before["now"] + 60
    made = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web"}}
    made["spec"] = {"containers": [{"name": "c", "image": "nginx"}]}
    assert lab("POST", "/api/v1/namespaces/default/pods", made).code == 201
    action = lab("POST", "/lab/clock", {"step": 60}).json["action"]
    assert action["component"] == "default-scheduler"
    assert action["entries"][0]["name"] == "web"


def test_history_is_told_in_pieces_and_by_time(lab: Client) -> None:
    first = lab.get("/lab/history?limit=2").json["entries"]
    second = lab.get(f"/lab/history?limit=2&after={first[-1]['revision']}").json["entries"]
    assert [entry["revision"] for entry in first + second] == [1, 2, 3, 4]
    now = lab.get("/lab").json["clock"]["now"]
    newest = lab.get(f"/lab/history/at?time={now + 1}").json["revision"]
    assert lab.get(f"/lab/history?after={newest}").json["entries"] == []


def test_a_list_as_it_was_at_a_revision_is_kubernetes_own(lab: Client) -> None:
    before = lab.get("/api/v1/namespaces").json["metadata"]["resourceVersion"]
    lab("POST", "/api/v1/namespaces", {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "later"}})
    exact = lab.get(f"/api/v1/namespaces?resourceVersion={before}&resourceVersionMatch=Exact").json
    assert "later" not in [item["metadata"]["name"] for item in exact["items"]]


def test_whoever_asks_for_the_next_state_waits_for_it(lab: Client) -> None:
    async def story() -> None:
        waiting = lab.open("GET", "/lab?seen=0").start()
        await lab.open("POST", "/lab/components/scheduler", {"running": False}).run()
        assert (await waiting).json["version"] > 0
        # nothing happens: after a while there is an answer all the same
        same = await lab.open("GET", f"/lab?seen={(await waiting).json['version']}").run()
        assert same.json["version"] == (await waiting).json["version"]

    play(story)


def test_the_api_servers_own_paths_close_and_the_labs_stay_open(lab: Client) -> None:
    lab("POST", "/lab/components/apiserver", {"running": False})
    for path in ("/api/v1/pods", "/apis", "/version", "/readyz", "/openapi/v3"):
        assert lab.get(path).code == 503, path
    assert lab("POST", "/lab/components/apiserver", {"running": True}).code == 200
    assert lab.get("/api/v1/pods").code == 200


def test_without_etcd_the_server_is_not_ready_but_alive_enough_to_say_so(lab: Client) -> None:
    lab("POST", "/lab/components/etcd", {"running": False})
    assert lab.get("/api/v1/pods").json["message"] == "etcdserver: request timed out"
    assert "[-]etcd failed" in lab.get("/readyz?verbose").body.decode()
    assert lab.get("/version").code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/lab/clock", b"no json", 400),
        ("POST", "/lab/clock", ["a list"], 400),
        ("POST", "/lab/clock", {}, 400),
        ("POST", "/lab/clock", {"jump": 5}, 400),
        ("POST", "/lab/clock", {"speed": "fast"}, 400),
        ("POST", "/lab/clock", {"speed": 1e9}, 400),
        ("POST", "/lab/clock", {"advance": -5}, 400),
        ("POST", "/lab/components/etcd", {"running": "no"}, 400),
        ("POST", "/lab/components/nothing", {"running": False}, 404),
        ("POST", "/lab/nodes/nowhere", {"power": False}, 404),
        ("POST", "/lab/nodes/lab-worker", {"colour": True}, 400),
        ("GET", "/lab?seen=x", None, 400),
        ("GET", "/lab/nowhere", None, 404),
        ("DELETE", "/lab/clock", None, 405),
    ],
)
def test_what_makes_no_sense_is_refused(lab: Client, method: str, path: str, body: object, code: int) -> None:
    assert lab(method, path, body).code == code


def test_a_server_without_controls_has_no_such_paths(client: Client) -> None:
    assert client.get("/lab").code == 404
