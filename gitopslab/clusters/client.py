"""The Kubernetes API over HTTPS, on any cluster: embedded, kind, k3d, kwok or a named context.

Called by ``lab``, widgets and checks; it calls ``connection`` for the wire, ``discovery`` for what exists and ``watch``
for the stream of changes. Objects are plain dictionaries, kinds are written in any spelling kubectl accepts, and what
goes wrong is raised as ``errors.ApiError`` with the server's own words.
Starting clusters is left to their own modules, printing to ``lab``.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import orjson

from gitopslab import errors
from gitopslab.clusters.connection import Connection
from gitopslab.clusters.discovery import discover
from gitopslab.clusters.watch import Watch
from gitopslab.controlplane.runtime.api import PatchType, Propagation
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, name_of, namespace_of

FIELD_MANAGER = "gitopslab"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PAGE_SIZE = 500
_PATCH_TYPES: dict[PatchType, str] = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
Outcome = Literal["created", "configured", "unchanged"]
Objects = list[Object]  # named, because inside the class ``list`` is a method


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did.

    Attributes:
        object: The object as it is now.
        outcome: ``created``, ``configured`` or ``unchanged``, as kubectl says it.
    """

    object: Object
    outcome: Outcome


class Client:
    """One identity on one cluster.

    Args:
        kubeconfig: The file that names the cluster; nothing else decides which cluster is meant.
        context: The context in it; empty for its current one.
        on_warning: Called with the text of each ``Warning`` the server sends along.

    A ``kind`` may be written ``pods``, ``po``, ``Pod``, ``deploy``, ``deployments.apps``, …

    Example:
        >>> client = Client("/path/of/kubeconfig")
        >>> client.get("pod", "web", "default")["status"]["phase"]
        'Running'
    """

    def __init__(
        self, kubeconfig: str | Path, context: str = "", *, on_warning: Callable[[str], None] | None = None
    ) -> None:
        self.connection = Connection(Path(kubeconfig), context)
        self._on_warning = on_warning
        self._catalog: Catalog | None = None
        self._documents: dict[str, Object] = {}
        self._discovered = 0.0

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self.connection.server

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Any:
        """One request, for what the verbs below do not cover: JSON in (or bytes as they are), JSON out."""
        headers = {"Accept": accept}
        data: bytes | None = None
        if body is not None:
            data = body if isinstance(body, bytes) else orjson.dumps(body)
            headers["Content-Type"] = content_type
        answer = self.connection.send(method, path, query=query, body=data, headers=headers)
        if self._on_warning is not None:
            for warning in answer.headers.getlist("Warning"):
                self._on_warning(_warning_text(warning))
        if "json" not in answer.headers.get("Content-Type", "json"):
            return answer.data.decode(errors="replace")
        return orjson.loads(answer.data) if answer.data else {}

    def discovery(self, *, fresh: bool = False) -> Catalog:
        """What the cluster serves; asked once and remembered, unless ``fresh``."""
        if self._catalog is None or fresh:
            self._catalog = discover(lambda path, accept: self.request("GET", path, accept=accept))
            self._discovered = time.monotonic()
        return self._catalog

    def resource(self, kind: str | Object) -> Resource:
        """The type that a word or an object names.

        Raises:
            NotFoundError: The cluster serves no such type.
        """
        found = self._find(kind)
        # A CustomResourceDefinition may have come since; a typing error must not cost a discovery each time.
        if found is None and time.monotonic() - self._discovered > 1:
            self.discovery(fresh=True)
            found = self._find(kind)
        if found is None:
            raise self._unknown(kind)
        return found

    def path(self, resource: Resource, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of a collection, or (with ``name``) of an object or a part of it.

        Raises:
            LabError: Nothing can have that name or be in that namespace.
        """
        parts = ["/apis/" + resource.group if resource.group else "/api", resource.version]
        if resource.namespaced and namespace:
            parts += ["namespaces", _segment(namespace)]
        parts.append(resource.plural)
        if name:
            parts.append(_segment(name))
        return "/".join([*parts, subresource] if subresource else parts)

    def get(self, kind: str, name: str, namespace: str = "default", *, subresource: str = "") -> Object:
        """One object.

        Raises:
            NotFoundError: There is none.
        """
        found: Object = self.request("GET", self._path_of(kind, name, namespace, subresource))
        return found

    def list(self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> Objects:
        """All objects of a kind, of one namespace or (empty) of all."""
        return self.list_with_revision(kind, namespace, labels=labels, fields=fields)[0]

    def list_with_revision(
        self, kind: str, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> tuple[Objects, str]:
        """All objects of a kind, and the resourceVersion a watch can begin from."""
        resource = self.resource(kind)
        query = {"limit": str(PAGE_SIZE), **_selectors(labels, fields)}
        items: Objects = []
        while True:
            page = self.request("GET", self.path(resource, namespace), query=query)
            for item in page.get("items") or []:
                # A typed list leaves these out of its items; whoever gets a single one needs them.
                items.append({"apiVersion": resource.api_version, "kind": resource.kind, **item})
            following = page.get("metadata", {}).get("continue")
            if not following:
                return items, page.get("metadata", {}).get("resourceVersion") or ""
            query["continue"] = following

    def list_at(self, kind: str, revision: int, namespace: str = "") -> Objects:
        """All objects of a kind as they were at a resourceVersion.

        Raises:
            GoneError: The server no longer knows; etcd of most clusters forgets after five minutes.
        """
        resource = self.resource(kind)
        query = {"resourceVersion": str(revision), "resourceVersionMatch": "Exact"}
        found = self.request("GET", self.path(resource, namespace), query=query)
        known = {"apiVersion": resource.api_version, "kind": resource.kind}
        return [{**known, **item} for item in found.get("items") or []]

    def table(
        self,
        kind: str,
        namespace: str = "",
        *,
        name: str = "",
        labels: str = "",
        fields: str = "",
        include: Literal["Object", "Metadata"] = "Object",
    ) -> Object:
        """The server's own ``Table`` of a kind: kubectl's columns, with the object of each row or its metadata."""
        query = {"includeObject": include, **_selectors(labels, fields)}
        table: Object = self.request("GET", self.path(self.resource(kind), namespace, name), query=query, accept=TABLE)
        return table

    def openapi(self, api_version: str, *, fresh: bool = False) -> Object:
        """The OpenAPI v3 document of a group version, asked once; empty when the cluster has none."""
        if fresh or api_version not in self._documents:
            group = f"apis/{api_version}" if "/" in api_version else f"api/{api_version}"
            try:
                self._documents[api_version] = self.request("GET", f"/openapi/v3/{quote(group)}")
            except errors.NotFoundError:
                self._documents[api_version] = {}
        return self._documents[api_version]

    def dry_run(self, obj: Object, namespace: str = "default") -> None:
        """Have the server check an object, strictly, as if it were applied; nothing is stored.

        Creating is tried first, because that tells all unknown fields at once and an apply only the first.

        Raises:
            ApiError: It would not be accepted.
        """
        query = {"dryRun": "All", "fieldValidation": "Strict", "fieldManager": FIELD_MANAGER}
        resource, place = self.resource(obj), namespace_of(obj) or namespace
        try:
            self.request("POST", self.path(resource, place), obj, query)
        except errors.AlreadyExistsError:
            path = self.path(resource, place, name_of(obj))
            self.request("PATCH", path, obj, {**query, "force": "true"}, _PATCH_TYPES["apply"])

    def create(self, obj: Object, namespace: str = "default") -> Object:
        """Store a new object.

        Raises:
            AlreadyExistsError: The name is taken.
        """
        made: Object = self.request("POST", self.path(self.resource(obj), namespace_of(obj) or namespace), obj)
        return made

    def apply(
        self, obj: Object, namespace: str = "default", *, force: bool = True, manager: str = FIELD_MANAGER
    ) -> Applied:
        """Server-side apply: make the object as ``obj`` says, and leave what it does not mention alone.

        Args:
            obj: Any manifest; it needs ``apiVersion``, ``kind`` and a name.
            namespace: Where it goes when the manifest does not say.
            force: Take over fields that somebody else set; without it that is a ``ConflictError``.
            manager: Who owns what is applied.

        Raises:
            ManifestError: It has no name.
        """
        resource = self.resource(obj)
        if not name_of(obj):
            raise errors.ManifestError(
                f"a {resource.kind} here has no name", "Write name: …, indented, below metadata:."
            )
        path = self.path(resource, namespace_of(obj) or namespace, name_of(obj))
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        before = self._find_at(path)
        after = self.request("PATCH", path, obj, query, _PATCH_TYPES["apply"])
        if before is None:
            return Applied(after, "created")
        same = before["metadata"].get("resourceVersion") == after["metadata"].get("resourceVersion")
        return Applied(after, "unchanged" if same else "configured")

    def patch(
        self,
        kind: str,
        name: str,
        patch: Any,
        namespace: str = "default",
        *,
        type: PatchType = "merge",
        subresource: str = "",
    ) -> Object:
        """Change part of an object; in a merge patch None removes a key."""
        path = self._path_of(kind, name, namespace, subresource)
        changed: Object = self.request("PATCH", path, patch, {"fieldManager": FIELD_MANAGER}, _PATCH_TYPES[type])
        return changed

    def delete(
        self,
        kind: str,
        name: str,
        namespace: str = "default",
        *,
        propagation: Propagation | None = None,
        grace_seconds: int | None = None,
    ) -> Object:
        """Ask for deletion; the object may stay a while, until its finalizers and its kubelet let go."""
        wishes = {"propagationPolicy": propagation, "gracePeriodSeconds": grace_seconds}
        options = {"apiVersion": "v1", "kind": "DeleteOptions"} | {k: v for k, v in wishes.items() if v is not None}
        gone: Object = self.request("DELETE", self._path_of(kind, name, namespace), options)
        return gone

    def watch(
        self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "", resource_version: str = ""
    ) -> Watch:
        """Follow a kind: what is there now and then every change, or (``resource_version``) only what came later."""
        return Watch(
            self,
            self.resource(kind),
            namespace,
            selectors=_selectors(labels, fields),
            resource_version=resource_version,
        )

    def logs(
        self,
        pod: str,
        namespace: str = "default",
        *,
        container: str = "",
        tail: int | None = None,
        previous: bool = False,
    ) -> str:
        """What a container has printed."""
        query = {"container": container, "tailLines": "" if tail is None else str(tail)}
        query["previous"] = "true" if previous else ""
        path = self._path_of("pods", pod, namespace, "log")
        text = self.connection.send("GET", path, query={key: value for key, value in query.items() if value}).data
        return text.decode(errors="replace")

    def close(self) -> None:
        """Drop idle connections; watches are closed by whoever opened them."""
        self.connection.close()

    def _path_of(self, kind: str, name: str, namespace: str, subresource: str = "") -> str:
        """The path of one object; without a name it would be that of all of them, which is never meant."""
        resource = self.resource(kind)
        if not name:
            raise errors.LabError(f"which {resource.single} is meant? Its name is empty", "give its name")
        return self.path(resource, namespace, name, subresource)

    def _find(self, kind: str | Object) -> Resource | None:
        catalog = self.discovery()
        return catalog.lookup(kind) if isinstance(kind, str) else catalog.of(kind)

    def _find_at(self, path: str) -> Object | None:
        try:
            found: Object = self.request("GET", path)
        except errors.NotFoundError:
            return None
        return found

    def _unknown(self, kind: str | Object) -> errors.NotFoundError:
        if not isinstance(kind, str):
            version, name = kind.get("apiVersion"), kind.get("kind")
            message = f'no matches for kind "{name}" in version "{version}"'
            known = {each.kind: f"{each.kind} ({each.api_version})" for each in self.discovery()}
            close = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean {known[close[0]]}?" if close else "is its CustomResourceDefinition installed?"
            return errors.NotFoundError(404, "NotFound", message, hint=hint)
        words = {word for each in self.discovery() for word in (each.plural, each.single, *each.short_names)}
        close = difflib.get_close_matches(kind.lower(), words, n=1)
        hint = f"did you mean {close[0]}?" if close else 'lab.kubectl("api-resources") lists what there is'
        return errors.NotFoundError(404, "NotFound", f'the server doesn\'t have a resource type "{kind}"', hint=hint)


def _selectors(labels: str, fields: str) -> dict[str, str]:
    return {key: text for key, text in (("labelSelector", labels), ("fieldSelector", fields)) if text}


def _segment(name: str) -> str:
    """A name as a part of a path; what would lead to another path is no name (``rest.IsValidPathSegmentName``)."""
    if name in (".", "..") or "/" in name or "%" in name:
        raise errors.LabError(f"{name!r} cannot be a name", "names are made of letters, digits, - and .")
    return quote(name, safe=":")


def _warning_text(header: str) -> str:
    """The text of a ``Warning`` header: ``299 - "words"``."""
    return header.partition('"')[2].rstrip('"').replace('\\"', '"') or header
