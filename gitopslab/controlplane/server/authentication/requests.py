"""The ``token`` subresource of a ServiceAccount: ``kubectl create token``.

Called by ``verbs``; nothing is stored. Upstream: ``pkg/registry/core/serviceaccount/storage/token.go``.
"""

from __future__ import annotations

from collections.abc import Callable

from gitopslab.controlplane.server.admission.attributes import Reader
from gitopslab.controlplane.server.authentication.accounts import ISSUER, AccountTokens, Binding
from gitopslab.errors import InvalidError, bad_request, conflict, invalid, not_found
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, copy_of, group_of, uid_of

_KIND, _GROUP = "TokenRequest", "authentication.k8s.io"
TOKEN_REQUEST = Resource(_GROUP, "v1", _KIND, "tokenrequests", stored=False)
"""The type that goes over the wire here."""

_DEFAULT = 3600
_SHORTEST = 600
_LONGEST = 1 << 32
_PROJECTED = 3607  # what a pod's own volume asks for; such tokens only warn for a year, so that old clients live on
_EXTENDED = 365 * 24 * 3600
_BINDABLE = {"Pod": "pod", "Node": "node", "Secret": "secret"}


def answered(
    tokens: AccountTokens,
    reader: Reader,
    namespace: str,
    name: str,
    request: Object,
    now: float,
    ask: Callable[[Object], None],
) -> Object:
    """The request with its token.

    Args:
        tokens: Issues it.
        reader: The current objects.
        namespace: Of the account, from the path.
        name: Of the account, from the path.
        request: A TokenRequest; it is taken over.
        now: The time.
        ask: Has those outside look at it.

    Raises:
        NotFoundError: There is no such account, or nothing to bind to.
        InvalidError: It asks for too short or too long a time.
        ConflictError: It names an older object of the same name.
    """
    metadata, spec = request.setdefault("metadata", {}), request.setdefault("spec", {})
    for field, given in (("name", name), ("namespace", namespace)):
        if metadata.get(field) not in (None, "", given):
            why = f'Invalid value: "{metadata[field]}": must match the service account {field} if specified'
            raise _invalid(name, f"metadata.{field}", why)
    account = reader.find("serviceaccounts", namespace, name)
    if account is None:
        raise not_found("serviceaccounts", name)
    _check_uid(metadata.get("uid"), account, name)
    metadata |= {"name": name, "namespace": namespace, "uid": uid_of(account), "creationTimestamp": timestamp(now)}
    spec["audiences"] = spec.get("audiences") or [ISSUER]
    seconds = spec.setdefault("expirationSeconds", _DEFAULT)
    _check_seconds(seconds)
    bound = _binding(reader, spec.get("boundObjectRef"), namespace, name)
    told = request["spec"] = {**spec, "boundObjectRef": spec.get("boundObjectRef")}
    nothing: Object = {"token": "", "expirationTimestamp": None}
    ask({"kind": _KIND, "apiVersion": f"{_GROUP}/v1", "metadata": copy_of(metadata), "spec": told, "status": nothing})
    is_projected = seconds == _PROJECTED and bound is not None and bound.kind == "pod" and spec["audiences"] == [ISSUER]
    token = tokens.issue(
        account, spec["audiences"], _EXTENDED if is_projected else seconds, warn_after=seconds if is_projected else 0,
        bound=bound,
    )  # fmt: skip
    request["status"] = {"token": token, "expirationTimestamp": timestamp(now + seconds)}
    return {"kind": _KIND, "apiVersion": f"{_GROUP}/v1", "metadata": metadata, **request}


def _check_uid(uid: str | None, account: Object, name: str) -> None:
    if uid and uid != uid_of(account):
        found = f"does not match the UID of the service account ({uid_of(account)})"
        raise conflict(f"{_KIND}.{_GROUP}", name, f"the UID in the token request ({uid}) {found}")


def _check_seconds(seconds: int) -> None:
    for is_wrong, why in (
        (seconds < _SHORTEST, "may not specify a duration less than 10 minutes"),
        (seconds > _LONGEST, "may not specify a duration larger than 2^32 seconds"),
    ):
        if is_wrong:
            raise _invalid("", "spec.expirationSeconds", f"Invalid value: {seconds}: {why}")


def _binding(reader: Reader, reference: Object | None, namespace: str, account: str) -> Binding | None:
    if not reference:
        return None
    version, kind, name = (reference.get(field, "") for field in ("apiVersion", "kind", "name"))
    if group_of(version) or kind not in _BINDABLE:
        raise bad_request(
            f"cannot bind token to object of type {group_of(version)}/{version.rpartition('/')[2]}, Kind={kind}"
        )
    plural = f"{_BINDABLE[kind]}s"
    found = reader.find(plural, "" if kind == "Node" else namespace, name)
    if found is None:
        raise not_found(plural, name)
    if kind == "Pod" and found["spec"].get("serviceAccountName") != account:
        why = f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount name.'
        raise bad_request(why)
    if reference.get("uid") not in (None, "", uid_of(found)):
        why = f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
        raise conflict(kind, name, why + "The object might have been deleted and then recreated")
    return Binding(_BINDABLE[kind], found, _node_of(reader, found) if kind == "Pod" else None)


def _node_of(reader: Reader, pod: Object) -> Object | None:
    name = pod["spec"].get("nodeName")
    if not name:
        return None
    return reader.find("nodes", "", name) or {"metadata": {"name": name}}


def _invalid(name: str, field: str, why: str) -> InvalidError:
    return invalid(_KIND, _GROUP, name, [(field, "FieldValueInvalid", why)])
