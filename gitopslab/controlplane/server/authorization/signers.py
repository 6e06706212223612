"""Who may approve certificate requests for a signer, and who may sign in its name.

``verbs`` asks it at every write of one. Upstream: the admission plugins CertificateApproval and CertificateSigning, and
``pkg/certauthorization``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.authorization.attributes import Access
from gitopslab.controlplane.server.authorization.rbac import Authorizer
from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.options import Caller
from gitopslab.errors import forbidden
from gitopslab.machinery.certificates import REQUESTS
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, name_of

_VERBS = {"approval": "approve", "status": "sign"}


def check(
    authorizer: Authorizer, who: Caller, resource: Resource, subresource: str, obj: Object, before: Object | None
) -> None:
    """Refuse a decision or signature that ``who`` has no right to.

    Args:
        authorizer: Knows the rights: ``approve`` or ``sign`` on ``signers``, by name or for a whole domain.
        who: Writes.
        resource: Of the object; other kinds pass.
        subresource: Through which it is written.
        obj: The wished state.
        before: The stored state, whose signer counts.

    Raises:
        ApiError: 403.
    """
    verb = _VERBS.get(subresource)
    if resource.key != REQUESTS or verb is None or before is None:
        return
    if verb == "sign" and same(obj.get("status"), before.get("status")):
        return
    signer = before["spec"]["signerName"]
    domain = signer.partition("/")[0]
    rights = (Access(verb, resource.group, "signers", name=name) for name in (signer, f"{domain}/*"))
    if not any(authorizer.allows(who, right) for right in rights):
        why = f'user not permitted to {verb} requests with signerName "{signer}"'
        raise forbidden(resource.key, name_of(obj), why)
