"""The query of a request as options, checked and worded as the real API server does.

Called by ``resources``, ``watch`` and ``logs``. Pure. Upstream: the conversion of ``url.Values`` in ``apimachinery``
and ``apis/meta/v1/validation``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args
from urllib.parse import parse_qsl

from gitopslab.controlplane.runtime.api import Propagation
from gitopslab.controlplane.server.options import DeleteOptions, WriteOptions
from gitopslab.errors import bad_request, invalid

Query = Mapping[str, str]
Cause = tuple[str, str, str]

_META = "meta.k8s.io"
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_MATCHES = ("Exact", "NotOlderThan", "")
_ANY = ("", "0")  # versions that ask for what there is now
_LONGEST_MANAGER = 128  # ``FieldManagerMaxLength``
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
    if not raw:
        return {}
    try:
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise bad_request(str(error)) from error
    return dict(reversed(pairs))


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
    causes = _dry_run_causes(dry_run)
    if len(manager) > _LONGEST_MANAGER:
        causes.append(("fieldManager", "FieldValueTooLong", "Too long: may not be more than 128 bytes"))
    if validation not in _VALIDATIONS:
        causes.append(_unsupported("fieldValidation", validation, _VALIDATIONS))
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
    given = body if isinstance(body, dict) else _delete_query(query)
    grace, propagation = given.get("gracePeriodSeconds"), given.get("propagationPolicy")
    if grace is not None and (not isinstance(grace, int) or isinstance(grace, bool)):
        raise bad_request("json: cannot unmarshal into Go struct field DeleteOptions.gracePeriodSeconds of type int64")
    orphan, dry_run = given.get("orphanDependents"), given.get("dryRun") or []
    causes = _dry_run_causes(dry_run)
    if propagation is not None and propagation not in get_args(Propagation):
        causes.append(_unsupported("propagationPolicy", propagation, ("Foreground", "Background", "Orphan", "nil")))
    if propagation is not None and orphan is not None:
        text = f'Invalid value: "{propagation}": orphanDependents and deletionPropagation cannot be both set'
        causes.append(("propagationPolicy", "FieldValueInvalid", text))
    refuse("DeleteOptions", causes)
    if orphan is not None:
        propagation = "Orphan" if orphan else "Background"
    conditions = given.get("preconditions") or {}
    uid, version = conditions.get("uid"), conditions.get("resourceVersion")
    return DeleteOptions(grace, propagation, uid, version, bool(dry_run), is_cascading=orphan is False)


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


def refuse(kind: str, causes: Sequence[Cause], *, group: str = _META, name: str = "") -> None:
    """Raise for options that break a rule, if any do.

    Raises:
        InvalidError: Naming every cause.
    """
    if causes:
        raise invalid(kind, group, name, causes)


def _list_causes(options: ListOptions) -> list[Cause]:
    causes: list[Cause] = []
    field = "resourceVersionMatch"
    if options.match:
        if not options.resource_version:
            causes.append(_forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        if options.continue_:
            causes.append(_forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
        if options.match not in _MATCHES:
            causes.append(_unsupported(field, options.match, _MATCHES))
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
            causes.append(_unsupported(field, options.match, ("NotOlderThan",)))
        if options.continue_:
            causes.append(_forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
    return causes


def _dry_run_causes(values: Sequence[str]) -> list[Cause]:
    odd = any(value != "All" for value in values)
    return [_unsupported("dryRun", list(values), ("All",))] if odd else []


def _forbidden(field: str, why: str) -> Cause:
    return (field, "FieldValueForbidden", f"Forbidden: {why}")


def _unsupported(field: str, value: Any, supported: Sequence[str]) -> Cause:
    listed, shown = ", ".join(f'"{one}"' for one in supported), json.dumps(value, separators=(",", ":"))
    return (field, "FieldValueNotSupported", f"Unsupported value: {shown}: supported values: {listed}")
