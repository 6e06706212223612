"""An APIService for every group version that the API server serves, as the real one registers them with itself.

``bootstrap`` makes those of the built-in groups at every start; the manager calls the controller when a
CustomResourceDefinition or APIService changed. What is served does not follow from these objects but they from it.

Upstream: ``pkg/controlplane/apiserver/aggregator.go`` and ``crdregistration``; ``kube-aggregator``'s ``autoregister``.

Simplified: a group is served even when somebody deletes its APIService.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import AlreadyExistsError, NotFoundError
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, is_condition_true, labels_of, name_of

SERVICES = "apiservices.apiregistration.k8s.io"
_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_MANAGED = "kube-aggregator.kubernetes.io/automanaged"
_ALWAYS = "true"
_ALL = Request("", "")  # they are few, and looked at together
_CUSTOM = (1000, 100)
_METRICS = (100, 100)
_GROUPS = {
    "": 18000, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700, "authorization.k8s.io": 17600,
    "autoscaling": 17500, "batch": 17400, "certificates.k8s.io": 17300, "networking.k8s.io": 17200, "policy": 17100,
    "rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800, "apiextensions.k8s.io": 16700,
    "admissionregistration.k8s.io": 16700, "scheduling.k8s.io": 16600, "coordination.k8s.io": 16500,
    "node.k8s.io": 16300, "discovery.k8s.io": 16200, "resource.k8s.io": 16200, "flowcontrol.apiserver.k8s.io": 16100,
}  # fmt: skip
"""How far in front a group is listed; other groups are nobody's built-in ones."""

_VERSIONS = {
    ("", "v1"): 1, ("autoscaling", "v2"): 30, ("flowcontrol.apiserver.k8s.io", "v1"): 21, ("resource.k8s.io", "v1"): 21,
}  # fmt: skip
_VERSION = 15
_OWN = "apiregistration.k8s.io"  # of the aggregator itself, which does not register with itself


def built_in(resources: Iterable[Resource]) -> list[Object]:
    """The APIServices of what is served without a CustomResourceDefinition."""
    served = dict.fromkeys((row.group, row.version) for row in resources if row.group != _OWN)
    return [_service(group, version, "onstart", *_priority(group, version)) for group, version in served]


def _priority(group: str, version: str) -> tuple[int, int]:
    return (_GROUPS[group], _VERSIONS.get((group, version), _VERSION)) if group in _GROUPS else _METRICS


def _service(group: str, version: str, managed: str, group_priority: int, version_priority: int) -> Object:
    spec = {"version": version, "groupPriorityMinimum": group_priority, "versionPriority": version_priority}
    return {
        "apiVersion": f"{_OWN}/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}", "labels": {_MANAGED: managed}},
        "spec": {"group": group, **spec} if group else spec,
    }


def of_definitions(definitions: Iterable[Object]) -> list[Object]:
    """The APIServices of the group versions that custom resources are served in."""
    served = {
        (definition["spec"]["group"], version["name"])
        for definition in definitions
        if is_condition_true(definition, "Established")
        for version in definition["spec"]["versions"]
        if version.get("served")
    }
    return [_service(group, version, _ALWAYS, *_CUSTOM) for group, version in sorted(served)]


class ApiServiceController:
    """Registers the groups of custom resources, and takes them off with the last definition."""

    name = "crd-autoregister-controller"

    def __init__(self, api: Api, manager: Manager) -> None:
        self._api = api
        self._definitions = manager.informer(_DEFINITIONS)
        self._services = manager.informer(SERVICES)
        self.sources: tuple[Source, ...] = (Source(_DEFINITIONS, _all), Source(SERVICES, _all))

    def reconcile(self, request: Request) -> Result:
        """Create what is missing, and delete what was registered here and is no longer served."""
        wanted = {name_of(service): service for service in of_definitions(self._definitions)}
        there = {name_of(service): service for service in self._services}
        for name in wanted.keys() - there.keys():
            try:
                self._api.create(wanted[name])
            except AlreadyExistsError:
                continue
        for name in there.keys() - wanted.keys():
            if labels_of(there[name]).get(_MANAGED) == _ALWAYS:
                self._delete(name)
        return DONE

    def _delete(self, name: str) -> None:
        try:
            self._api.delete(SERVICES, name)
        except NotFoundError:
            return


def _all(event: WatchEvent) -> Iterable[Request]:
    return (_ALL,)
