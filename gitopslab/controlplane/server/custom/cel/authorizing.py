"""What expressions of policies may ask of authorization: ``authorizer.group('apps').resource('x').check('get')``.

Each step is a value that CEL knows only by what can be asked next. ``admission.policies`` gives the first one, with
who writes and what decides. Upstream: ``apiserver/pkg/cel/library/authz.go``.

Selectors make no difference to the roles of a cluster, which know none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.controlplane.server.authorization.attributes import Access
from gitopslab.controlplane.server.authorization.rbac import Decision as Decided
from gitopslab.controlplane.server.custom.cel.evaluation.values import Opaque
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.validation.formats import problems_of_label, problems_of_subdomain
from gitopslab.machinery import serviceaccounts
from gitopslab.machinery.kinds import Resource

Decide = Callable[[Caller, Access], Decided]


class Authorizer(Opaque):
    """What somebody may do: ``who``, and what is to ``decide``."""

    type_name = "kubernetes.authorization.Authorizer"


class PathCheck(Opaque):
    """What may be done with a path."""

    type_name = "kubernetes.authorization.PathCheck"


class GroupCheck(Opaque):
    """What may be done in an API group."""

    type_name = "kubernetes.authorization.GroupCheck"


class ResourceCheck(Opaque):
    """What may be done with a resource: its ``access`` lacks only the verb."""

    type_name = "kubernetes.authorization.ResourceCheck"


class Decision(Opaque):
    """Whether it may be done, and why."""

    type_name = "kubernetes.authorization.Decision"


def authorizer(who: Caller, decide: Decide) -> Opaque:
    """``authorizer``."""
    return Authorizer(who=who, decide=decide)


def request_resource(found: Opaque, resource: Resource, subresource: str, namespace: str, name: str) -> Opaque:
    """``authorizer.requestResource``: what the request itself is about."""
    access = {"group": resource.group, "resource": resource.plural, "subresource": subresource}
    return ResourceCheck(found, access={**access, "namespace": namespace, "name": name})


def path(value: Opaque, text: str) -> Opaque:
    """``authorizer.path('/healthz')``."""
    if not text.strip():
        raise ValueError("path must not be empty")
    return PathCheck(value, access={"path": text})


def group(value: Opaque, text: str) -> Opaque:
    """``authorizer.group('apps')``."""
    return GroupCheck(value, access={"group": text})


def service_account(value: Opaque, namespace: str, name: str) -> Opaque:
    """``authorizer.serviceAccount('default', 'builder')``: the same for somebody else."""
    if problems_of_subdomain(name):
        raise ValueError("Invalid service account name")
    if problems_of_label(namespace):
        raise ValueError("Invalid service account namespace")
    account = Caller(serviceaccounts.username(namespace, name), serviceaccounts.groups(namespace))
    return Authorizer(value, who=account)


def resource(value: Opaque, text: str) -> Opaque:
    """``….resource('deployments')``."""
    if not text.strip():
        raise ValueError("resource must not be empty")
    return ResourceCheck(value, access={**value["access"], "resource": text})


def narrowed(field: str) -> Callable[[Opaque, str], Opaque]:
    """``….namespace('default')`` and the like."""
    return lambda value, text: ResourceCheck(value, access={**value["access"], field: text})


def selected(value: Opaque, text: str) -> Opaque:
    """``….fieldSelector('a=b')``."""
    return value


def check(value: Opaque, verb: str) -> Opaque:
    """``….check('get')``."""
    decided = value["decide"](value["who"], Access(verb, **value["access"]))
    return Decision(allowed=decided.allowed, reason=decided.reason)


def part_of(field: str) -> Callable[[Opaque], Any]:
    """``….allowed()`` and ``….reason()``."""
    return lambda value: value[field]
