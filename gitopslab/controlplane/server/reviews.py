"""Kinds that are asked and never kept: may somebody do this, who am I, whose token is this.

``verbs`` answers a create of one of them here. Each is a question to ``authorization`` or ``authentication``, put in an
object and given back with its answer in ``status``. Upstream: ``pkg/registry/authorization`` and
``pkg/registry/authentication``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitopslab.controlplane.server import ownership
from gitopslab.controlplane.server.admission.attributes import Reader
from gitopslab.controlplane.server.authentication import requests
from gitopslab.controlplane.server.authentication.accounts import AccountTokens
from gitopslab.controlplane.server.authentication.bearer import API, BearerTokens
from gitopslab.controlplane.server.authentication.claims import InvalidTokenError
from gitopslab.controlplane.server.authentication.requests import TOKEN_REQUEST
from gitopslab.controlplane.server.authorization import selectors
from gitopslab.controlplane.server.authorization.attributes import Access
from gitopslab.controlplane.server.authorization.rbac import Authorizer
from gitopslab.controlplane.server.options import Caller, WriteOptions
from gitopslab.controlplane.server.records import Record
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.errors import bad_request, invalid
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

_ONE_OF = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


@dataclass(frozen=True, slots=True)
class Reviews:
    """Answers reviews and requests for tokens.

    Args:
        authorizer: Knows what may be done.
        tokens: Knows whose a token is.
        accounts: Issues tokens.
        reader: The current objects.
        clock: The time.
    """

    authorizer: Authorizer
    tokens: BearerTokens
    accounts: AccountTokens
    reader: Reader
    clock: Clock

    def answer(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        name: str,
        asked: Object,
        options: WriteOptions,
        *,
        subresource: str,
        ask: Callable[[Object], None],
    ) -> Record:
        """What was asked, with its answer.

        Args:
            who: Asks.
            resource: Which kind of review; for a token, that of its service account.
            namespace: Of the path.
            name: Of the path.
            asked: The question; it is taken over.
            options: Name the manager of the question's fields.
            subresource: ``token`` or empty.
            ask: Has those outside look at a request for a token.

        Raises:
            InvalidError: The question is incomplete.
            ApiError: It cannot be answered as it stands.
        """
        typed, now = TOKEN_REQUEST if subresource else resource, self.clock.now()
        manager = options.field_manager or who.manager
        ownership.tracked(typed, None, asked, manager=manager, subresource=subresource, now=now)
        if subresource:
            return Record.of(requests.answered(self.accounts, self.reader, namespace, name, asked, now, ask))
        return Record.of(self._answered(who, resource, namespace, asked))

    def _answered(self, who: Caller, resource: Resource, namespace: str, review: Object) -> Object:
        answers: dict[str, Callable[[], Object]] = {
            "selfsubjectaccessreviews": lambda: self._access(who, resource, review),
            "subjectaccessreviews": lambda: self._access(None, resource, review),
            "localsubjectaccessreviews": lambda: self._local_access(resource, namespace, review),
            "selfsubjectrulesreviews": lambda: self._rules(who, review),
            "selfsubjectreviews": lambda: _self(who, self.clock.now()),
            "tokenreviews": lambda: self._token(review),
        }
        found = answers[resource.plural]()
        head = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": found.pop("metadata", {})}
        return {**head, **{key: value for key, value in found.items() if key not in head}}

    def _access(self, who: Caller | None, resource: Resource, review: Object) -> Object:
        spec = review.setdefault("spec", {})
        _check_access(resource, review, needs_user=who is None)
        caller = who or Caller(spec.get("user", ""), tuple(spec.get("groups") or ()))
        decision = self.authorizer.decide(caller, _asked(spec))
        status: Object = {"allowed": decision.allowed}
        if decision.reason:
            status["reason"] = decision.reason
        if unread := selectors.unread(spec.get("resourceAttributes") or {}, "spec.resourceAttributes"):
            status["evaluationError"] = unread
        return {**review, "status": status}

    def _local_access(self, resource: Resource, namespace: str, review: Object) -> Object:
        metadata = review.setdefault("metadata", {})
        if metadata.setdefault("namespace", namespace) != namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        return self._access(None, resource, review)

    def _rules(self, who: Caller, review: Object) -> Object:
        namespace = review.get("spec", {}).get("namespace")
        if not namespace:
            raise bad_request("no namespace on request")
        grants = self.authorizer.grants(who, namespace)
        of_resources, of_paths = [], []
        for rule, _ in grants.rules:
            if rule.resources:
                names = {"resourceNames": list(rule.names)} if rule.names else {}
                row = {"verbs": list(rule.verbs), "apiGroups": list(rule.groups), "resources": list(rule.resources)}
                of_resources.append({**row, **names})
            if rule.urls:
                of_paths.append({"verbs": list(rule.verbs), "nonResourceURLs": list(rule.urls)})
        status: Object = {"resourceRules": of_resources, "nonResourceRules": of_paths, "incomplete": False}
        if grants.errors:
            status["evaluationError"] = grants.trouble
        return {"spec": {}, "status": status}

    def _token(self, review: Object) -> Object:
        spec = review.setdefault("spec", {})
        if not spec.get("token"):
            raise bad_request("token is required for TokenReview in authentication")
        try:
            caller, audiences = self.tokens.identify(spec["token"].encode(), spec.get("audiences") or API)
        except InvalidTokenError as error:
            return {**review, "status": {"user": {}, "error": str(error)}}
        status = {"authenticated": True, "user": _user(caller), "audiences": list(audiences)}
        return {**review, "status": status}


def _self(who: Caller, now: float) -> Object:
    return {"metadata": {"creationTimestamp": timestamp(now)}, "status": {"userInfo": _user(who)}}


def _user(who: Caller) -> Object:
    user: Object = {"username": who.user, "uid": who.uid, "groups": list(who.groups)}
    user["extra"] = {key: list(values) for key, values in who.extra}
    return {key: value for key, value in user.items() if value}


def _asked(spec: Object) -> Access:
    if (path := spec.get("nonResourceAttributes")) is not None:
        return Access(path.get("verb", ""), path=path.get("path", ""))
    wanted = spec["resourceAttributes"]
    fields = ("verb", "group", "resource", "subresource", "namespace", "name")
    return Access(*(wanted.get(field, "") for field in fields))


def _check_access(resource: Resource, review: Object, *, needs_user: bool) -> None:
    """As ``apis/authorization/validation``."""
    causes, spec = Causes(), review["spec"]
    asked, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if asked is not None and path is not None:
        text = "cannot be specified in combination with resourceAttributes"
        causes.invalid("spec.nonResourceAttributes", _go(path), text)
    if asked is None and path is None:
        causes.invalid("spec.resourceAttributes", None, _ONE_OF)
    if asked is not None:
        selectors.check(causes, asked, "spec.resourceAttributes")
    if needs_user and not spec.get("user") and not spec.get("groups"):
        causes.invalid("spec.user", "", "at least one of user or group must be specified")
    metadata = review.get("metadata", {})
    allowed = ("managedFields", "namespace") if resource.namespaced else ("managedFields",)
    if any(value for field, value in metadata.items() if field not in allowed):
        text = "must be empty except for namespace" if resource.namespaced else "must be empty"
        causes.invalid("metadata", metadata, text)
    if resource.namespaced:
        _check_local(causes, metadata["namespace"], asked, path)
    if causes:
        raise invalid("", resource.group, "", causes.found)  # the internal object does not know its kind


def _check_local(causes: Causes, namespace: str, asked: Object | None, path: Object | None) -> None:
    """A review within a namespace is about that namespace."""
    if asked is not None and asked.get("namespace", "") != namespace:
        found = asked.get("namespace", "")
        causes.invalid("spec.resourceAttributes.namespace", found, "must match metadata.namespace")
    if path is not None:
        causes.invalid("spec.nonResourceAttributes", _go(path), "disallowed on this kind of request")


def _go(path: Object) -> Object:
    """As Go prints the internal struct."""
    return {"Path": path.get("path", ""), "Verb": path.get("verb", "")}
