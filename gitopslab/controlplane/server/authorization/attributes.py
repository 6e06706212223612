"""What authorization is asked: one action on one resource, or on a path that is no resource.

Filled by the HTTP room, by reviews and by the checks of this package. Upstream: ``authorizer.AttributesRecord`` and
``handlers/responsewriters`` for the words of a refusal.
"""

from __future__ import annotations

from typing import NamedTuple

from gitopslab.errors import ApiError

RBAC = "rbac.authorization.k8s.io"
"""The API group of roles and bindings."""

MASTERS = "system:masters"
"""The group that may do everything, whatever roles say."""

AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
ANONYMOUS = "system:anonymous"


class Access(NamedTuple):
    """One action.

    Attributes:
        verb: As in ``list``; for a path the HTTP method in lower case.
        group: The API group.
        resource: The plural; empty when the action is about ``path``.
        subresource: As in ``log``.
        namespace: Empty for the cluster scope.
        name: Empty for all objects.
        path: As in ``/healthz``, when it is about no resource.
    """

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def target(self) -> str:
        """The resource with its subresource, as rules spell it: ``pods/log``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def refusal(user: str, access: Access, reason: str = "") -> ApiError:
    """The 403 that tells somebody what may not be done (``ForbiddenStatusError``)."""
    why = _sanitized(_description(user, access)) + (f": {reason}" if reason else "")
    kind = f"{access.resource}.{access.group}" if access.group else access.resource
    subject = f'{kind} "{access.name}" is ' if access.name else f"{kind} is " if kind else ""
    details = {"name": access.name, "group": access.group, "kind": access.resource}
    details = {key: value for key, value in details.items() if value}
    return ApiError(403, "Forbidden", f"{subject}forbidden: {why}", details=details)


def _description(user: str, access: Access) -> str:
    if access.path:
        return f'User "{user}" cannot {access.verb} path "{access.path}"'
    where = f'in the namespace "{access.namespace}"' if access.namespace else "at the cluster scope"
    return f'User "{user}" cannot {access.verb} resource "{access.target}" in API group "{access.group}" {where}'


def _sanitized(text: str) -> str:
    """Nothing a browser would take for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
