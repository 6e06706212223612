"""Requests for resources: which verb, on what, with which answer.

``app`` routes everything below ``/api`` and ``/apis`` here that names a resource. A request becomes a ``Call``; one
function a verb turns it into ``Verbs`` and back into an ``Answer``. Watches, logs and connections have no whole
answer and are handed to ``watch``, ``logs`` and ``streams``. This is the hot path of the whole control plane: nothing
here serialises an object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from starlette.types import Receive, Scope, Send

from gitopslab.controlplane.http.answers import NOT_FOUND, UNAVAILABLE, Answer, of_error, of_status
from gitopslab.controlplane.http.body import read_body
from gitopslab.controlplane.http.logs import LogEndpoint
from gitopslab.controlplane.http.negotiation import LISTS, OBJECTS, PLAIN, Encoding, Form, accepted, check_route
from gitopslab.controlplane.http.parameters import (
    ListOptions,
    Query,
    delete_options,
    list_options,
    query_of,
    write_options,
)
from gitopslab.controlplane.http.rendering import Look, include_of, render_list, render_object
from gitopslab.controlplane.http.request import RequestInfo, method_not_allowed, nowhere
from gitopslab.controlplane.http.security import Headers
from gitopslab.controlplane.http.streams.endpoint import CONNECTING, StreamEndpoint
from gitopslab.controlplane.http.streams.piped import pipe_log, pipe_watch
from gitopslab.controlplane.http.watch import WatchStream
from gitopslab.controlplane.runtime import strands
from gitopslab.controlplane.runtime.logs import Logs
from gitopslab.controlplane.server import patches
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.decode import decode
from gitopslab.controlplane.server.options import Caller, DeleteOptions, WriteOptions
from gitopslab.controlplane.server.records import Record
from gitopslab.controlplane.server.scaling import SCALE
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError, bad_request, not_found
from gitopslab.machinery.kinds import Resource, Subresource
from gitopslab.machinery.objects import uid_of

_ANSWERED_DIRECTLY = ("binding", "eviction")  # a Status, or what was posted: never a table

_SHOWN_WHEN_GONE = frozenset(
    {
        "namespaces", "persistentvolumes", "persistentvolumeclaims", "pods", "podtemplates", "resourcequotas",
        "serviceaccounts", "services", "csidrivers.storage.k8s.io", "csinodes.storage.k8s.io",
        "storageclasses.storage.k8s.io", "volumeattachments.storage.k8s.io", "volumeattributesclasses.storage.k8s.io",
        "deviceclasses.resource.k8s.io", "resourceclaims.resource.k8s.io", "resourceclaimtemplates.resource.k8s.io",
        "resourceslices.resource.k8s.io",
    }
)  # fmt: skip
"""Kinds whose last state a finished deletion answers with (``ReturnDeletedObject``); others get a Status."""

_DELETE_OPTIONS = ("v1", "DeleteOptions")

_MOST_WATCHES = 800  # fewer than connections, so that who leaks watches can still be looked at and helped


@dataclass(slots=True)
class Call:
    """One request for a resource, understood but not yet done."""

    who: Caller
    info: RequestInfo
    resource: Resource
    sub: Subresource | None
    query: Query
    headers: Headers
    look: Look
    body: bytes = b""
    warnings: list[str] = field(default_factory=list)

    @property
    def content_type(self) -> str:
        """Of the body."""
        return self.headers.get(b"content-type", b"").decode("latin-1")

    @property
    def shown(self) -> Resource:
        """The type that goes over the wire here: that of the path, or Scale."""
        return SCALE if self.sub is not None and self.sub.kind == SCALE.kind else self.resource

    def write_options(self, kind: str, *, apply: bool = False) -> WriteOptions:
        """Those of the query; what they warn of while the request is worked on is the call's to tell."""
        options = write_options(self.query, kind, apply=apply)
        self.warnings = options.warnings
        return options


