"""What the API server says of itself: groups, versions, resources and its own version.

Called by ``app``; reads the catalog anew for every request, so a custom resource shows as soon as it is served. Newer
clients fetch everything at once (aggregated discovery), older ones group by group; both are built from the same rows.
What the fields of a kind are is ``openapi``'s. Upstream: ``apiserver/pkg/endpoints/discovery``.
"""

from __future__ import annotations

import base64
import hashlib
import platform
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from gitopslab.controlplane.http.answers import NOT_FOUND, UNAVAILABLE, Answer, line
from gitopslab.controlplane.http.binary import encoded
from gitopslab.controlplane.http.health import HEALTH_PATHS
from gitopslab.controlplane.http.metrics import PATH as METRICS
from gitopslab.controlplane.http.negotiation import OBJECTS, check_route, media_ranges, untransformed
from gitopslab.controlplane.http.openid import CONFIGURATION, KEYS
from gitopslab.controlplane.http.request import method_not_allowed, nowhere
from gitopslab.controlplane.http.security import Headers
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.machinery import version
from gitopslab.machinery.kinds import Catalog, Resource, Subresource
from gitopslab.machinery.names import version_rank
from gitopslab.machinery.objects import Object

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""The media type of aggregated discovery; clients tell it from the old form by this very text."""

_ORDER = (
    "apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "autoscaling",
    "batch", "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io",
    "admissionregistration.k8s.io", "apiextensions.k8s.io", "scheduling.k8s.io", "coordination.k8s.io", "node.k8s.io",
    "discovery.k8s.io", "resource.k8s.io", "flowcontrol.apiserver.k8s.io",
)  # fmt: skip  # by priority, as the real server's APIServices have it; other groups follow by name

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}  # as Go calls them

Versions = dict[str, list[Resource]]


@dataclass(frozen=True, slots=True)
class Served:
    """What is told of.

    Attributes:
        catalog: What is served here.
        elsewhere: Groups and versions that other servers were registered for, none of which can be reached.
        address: Where clients find the server.
    """

    catalog: Catalog
    elsewhere: Sequence[tuple[str, str]]
    address: str


def discover(served: Served, method: str, path: str, headers: Headers) -> Answer:
    """Answer ``/api``, ``/apis`` or anything below them that is no resource.

    Args:
        served: What there is.
        method: Of the request.
        path: Of the request.
        headers: Of the request.

    Raises:
        ApiError: 404 for a version that a group of the server's own has not, 405 for another method than GET on one
            it has, 406 when the client takes none of its forms.
    """
    catalog, groups = served.catalog, _groups(served.catalog, served.elsewhere)
    parts = [part for part in path.split("/") if part]
    accept = headers.get(b"accept", b"").decode("latin-1")
    if _is_routed(catalog, parts):
        if method != "GET":
            raise method_not_allowed()
        check_route(accept, OBJECTS)
    if len(parts) == 1:
        if _wants_aggregated(accept):
            return _cacheable(_aggregated(groups, legacy=parts[0] == "api"), AGGREGATED, headers)
        found: Object | None = _api_versions(groups, served.address) if parts[0] == "api" else _group_list(groups)
    elif parts[0] == "api":
        found = _resource_list(groups, "", parts[1]) if len(parts) == 2 else None
    elif len(parts) == 2:
        found = _group(groups, parts[1])
    else:
        if (parts[1], parts[2]) in served.elsewhere:
            return UNAVAILABLE
        found = _resource_list(groups, parts[1], parts[2]) if len(parts) == 3 else None
    if found is None:
        if _is_own(catalog, parts):
            raise nowhere()
        return NOT_FOUND
    return encoded(Answer(200, line(found)), untransformed(accept))


def _is_routed(catalog: Catalog, parts: list[str]) -> bool:
    """Whether the router knows a path; of the others plain handlers answer any method."""
    if parts[0] == "api":
        return len(parts) == 1 or any(not one.group and one.version == parts[1] for one in catalog)
    return len(parts) == 3 and any([one.group, one.version] == parts[1:] and not one.custom for one in catalog)


def _is_own(catalog: Catalog, parts: list[str]) -> bool:
    """Whether a path lies in a group of the server's own."""
    return parts[0] == "api" or any(one.group == parts[1] and not one.custom for one in catalog)


def server_version() -> Answer:
    """``/version``."""
    machine = platform.machine().lower()
    found = {
        "major": version.MAJOR,
        "minor": version.MINOR,
        "emulationMajor": version.MAJOR,
        "emulationMinor": version.MINOR,
        "minCompatibilityMajor": version.MAJOR,
        "minCompatibilityMinor": str(int(version.MINOR) - 1),
        "gitVersion": version.SERVER,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "cpython",
        "platform": f"{platform.system().lower()}/{_MACHINES.get(machine, machine)}",
    }
    return Answer(200, orjson.dumps(found, option=orjson.OPT_INDENT_2))


def paths(catalog: Catalog) -> list[str]:
    """The paths that ``/`` lists."""
    found = {
        "/api",
        "/apis",
        "/apis/",
        "/openapi/v2",
        "/openapi/v3",
        "/openapi/v3/",
        "/version",
        METRICS,
        CONFIGURATION,
        KEYS,
    }
    found |= set(HEALTH_PATHS)
    for resource in catalog:
        base = f"/apis/{resource.group}" if resource.group else "/api"
        found |= {base, f"{base}/{resource.version}"}
    return sorted(found)


