"""A whole control plane in memory on a clock that a test moves, with its controls."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from builders import deployment

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.daemon.controls import LabControls, seeded
from gitopslab.controlplane.daemon.housekeeping import Housekeeper
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.store import Store
from gitopslab.machinery.jwt import SigningKey
from gitopslab.machinery.objects import Object

LEARNER = Caller("kubernetes-admin", ("system:masters",), "gitopslab")


class Lab:
    """A whole control plane on a clock that is held, with its controls."""

    def __init__(self, *, bare: bool = True, seed: int = 1, key: SigningKey | None = None) -> None:
        store = Store()
        self.clock, chance = seeded(store, seed)
        self.plane = ControlPlane(self.clock, store, bare=bare, key=key, chance=chance)
        self.plane.manager.add(Housekeeper(self.plane))
        self.plane.settle()
        self.controls = LabControls(self.plane, self.clock)
        self.api = self.plane.api
        self._learner = LocalApi(self.plane.verbs, LEARNER)

    def advance(self, seconds: float) -> None:
        """Let time pass; in a thread, because Playwright keeps an event loop in a test's own."""
        with ThreadPoolExecutor(1) as aside:
            aside.submit(asyncio.run, self.controls.advance(seconds)).result()

    def pods(self, namespace: str = "default") -> list[Object]:
        return self.api.list("pods", namespace)

    def node(self, name: str) -> Object:
        return self.api.get("nodes", name)

    def runs(self, component: str) -> bool:
        return next(bool(one["running"]) for one in self.controls.state()["components"] if one["name"] == component)

    def apply(self, obj: Object) -> None:
        """As ``lab.apply`` does: server-side, as the learner."""
        metadata = obj["metadata"]
        resource = self.plane.verbs.catalog.of(obj)
        assert resource is not None
        self._learner.patch(resource.key, metadata["name"], obj, metadata.get("namespace", ""), type="apply")

    def deploy(self, name: str, replicas: int = 1, cpu: str = "") -> None:
        """Apply a Deployment."""
        made = deployment(name, replicas=replicas)
        if cpu:
            made["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu}}
        self.apply(made)

    def objects(self, kinds: Sequence[str], *, told: bool = True) -> dict[str, list[Object]]:
        """What a widget that follows these kinds has at hand; ``told`` adds the cluster's own word."""
        catalog = self.plane.verbs.catalog
        found: dict[str, list[Object]] = {}
        for kind in kinds:
            resource = catalog.lookup(kind)
            assert resource is not None
            known = {"apiVersion": resource.api_version, "kind": resource.kind}
            found[kind] = [{**known, **obj} for obj in self.api.list(resource.key)]
        return {**found, "lab": [{**self.controls.state(), "received": 0.0}] if told else []}
