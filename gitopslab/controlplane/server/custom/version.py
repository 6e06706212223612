"""One version of a definition, read once: its schema, columns, subresources and selectable fields.

``registry`` builds these from a CustomResourceDefinition and hands them out inside ``CustomResource``, the resource
type that the rest of the server and ``http`` meet. Everything costly (the schema's tree, field ownership, CEL) is made
when it is first asked for and kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import orjson

from gitopslab.controlplane.server.custom.ownership import struct_of
from gitopslab.controlplane.server.custom.structural import Node
from gitopslab.machinery.kinds import Resource, Subresource
from gitopslab.machinery.names import version_rank
from gitopslab.machinery.objects import Object, is_condition_true
from gitopslab.machinery.schema import Struct

if TYPE_CHECKING:
    from gitopslab.controlplane.server.custom.cel.rules import Rules

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_AGE: Object = {
    "name": "Age",
    "type": "date",
    "jsonPath": ".metadata.creationTimestamp",
    "description": "When the object was created.",
}


class Version:
    """What a definition says of one of its versions.

    Args:
        definition: The CustomResourceDefinition; shared, not changed.
        version: The entry of ``spec.versions``.
    """

    def __init__(self, definition: Object, version: Object) -> None:
        self._definition = definition
        self._version = version

    @property
    def name(self) -> str:
        """As in ``v1``."""
        return str(self._version["name"])

    @property
    def schema(self) -> Object:
        """The ``openAPIV3Schema``."""
        found: Object = (self._version.get("schema") or {}).get("openAPIV3Schema") or {}
        return found

    @cached_property
    def root(self) -> Node:
        """The schema as a tree."""
        return Node(self.schema)

    @cached_property
    def struct(self) -> Struct:
        """The kind as field ownership sees it."""
        return struct_of(self.root)

    @cached_property
    def rules(self) -> Rules | None:
        """The CEL rules, compiled; None when there are none."""
        if not self.root.has_rules:
            return None
        # The CEL library takes some 20 MB: only clusters with rules pay for it.
        from gitopslab.controlplane.server.custom.cel.rules import rules_of

        return rules_of(self.root)

    @property
    def has_status(self) -> bool:
        """Whether status is written through its own subresource."""
        return "status" in self._subresources

    @property
    def scale(self) -> Object | None:
        """Where replicas are (``specReplicasPath`` …); None without the scale subresource."""
        return self._subresources.get("scale")

    @property
    def columns(self) -> list[Object]:
        """The ``additionalPrinterColumns``, or the age."""
        return self._version.get("additionalPrinterColumns") or [_AGE]

    @property
    def selectable(self) -> tuple[str, ...]:
        """The paths that field selectors may ask for, as in ``spec.colour``."""
        found = self._version.get("selectableFields") or ()
        return tuple(str(one["jsonPath"]).removeprefix(".") for one in found)

    @property
    def storage_api_version(self) -> str:
        """The ``apiVersion`` under which objects are kept."""
        spec = self._definition["spec"]
        return f"{spec['group']}/{next(one['name'] for one in spec['versions'] if one.get('storage'))}"

    @property
    def webhook(self) -> Object | None:
        """What converts objects from and into this version; None when only the ``apiVersion`` differs."""
        conversion = self._definition["spec"].get("conversion") or {}
        return conversion.get("webhook") if conversion.get("strategy") == "Webhook" else None

    @property
    def warning(self) -> str:
        """What to tell everybody who uses a deprecated version; empty otherwise."""
        if not self._version.get("deprecated"):
            return ""
        given = self._version.get("deprecationWarning")
        return str(given) if given is not None else self._default_warning()

    def _default_warning(self) -> str:
        spec = self._definition["spec"]
        message = f"{spec['group']}/{self.name} {spec['names']['kind']} is deprecated"
        better = [
            one["name"]
            for one in spec["versions"]
            if one.get("served") and not one.get("deprecated") and version_rank(one["name"]) > version_rank(self.name)
        ]
        if not better:
            return message
        return f"{message}; use {spec['group']}/{max(better, key=version_rank)} {spec['names']['kind']}"

    @property
    def _subresources(self) -> Object:
        return self._version.get("subresources") or {}

    def subresources(self) -> tuple[Subresource, ...]:
        """As discovery tells them."""
        found = []
        if self.has_status:
            found.append(Subresource("status"))
        if self.scale is not None:
            found.append(Subresource("scale", group="autoscaling", version="v1", kind="Scale"))
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomResource(Resource):
    """A resource type that a definition made.

    Attributes:
        digest: Changes whenever the definition's spec does, so that what was made of it is made anew.
        is_terminating: Whether its definition is being deleted.
        version_spec: What the definition says of this version.
    """

    digest: str
    is_terminating: bool = False
    version_spec: Version = field(compare=False, repr=False)


def resources_of(definition: Object) -> list[tuple[CustomResource, bool]]:
    """The resource types of an established definition, the storage version first, each with whether it is served."""
    spec, accepted = definition["spec"], definition["status"]["acceptedNames"]
    digest = hashlib.sha256(orjson.dumps([spec, accepted], option=orjson.OPT_SORT_KEYS)).hexdigest()
    terminating = is_condition_true(definition, "Terminating")
    found = []
    for entry in sorted(spec["versions"], key=lambda one: not one.get("storage")):
        version = Version(definition, entry)
        resource = CustomResource(
            group=spec["group"],
            version=version.name,
            kind=accepted["kind"],
            plural=accepted["plural"],
            namespaced=spec["scope"] == "Namespaced",
            short_names=tuple(accepted.get("shortNames") or ()),
            categories=tuple(accepted.get("categories") or ()),
            verbs=_VERBS,
            subresources=version.subresources(),
            tracks_generation=True,
            singular=accepted.get("singular") or "",
            listed_as=accepted.get("listKind") or "",
            custom=True,
            digest=digest,
            is_terminating=terminating,
            version_spec=version,
        )
        found.append((resource, bool(entry.get("served"))))
    return found