def _wants_aggregated(accept: str) -> bool:
    """Whether the newest form comes before plain JSON; its beta is no longer served, as since 1.33."""
    for media_type, parameters in media_ranges(accept):
        if media_type == "application/json":
            wanted = (parameters.get("g"), parameters.get("v"), parameters.get("as"))
            if wanted == ("apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList"):
                return True
            if "as" not in parameters:
                return False
    return False


def _cacheable(body: Object, media_type: str, headers: Headers) -> Answer:
    """An answer with an ETag, so that kubectl's cache need not fetch it again."""
    content = line(body)
    tag = b'"' + hashlib.sha256(content).hexdigest().upper().encode() + b'"'
    fields = ((b"etag", tag), (b"vary", b"Accept"), (b"cache-control", b"public"))
    is_known = headers.get(b"if-none-match") == tag
    return Answer(304 if is_known else 200, b"" if is_known else content, media_type.encode(), headers=fields)


def _groups(catalog: Catalog, elsewhere: Sequence[tuple[str, str]]) -> dict[str, Versions]:
    """Groups in the order the real server lists them, each with its versions, the preferred first."""
    found: dict[str, Versions] = defaultdict(lambda: defaultdict(list))
    for resource in catalog:
        found[resource.group][resource.version].append(resource)
    for group, name in elsewhere:
        found[group].setdefault(name, [])
    rank = {group: at for at, group in enumerate(_ORDER)}
    ordered = sorted(found, key=lambda group: (rank.get(group, len(_ORDER)), group))
    return {group: dict(sorted(found[group].items(), key=_by_version, reverse=True)) for group in ordered}


def _by_version(item: tuple[str, list[Resource]]) -> tuple[int, int, int, str]:
    return version_rank(item[0])


# -- aggregated -------------------------------------------------------------------------------------------------------


def _aggregated(groups: dict[str, Versions], *, legacy: bool) -> Object:
    items = [
        {
            "metadata": {"name": group} if group else {},
            "versions": [_version(name, resources) for name, resources in versions.items()],
        }
        for group, versions in groups.items()
        if (group == "") is legacy
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _version(name: str, resources: list[Resource]) -> Object:
    """A version; one that is served elsewhere has nothing to show."""
    if not resources:
        return {"version": name, "freshness": "Stale"}
    return {"version": name, "resources": [_entry(one) for one in _sorted(resources)], "freshness": "Current"}


def _entry(resource: Resource) -> Object:
    entry: Object = {
        "resource": resource.plural,
        "responseKind": _kind_of(resource),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.single,
        "verbs": _verbs_of(resource),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [_subentry(resource, sub) for sub in resource.subresources]
    return entry


def _kind_of(resource: Resource) -> Object:
    """Built-in kinds leave out what their path says already; those of definitions are told in full."""
    group, name = (resource.group, resource.version) if resource.custom else ("", "")
    return {"group": group, "version": name, "kind": resource.kind}


def _verbs_of(resource: Resource) -> list[str]:
    terminating = isinstance(resource, CustomResource) and resource.is_terminating
    return [verb for verb in resource.verbs if not terminating or verb not in ("patch", "create", "update")]


def _subentry(resource: Resource, sub: Subresource) -> Object:
    kind = {"group": sub.group, "version": sub.version, "kind": sub.kind} if sub.kind else _kind_of(resource)
    return {"subresource": sub.name, "responseKind": kind, "verbs": list(sub.verbs)}


def _sorted(resources: Iterable[Resource]) -> list[Resource]:
    return sorted(resources, key=lambda resource: resource.plural)


# -- group by group ---------------------------------------------------------------------------------------------------


def _api_versions(groups: dict[str, Versions], address: str) -> Object:
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": list(groups[""]), "serverAddressByClientCIDRs": addresses}


def _group_list(groups: dict[str, Versions]) -> Object:
    entries = [_group_entry(name, versions) for name, versions in groups.items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": entries}


def _group(groups: dict[str, Versions], name: str) -> Object | None:
    versions = groups.get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group_entry(name, versions)} if versions else None


def _group_entry(name: str, versions: Versions) -> Object:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _storage_hash(resource: Resource) -> str:
    """Tells clients when objects are kept in another version than before (``discovery.StorageVersionHash``)."""
    version = resource.version
    if isinstance(resource, CustomResource):
        version = resource.version_spec.storage_api_version.rpartition("/")[2]
    group = resource.stored_as.partition(".")[2] if resource.stored_as else resource.group
    digest = hashlib.sha256(f"{group}/{version}/{resource.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _resource_list(groups: dict[str, Versions], group: str, version: str) -> Object | None:
    resources = groups.get(group, {}).get(version)
    if resources is None:
        return None
    rows = [row for resource in _sorted(resources) for row in _rows(resource)]
    # the list of core is older than versioned discovery and carries no apiVersion of its own
    head = {"kind": "APIResourceList", **({"apiVersion": "v1"} if group else {})}
    return {**head, "groupVersion": f"{group}/{version}" if group else version, "resources": rows}


def _rows(resource: Resource) -> Iterable[Object]:
    row: Object = {
        "name": resource.plural,
        "singularName": resource.single,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": _verbs_of(resource),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    if resource.stored:
        row["storageVersionHash"] = _storage_hash(resource)
    yield row
    for sub in resource.subresources:
        kind = {"group": sub.group, "version": sub.version, "kind": sub.kind or resource.kind}
        yield {
            "name": f"{resource.plural}/{sub.name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            **{key: value for key, value in kind.items() if value},
            "verbs": list(sub.verbs),
        }
