"""FlowSchemas and PriorityLevelConfigurations: whether each schema leads somewhere, and that the usual ones stay.

The manager calls both controllers when one of either changed. Upstream: ``apiserver/pkg/util/flowcontrol``, whose other
part, by which requests wait and are refused, is not here, and ``pkg/registry/flowcontrol/ensurer``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.server.flowcontrol import default_objects
from gitopslab.errors import AlreadyExistsError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.objects import condition_of, name_of

SCHEMAS = "flowschemas.flowcontrol.apiserver.k8s.io"
LEVELS = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"


class FlowDefaultsController:
    """Makes the objects of every API server again when somebody deletes one."""

    name = "priority-and-fairness-config-producer"

    def __init__(self, api: Api, manager: Manager) -> None:
        self._api = api
        self.sources: tuple[Source, ...] = (Source(SCHEMAS, _deletion), Source(LEVELS, _deletion))

    def reconcile(self, request: Request) -> Result:
        """Create what is missing under this name."""
        for obj in default_objects():
            if name_of(obj) == request.name:
                with contextlib.suppress(AlreadyExistsError):
                    self._api.create(obj)
        return DONE


def _deletion(event: WatchEvent) -> Iterable[Request]:
    return (Request("", name_of(event.object)),) if event.type == "DELETED" else ()


class FlowSchemaController:
    """Reconciles FlowSchemas to their condition."""

    name = "priority-and-fairness-config-consumer"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._schemas = manager.informer(SCHEMAS)
        self._levels = manager.informer(LEVELS)
        self.sources: tuple[Source, ...] = (Source(SCHEMAS), Source(LEVELS, self._leading_to))

    def reconcile(self, request: Request) -> Result:
        """Write the condition Dangling."""
        schema = self._schemas.get(request.name)
        if schema is None:
            return DONE
        level = schema["spec"]["priorityLevelConfiguration"]["name"]
        is_there = self._levels.get(level) is not None
        status, reason = ("False", "Found") if is_there else ("True", "NotFound")
        there = condition_of(schema, "Dangling")
        if there is None or there.get("status") != status:
            message = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}" '
            condition = {
                "type": "Dangling", "status": status, "reason": reason,
                "message": message + ("and it exists" if is_there else "but there is no such object"),
                "lastTransitionTime": timestamp(self._clock.now()),
            }  # fmt: skip
            head = {"apiVersion": schema["apiVersion"], "kind": schema["kind"], "metadata": {"name": request.name}}
            told = {**head, "status": {"conditions": [condition]}}
            self._api.patch(SCHEMAS, request.name, told, type="apply", subresource="status")
        return DONE

    def _leading_to(self, event: WatchEvent) -> Iterable[Request]:
        level = name_of(event.object)
        leading = (found for found in self._schemas if found["spec"]["priorityLevelConfiguration"]["name"] == level)
        return [Request("", name_of(found)) for found in leading]
