"""The query of a request as options, checked and worded as the real API server does.

Called by ``resources``, ``watch`` and ``logs``. Pure. Upstream: the conversion of ``url.Values`` in ``apimachinery``
and ``apis/meta/v1/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from gitopslab.controlplane.http.request import RequestInfo
from gitopslab.controlplane.server.options import (
    Cause,
    DeleteOptions,
    WriteOptions,
    dry_run_causes,
    refuse,
    unsupported,
)
from gitopslab.errors import bad_request
from gitopslab.machinery.cron import duration

Query = Mapping[str, str]

_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_MATCHES = ("Exact", "NotOlderThan", "")
_ANY = ("", "0")  # versions that ask for what there is now
_LONGEST_MANAGER = 128  # ``FieldManagerMaxLength``
_LASTING = ("attach", "exec", "proxy", "log", "portforward")
_LONGEST_NUMBER = 64  # characters; no number of 64 bits has more, but for leading zeros
_MOST_FIELDS = 200  # far more than any client sends; bounds the work of one request line


@dataclass(frozen=True, slots=True)
class ListOptions:
    """``ListOptions`` of ``meta/v1``, for lists and watches."""

    labels: str = ""
    fields: str = ""
    watch: bool = False
    bookmarks: bool = False
    resource_version: str = ""
    match: str = ""
    timeout_seconds: int | None = None
    limit: int = 0
    continue_: str = ""
    initial_events: bool | None = None


def query_of(raw: bytes) -> Query:
    """The query string as a mapping; of a repeated name the first value counts, as in Go's ``url.Values.Get``.

    Raises:
        ApiError: 400 for a query with absurdly many fields.
    """
    return dict(reversed(fields_of(raw))) if raw else {}


def fields_of(raw: bytes) -> list[tuple[str, str]]:
    """The fields of a query string in order, repeated ones too.

    Raises:
        ApiError: 400 for a query with absurdly many fields.
    """
    try:
        return parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise bad_request(str(error)) from error


def list_options(query: Query) -> ListOptions:
    """Read the options of a list or a watch.

    Raises:
        ApiError: 400 for a value that is no number, 422 for a combination that makes no sense.
    """
    if not query:
        return ListOptions()
    options = ListOptions(
        labels=query.get("labelSelector", ""),
        fields=query.get("fieldSelector", ""),
        watch=truth(query, "watch") or False,
        bookmarks=truth(query, "allowWatchBookmarks") or False,
        resource_version=query.get("resourceVersion", ""),
        match=query.get("resourceVersionMatch", ""),
        timeout_seconds=integer(query, "timeoutSeconds"),
        limit=integer(query, "limit") or 0,
        continue_=query.get("continue", ""),
        initial_events=truth(query, "sendInitialEvents"),
    )
    if options.watch and options.initial_events is None and not options.match and options.resource_version in _ANY:
        options = replace(options, initial_events=True, match="NotOlderThan")  # ``SetListOptionsDefaults``
    if options.match or options.initial_events is not None:
        refuse("ListOptions", _watch_causes(options) if options.watch else _list_causes(options))
    return options


def write_options(query: Query, kind: str, *, apply: bool = False) -> WriteOptions:
    """Read ``CreateOptions``, ``UpdateOptions`` or ``PatchOptions`` (``kind`` says which).

    Raises:
        ApiError: 422 for a value the API does not know.
    """
    manager, validation = query.get("fieldManager", ""), query.get("fieldValidation", "")
    dry_run = _dry_run(query)
    causes = dry_run_causes(dry_run)
    if len(manager) > _LONGEST_MANAGER:
        causes.append(("fieldManager", "FieldValueTooLong", "Too long: may not be more than 128 bytes"))
    if validation not in _VALIDATIONS:
        causes.append(unsupported("fieldValidation", validation, _VALIDATIONS))
    if kind == "PatchOptions" and "force" in query and not apply:
        causes.append(_forbidden("force", "may not be specified for non-apply patch"))
    if apply and not manager:
        causes.append(("fieldManager", "FieldValueRequired", "Required value: is required for apply patch"))
    refuse(kind, causes)
    return WriteOptions(
        dry_run=bool(dry_run),
        field_manager=manager,
        force=truth(query, "force") or False,
        field_validation=validation or "Warn",
    )


def delete_options(query: Query, body: Any) -> DeleteOptions:
    """Read ``DeleteOptions`` from the body when there is one, else from the query.

    Raises:
        ApiError: 400 for a value of the wrong type, 422 for one the API does not know.
    """
    return DeleteOptions.of(body if isinstance(body, dict) else _delete_query(query))


def _delete_query(query: Query) -> dict[str, Any]:
    return {
        "gracePeriodSeconds": integer(query, "gracePeriodSeconds"),
        "propagationPolicy": query.get("propagationPolicy"),
        "orphanDependents": truth(query, "orphanDependents"),
        "dryRun": _dry_run(query),
    }


def _dry_run(query: Query) -> list[str]:
    return [query["dryRun"]] if "dryRun" in query else []


def truth(query: Query, name: str) -> bool | None:
    """A boolean: absent is None, ``false`` and ``0`` are False, anything else is True, as in ``apimachinery``."""
    value = query.get(name)
    return None if value is None else value.lower() not in ("false", "0")


def integer(query: Query, name: str) -> int | None:
    """A whole number, None when absent.

    Raises:
        ApiError: 400 with the words of ``strconv.ParseInt``.
    """
    text = query.get(name)
    if not text:
        return None
    if not re.fullmatch("[+-]?[0-9]+", text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if len(text) > _LONGEST_NUMBER or not -(2**63) <= int(text) < 2**63:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def check_timeout(query: Query, info: RequestInfo | None) -> None:
    """Refuse a ``timeout`` that is no duration, unless the request goes on for as long as its client wishes.

    Which ones do is upstream's ``BasicLongRunningRequestCheck``.

    Simplified: the real server gives up a request after its timeout; here none takes long.

    Raises:
        ApiError: 400.
    """
    if info is not None and (info.subresource in _LASTING or _watches(query, info)):
        return
    try:
        duration(query.get("timeout") or "0")
    except ValueError as error:
        raise bad_request(f"invalid timeout specified in the request URL - {error}") from None


def _watches(query: Query, info: RequestInfo) -> bool:
    return info.verb == "watch" or (info.verb in ("list", "get") and bool(truth(query, "watch")))


def _list_causes(options: ListOptions) -> list[Cause]:
    causes: list[Cause] = []
    field = "resourceVersionMatch"
    if options.match:
        if not options.resource_version:
            causes.append(_forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        if options.continue_:
            causes.append(_forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
        if options.match not in _MATCHES:
            causes.append(unsupported(field, options.match, _MATCHES))
        if options.match == "Exact" and options.resource_version == "0":
            causes.append(_forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    if options.initial_events is not None:
        causes.append(_forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return causes


def _watch_causes(options: ListOptions) -> list[Cause]:
    causes: list[Cause] = []
    field = "resourceVersionMatch"
    if options.initial_events is not None and options.match != "NotOlderThan":
        causes.append(_forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
    if options.match:
        if options.initial_events is None:
            text = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            causes.append(_forbidden(field, text))
        if options.match != "NotOlderThan":
            causes.append(unsupported(field, options.match, ("NotOlderThan",)))
        if options.continue_:
            causes.append(_forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
    return causes


def _forbidden(field: str, why: str) -> Cause:
    return (field, "FieldValueForbidden", f"Forbidden: {why}")
