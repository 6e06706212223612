"""One run: send requests from a seed to a cluster, and look at everything that comes of it."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from fuzzing import wire
from fuzzing.requests import Request, Requests, pod
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.machinery.kinds import Catalog

_CONNECTIONS = 8
_FORMS = (
    "application/json",
    "application/yaml",
    "application/json;as=Table;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
)


@dataclass
class Report:
    """What came of a run.

    Attributes:
        codes: How often each status was answered; 0 is a connection that was closed without an answer.
        faults: What went wrong, with the request that did it.
    """

    codes: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        answers = ", ".join(f"{count} times {code or 'hung up'}" for code, count in sorted(self.codes.items()))
        return f"{sum(self.codes.values())} requests: {answers}; {len(self.faults)} faults"


def hammer(cluster: EmbeddedCluster, seed: int, count: int, say: Callable[[str], None] = lambda _: None) -> Report:
    """Send so many requests to a cluster and look at everything that comes of it."""
    report = Report()
    log = cluster.kubeconfig.parent / "daemon.log"
    already = log.stat().st_size
    process = psutil.Process(int(json.loads((log.parent / "daemon.json").read_text())["pid"]))
    server = _server(cluster.kubeconfig)
    asyncio.run(_hammer(server, seed, count, report, process, say))
    cluster.down()
    cluster.up()
    asyncio.run(_sweep(server, report))
    with open(log, encoding="utf-8", errors="replace") as file:
        file.seek(already)
        if said := file.read():
            report.faults.append(f"the log has grown:\n{said[-6000:]}")
    return report


async def _hammer(
    server: wire.Server, seed: int, count: int, report: Report, process: psutil.Process, say: Callable[[str], None]
) -> None:
    await _prepare(server)
    before = process.num_fds()
    made = Requests(seed)
    numbered = enumerate(made.next() for _ in range(count))
    await asyncio.gather(*(_work(server, numbered, count, report, say) for _ in range(_CONNECTIONS)))
    await _sweep(server, report)
    for _ in range(100):
        if process.num_fds() <= before + 4:
            return
        await asyncio.sleep(0.1)
    report.faults.append(f"{process.num_fds() - before} connections stayed behind")


async def _prepare(server: wire.Server) -> None:
    client = wire.Client(server)
    for path, body in (
        ("namespaces", b'{"metadata":{"name":"fuzz"}}'),
        ("namespaces/fuzz/serviceaccounts", b'{"metadata":{"name":"default"}}'),
        ("namespaces/fuzz/pods", pod()),
    ):
        await client.send(Request("POST", f"/api/v1/{path}", [("Content-Type", "application/json")], body))
    await client.close()


async def _work(
    server: wire.Server, numbered: Iterator[tuple[int, Request]], count: int, report: Report, say: Callable[[str], None]
) -> None:
    client = wire.Client(server)
    for number, request in numbered:
        await _one(client, number, request, report, say)
        if number % 1000 == 999:
            say(f"{number + 1} of {count}: {len(report.faults)} faults")
    await client.close()


async def _one(client: wire.Client, number: int, request: Request, report: Report, say: Callable[[str], None]) -> None:
    try:
        answer = await client.send(request)
    except TimeoutError:
        problem = f"no answer in {wire.PATIENCE:.0f} s"
    else:
        report.codes[answer.code] += 1
        problem = wire.fault(request, answer)
    if problem:
        report.faults.append(f"request {number}: {request}\n    {problem}")
        say(report.faults[-1])


async def _sweep(server: wire.Server, report: Report) -> None:
    """Whatever was taken can be listed, in every form, and the server is well."""
    client = wire.Client(server)
    paths = [
        f"/{'apis/' + found.group if found.group else 'api'}/{found.version}/{found.plural}"
        for found in Catalog()
        if "list" in found.verbs
    ]
    for path in [*paths, "/apis/fuzz.example.com/v1/things", "/readyz", "/openapi/v3/apis/fuzz.example.com/v1"]:
        for form in _FORMS:
            answer = await client.send(Request("GET", path, [("Accept", form)]))
            if answer.code not in (200, 404) or (answer.code == 404 and "fuzz" not in path):
                report.faults.append(f"afterwards {path} as {form}: {answer.code} {answer.body[:800]!r}")
    await client.close()


def _server(kubeconfig: Path) -> wire.Server:
    config: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    host, _, port = cluster["server"].removeprefix("https://").partition(":")
    tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    return wire.Server(host, int(port), tls, config["users"][0]["user"]["token"])
