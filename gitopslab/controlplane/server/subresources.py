"""Subresources of a pod that are not the pod itself: what is posted to them is carried out and not kept.

Called by ``verbs`` when a request names one. ``binding`` and ``eviction`` carry it out; ``scaling`` has scale.
``status``, ``finalize``, ``resize`` and ``ephemeralcontainers`` are plain updates of a part of the parent and are not
here. Streams (``log``, ``exec``) belong to ``http``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitopslab.controlplane.server.admission.pods import copy_topology
from gitopslab.controlplane.server.binding import bind
from gitopslab.controlplane.server.eviction import evict
from gitopslab.controlplane.server.identity import place
from gitopslab.controlplane.server.options import Caller, WriteOptions
from gitopslab.controlplane.server.records import Record
from gitopslab.controlplane.server.registry import retried
from gitopslab.errors import bad_request
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, name_of

if TYPE_CHECKING:
    from gitopslab.controlplane.server.verbs import Verbs


BINDINGS = "bindings"
"""The old spelling of ``pods/NAME/binding``."""


def post(
    verbs: Verbs,
    who: Caller,
    resource: Resource,
    subresource: str,
    namespace: str,
    name: str,
    obj: Object,
    options: WriteOptions,
) -> Record:
    """Carry out what was posted to ``binding`` or ``eviction`` of a pod, or to ``bindings``."""
    made, pods = _posted(verbs, subresource, namespace, obj), verbs.built_in("pods")
    if not name and not name_of(made):
        raise bad_request("Name parameter required.")
    if name and name_of(made) != name:
        raise bad_request(f"name in URL does not match name in {made['kind']} object")
    name = name_of(made)
    verbs.consult(who, "CREATE", resource, subresource, namespace, name, made, options)
    if subresource == "eviction":
        return evict(verbs, who, pods, namespace, name, made, options)
    return retried(lambda: bind(verbs, who, pods, namespace, name, made, options))


def _posted(verbs: Verbs, subresource: str, namespace: str, given: Object) -> Object:
    """A Binding or Eviction as admission is told of it.

    A Binding has the zone and region of its node as labels (the PodTopologyLabels admission plugin, since 1.35), which
    the pod gets with it; one of the old spelling has not.
    """
    kind, version = ("Eviction", "policy/v1") if subresource == "eviction" else ("Binding", "v1")
    made = {**given, "kind": kind, "apiVersion": version, "metadata": dict(given.get("metadata") or {})}
    place(made["metadata"], namespace)
    if subresource == "binding":
        copy_topology(made, (given.get("target") or {}).get("name") or "", verbs.reader)
    return made
