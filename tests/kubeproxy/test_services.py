"""Services that really balance, in front of pods that really run."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from builders import deployment
from real_pods import SERVER, Live, played

from gitopslab.machinery.objects import Object, is_condition_true

CLIENT = """
import collections, http.client, sys, time, urllib.request
seen, failed = collections.Counter(), 0
for url in sys.argv[1:]:
    print(url, urllib.request.urlopen(url, timeout=5).read().decode().split()[0], flush=True)
time.sleep(1000)
"""


def service(name: str = "web", **spec: Any) -> Object:
    """A Service of port 80 in front of the pods ``app=NAME``."""
    base = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": base}


def web(image: str, replicas: int = 2, name: str = "web", **container: Any) -> Object:
    """A Deployment of the server with a readiness probe."""
    ready = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    only = {"name": "c", "image": image, "readinessProbe": ready, **container}
    built = deployment(name, replicas=replicas)
    built["spec"]["template"]["spec"] = {"containers": [only]}
    return built


async def ready(live: Live, count: int, image: str = "") -> None:
    """Until so many pods, all of an image, are ready, and there are no others."""

    def holds() -> bool:
        pods = live.plane.api.list("pods", "default")
        if image and any(pod["spec"]["containers"][0]["image"] != image for pod in pods):
            return False
        return len(pods) == count and all(is_condition_true(pod, "Ready") for pod in pods)

    await live.until(holds)


async def fetch(live: Live, address: str, port: int = 80) -> str:
    """The body of a page at one of the cluster's addresses, asked for on this machine."""
    reader, writer = await asyncio.open_connection(live.loopback.place(address), live.loopback.real_port(address, port))
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
        answer = (await reader.read()).decode()
        assert answer.startswith("HTTP/1.0 200"), answer
        return answer.partition("\r\n\r\n")[2]
    finally:
        writer.close()


def test_a_service_spreads_connections_over_its_ready_pods(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.plane.api.create(service())
        live.plane.api.create(web(live.images.put_python("web:1", SERVER)))
        await ready(live, 2)
        address = live.plane.api.get("services", "web", "default")["spec"]["clusterIP"]
        await live.until(lambda: live.loopback.real_port(address, 80))
        seen = Counter([(await fetch(live, address)).split()[1] for _ in range(10)])
        assert sorted(seen.values()) == [5, 5]

    played(tmp_path, story)


@pytest.mark.parametrize("shares", [False, True], ids=["an address a pod", "one address for all"])
def test_a_pod_reaches_services_by_name_and_by_address_whatever_is_behind_them(tmp_path: Path, shares: bool) -> None:
    async def story(live: Live) -> None:
        live.plane.api.create(service())
        live.plane.api.create(service("nginx", ports=[{"port": 80}]))
        live.plane.api.create(service("heads", clusterIP="None", selector={"app": "web"}))
        live.plane.api.create(web(live.images.put_python("web:1", SERVER), 1))
        live.plane.api.create(deployment("nginx"))
        await ready(live, 2)
        address = live.plane.api.get("services", "web", "default")["spec"]["clusterIP"]
        urls = [
            "http://web", "http://web.default", "http://web.default.svc.cluster.local:80/", f"http://{address}",
            "http://heads:8080", "http://nginx.default.svc",
        ]  # fmt: skip
        live.run(live.images.put_python("client:1", CLIENT), "client", args=["python", "app.py", *urls])
        said = await live.said("nginx.default.svc", "client")
        assert [line.split()[1] for line in said] == ["grey", "grey", "grey", "grey", "grey", "<!DOCTYPE"]

    played(tmp_path, story, shares=shares)


def test_no_request_fails_while_a_well_behaved_app_is_updated(tmp_path: Path) -> None:
    async def story(live: Live) -> None:
        live.plane.api.create(service())
        live.plane.api.create(web(live.images.put_python("web:1", SERVER), 3))
        await ready(live, 3)
        address = live.plane.api.get("services", "web", "default")["spec"]["clusterIP"]
        await live.until(lambda: live.loopback.real_port(address, 80))
        over, pages = asyncio.Event(), list[str]()

        async def keep_asking() -> None:
            while not over.is_set():
                pages.append(await fetch(live, address))

        asking = [asyncio.create_task(keep_asking()) for _ in range(4)]
        image = live.images.put_python("web:2", SERVER)
        live.plane.api.patch(
            "deployments.apps", "web",
            {"spec": {"template": {"spec": {"containers": [
                {**web(image)["spec"]["template"]["spec"]["containers"][0],
                 "env": [{"name": "COLOUR", "value": "green"}]}
            ]}}}},
            "default",
        )  # fmt: skip
        await ready(live, 3, image)
        over.set()
        await asyncio.gather(*asking)
        colours = Counter(page.split()[0] for page in pages)
        assert colours["grey"] > 10
        assert colours["green"] > 10
        assert len({page.split()[1] for page in pages}) == 6

    played(tmp_path, story)