class ResourceEndpoint:
    """Serves the resources of a ``Verbs``.

    Args:
        verbs: The API server's core.
        logs: What containers wrote.
        streams: Serves connections into pods.
    """

    def __init__(self, verbs: Verbs, logs: Logs | None, streams: StreamEndpoint) -> None:
        self._verbs = verbs
        self._streams = streams
        self._logs = LogEndpoint(verbs, logs)
        self._watches = 0
        self._by_verb: dict[str, Callable[[Call], Answer]] = {
            "get": self._get,
            "list": self._list,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }

    async def serve(
        self, who: Caller, info: RequestInfo, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        """Do what is asked.

        Returns:
            The answer to send; None when it has been sent already, as streams are.

        Raises:
            ApiError: Told to the client as a ``Status``.
        """
        resource = self._verbs.catalog.at(info.group, info.version, info.resource)
        sub = resource.subresource(info.subresource) if resource and info.subresource else None
        if resource is None or (info.namespace and not resource.namespaced):
            return self._not_found(info)
        if resource.custom and resource.namespaced and not info.namespace and info.verb not in ("list", "watch"):
            return NOT_FOUND
        if not isinstance(resource, CustomResource):
            if info.subresource and sub is None:
                return self._not_found(info)
            _check_allowed(scope.get("method", "GET"), info, resource, sub)
            check_route(headers.get(b"accept", b"").decode("latin-1"), _produced(info, sub))
        try:
            return await self._of(resource, sub, who, info, headers, scope, receive, send)
        except ApiError as error:
            if not (told := _deprecation(resource)):
                raise
            return replace(of_error(error), warnings=told)

    async def _of(
        self, resource: Resource, sub: Subresource | None, who: Caller, info: RequestInfo, headers: Headers,
        scope: Scope, receive: Receive, send: Send,
    ) -> Answer | None:  # fmt: skip
        if isinstance(resource, CustomResource):
            _check_allowed_custom(info, resource, sub)
        query = query_of(scope["query_string"])
        if sub is not None and sub.name in CONNECTING:
            return await self._streams.serve(who, resource, info, query, scope, receive, send)
        if sub is not None and sub.name == "log":
            log = partial(self._logs.serve, who, resource, info, query)
            return await pipe_log(scope, receive, send, log)
        call = Call(who, info, resource, sub, query, headers, self._look(resource, headers, query))
        if info.verb in ("list", "watch"):
            options = _options(info, query)
            if options.watch:
                _check_watchable(resource)
                await self._watch(call, options, *pipe_watch(scope, receive, send, call.look))
                return None
        elif info.verb != "get":
            call.body = await read_body(receive, headers)
            return await strands.run(lambda: self._answered(call))  # a webhook may have to be asked
        return self._answered(call)

    def _not_found(self, info: RequestInfo) -> Answer:
        """In a group of its own the server says so itself, elsewhere its router does."""
        if any(found.group == info.group and not found.custom for found in self._verbs.catalog):
            raise nowhere()
        is_elsewhere = (info.group, info.version) in served_elsewhere(self._verbs)
        return UNAVAILABLE if is_elsewhere else NOT_FOUND

    def _answered(self, call: Call) -> Answer:
        """The answer with all its warnings, which the client hears whether he is refused or not."""
        told = _deprecation(call.resource)
        try:
            answer = self._by_verb[call.info.verb](call)
        except ApiError as error:
            told += call.warnings
            if not told:
                raise
            return replace(of_error(error), warnings=told)
        return replace(answer, warnings=[*told, *answer.warnings]) if told else answer

    def _look(self, resource: Resource, headers: Headers, query: Query) -> Look:
        is_only_asked = tuple(resource.verbs) == ("create",)  # a review, which nobody lists
        header = headers.get(b"accept", b"").decode("latin-1")
        form = accepted(header, tables=not is_only_asked, typed=not resource.custom)
        if form == PLAIN:
            return Look()
        include = include_of(query.get("includeObject", "")) if form.form is Form.TABLE else ""
        return Look(form, include, self._verbs.clock.now())

    # -- reading ------------------------------------------------------------------------------------------------------

    def _get(self, call: Call) -> Answer:
        info = call.info
        self._verbs.reach(call.query.get("resourceVersion", ""))
        record = self._verbs.get(call.who, call.resource, info.namespace, info.name, info.subresource)
        return _object(call, record, 200)

    def _list(self, call: Call) -> Answer:
        options = list_options(call.query)
        page = self._verbs.list(
            call.who, call.resource, call.info.namespace, labels=options.labels, fields=options.fields,
            limit=options.limit, continue_=options.continue_, resource_version=options.resource_version,
            resource_version_match=options.match,
        )  # fmt: skip
        return Answer(200, render_list(call.resource, page, call.look), call.look.media_type)

    async def _watch(self, call: Call, options: ListOptions, receive: Receive, send: Send) -> None:
        if call.look.accepted.encoding is Encoding.YAML:
            known = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
            message = f"only the following media types are accepted: {known}"
            raise ApiError(406, "NotAcceptable", message)
        if self._watches >= _MOST_WATCHES:
            message = f"Too many requests: {self._watches} watches are open, and no more are served at once"
            raise ApiError(429, "TooManyRequests", message, details={"retryAfterSeconds": 1})
        self._watches += 1
        try:
            stream = WatchStream(self._verbs, call.resource, options, call.look, _deprecation(call.resource))
            await stream.run(call.who, call.info.namespace, receive, send)
        finally:
            self._watches -= 1

    # -- writing ------------------------------------------------------------------------------------------------------

    def _create(self, call: Call) -> Answer:
        options = call.write_options("CreateOptions")
        resource, info = call.resource, call.info
        where, kind = {"name": info.name, "subresource": info.subresource}, _wire_kind(call)
        obj, warnings = decode(
            resource, call.body, content_type=call.content_type, field_validation=options.field_validation, kind=kind
        )
        options.warnings.extend(warnings)
        record = self._verbs.create(call.who, resource, info.namespace, obj, options, **where)
        return _written(call, record, 201, options)

    def _update(self, call: Call) -> Answer:
        options = call.write_options("UpdateOptions")
        info = call.info
        obj, warnings = decode(
            call.resource, call.body, content_type=call.content_type, field_validation=options.field_validation,
            kind=_wire_kind(call),
        )  # fmt: skip
        options.warnings.extend(warnings)
        record, is_new = self._verbs.update(
            call.who, call.resource, info.namespace, info.name, obj, options, subresource=info.subresource
        )
        return _written(call, record, 201 if is_new else 200, options)

    def _patch(self, call: Call) -> Answer:
        info = call.info
        kind = patches.type_of(call.content_type, call.resource)
        options = call.write_options("PatchOptions", apply=kind == "apply")
        patch, warnings = patches.read(call.body, kind, options.field_validation)
        options.warnings.extend(warnings)
        record, created = self._verbs.patch(
            call.who, call.resource, info.namespace, info.name, patch, kind, options, subresource=info.subresource
        )
        return _written(call, record, 201 if created else 200, options)

    def _delete(self, call: Call) -> Answer:
        info, resource = call.info, call.resource
        options = _delete_options(call)
        call.warnings = options.warnings
        record, gone = self._verbs.delete(call.who, resource, info.namespace, info.name, options)
        if gone and resource.key not in _SHOWN_WHEN_GONE:
            details = {"name": info.name, "group": resource.group, "kind": resource.plural}
            details["uid"] = uid_of(record.object)
            status = of_status(200, {key: value for key, value in details.items() if value})
            return replace(status, warnings=options.warnings)
        # 202 tells that the object stays a while, but only to those who asked for cascading in the old way
        answer = _object(call, record, 202 if not gone and options.is_cascading else 200)
        return replace(answer, warnings=options.warnings)

    def _delete_collection(self, call: Call) -> Answer:
        options = list_options(call.query)
        page = self._verbs.delete_collection(
            call.who, call.resource, call.info.namespace, _delete_options(call), labels=options.labels,
            fields=options.fields, limit=options.limit, continue_=options.continue_,
            resource_version=options.resource_version, resource_version_match=options.match,
        )  # fmt: skip
        return Answer(200, render_list(call.resource, page, call.look), call.look.media_type)


def served_elsewhere(verbs: Verbs) -> list[tuple[str, str]]:
    """The groups and versions that APIServices hand to other servers."""
    specs = (service["spec"] for service in verbs.reader.all("apiservices.apiregistration.k8s.io"))
    return [(spec["group"], spec["version"]) for spec in specs if spec.get("service")]


def _produced(info: RequestInfo, sub: Subresource | None) -> Sequence[str]:
    """The media types of a route."""
    if sub is not None and sub.name in (*CONNECTING, "log"):
        return ("text/plain", *OBJECTS) if sub.name == "log" else ("*/*",)
    return LISTS if info.verb in ("list", "watch") else OBJECTS


def _deprecation(resource: Resource) -> list[str]:
    """What everybody is told who uses a type, or a version of one, that is on its way out."""
    told = resource.version_spec.warning if isinstance(resource, CustomResource) else resource.deprecated
    return [told] if told else []


def _check_allowed(method: str, info: RequestInfo, resource: Resource, sub: Subresource | None) -> None:
    """Refuse a method that the resource, the subresource or the form of the path does not know."""
    verbs = resource.verbs if sub is None else sub.verbs
    is_everywhere = resource.namespaced and not info.namespace  # such a path can only be listed and watched
    if is_everywhere and info.name:
        raise nowhere()
    wants_name = info.verb in ("update", "patch") or sub is not None
    if sub is not None and sub.name == "proxy" and method in ("HEAD", "OPTIONS"):
        return
    if (
        info.verb not in verbs
        or method == "HEAD"
        or (is_everywhere and info.verb not in ("list", "watch"))
        or (wants_name and not info.name)
        or (info.verb == "create" and info.name and sub is None)
    ):
        raise method_not_allowed()


def _check_allowed_custom(info: RequestInfo, resource: Resource, sub: Subresource | None) -> None:
    """The handler of custom resources has answers of its own, and takes a name where it needs none."""
    if info.subresource and sub is None:
        raise not_found(resource.key, info.name)
    if info.verb not in (resource.verbs if sub is None else sub.verbs):
        raise _unsupported(resource, info.verb)
    if info.verb in ("update", "patch") and not info.name:
        raise bad_request("name must be provided")


def _check_watchable(resource: Resource) -> None:
    if "watch" not in resource.verbs:
        raise _unsupported(resource, "watch")


def _unsupported(resource: Resource, verb: str) -> ApiError:
    message = f'{verb} is not supported on resources of kind "{resource.key}"'
    return ApiError(405, "MethodNotAllowed", message, details={"group": resource.group, "kind": resource.plural})


def _options(info: RequestInfo, query: Query) -> ListOptions:
    """The options of a list or watch; the old path of a watch on one object selects it by name."""
    if info.verb == "list":
        return list_options(query)
    selected = [query.get("fieldSelector", ""), f"metadata.name={info.name}" if info.name else ""]
    return list_options({**query, "watch": "true", "fieldSelector": ",".join(filter(None, selected))})


def _wire_kind(call: Call) -> tuple[str, str] | None:
    """``(apiVersion, kind)`` of the body where the subresource has a type of its own."""
    sub = call.sub
    if sub is None or not sub.kind:
        return None
    version = sub.version or call.resource.version
    return (f"{sub.group}/{version}" if sub.group else version), sub.kind


def _delete_options(call: Call) -> DeleteOptions:
    if not call.body:
        return delete_options(call.query, None)
    body, _ = decode(
        call.resource, call.body, content_type=call.content_type, field_validation="Ignore", kind=_DELETE_OPTIONS
    )
    return delete_options(call.query, body)


def _object(call: Call, record: Record, code: int) -> Answer:
    look = call.look
    if look.accepted == PLAIN:
        return Answer(code, record.body + b"\n")
    return Answer(code, render_object(call.shown, record, look), look.media_type)


def _written(call: Call, record: Record, code: int, options: WriteOptions) -> Answer:
    if call.look.accepted == PLAIN or call.info.subresource in _ANSWERED_DIRECTLY:
        return Answer(code, record.body + b"\n", warnings=options.warnings)
    return Answer(code, render_object(call.shown, record, call.look), call.look.media_type, options.warnings)
