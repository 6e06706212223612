"""Rules of Events: lenient for those of core, as old clients write them, strict for those of ``events.k8s.io``.

Both are checked in core's form, whose field names the API's errors use (``core/validation/events.go``).
"""

from __future__ import annotations

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.forms.events import to_core
from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_immutable
from gitopslab.machinery.objects import Object, namespace_of

_ELSEWHERE = "does not match event.namespace"
_LONGEST_WORD = 128
_LONGEST_MESSAGE = 1024
_FIXED = (
    "involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "reason", "type",
    "eventTime", "action", "related", "reportingController", "reportingInstance",
)  # fmt: skip


def check_legacy(causes: Causes, event: Object) -> None:
    """A new or changed Event of core."""
    _check(causes, event, "reportingComponent")


def check_legacy_change(causes: Causes, event: Object, before: Object, subresource: str) -> None:
    """As a new one."""
    check_legacy(causes, event)


def check_event(causes: Causes, event: Object) -> None:
    """A new Event of ``events.k8s.io``, which may not set what only core's clients use."""
    core = to_core(event)
    _check(causes, core, "reportingController")
    _check_series(causes, core)
    if not core.get("eventTime"):
        causes.required("eventTime")
    if core.get("type") not in ("Normal", "Warning"):
        causes.invalid("type", "", f"has invalid value: {core.get('type', '')}")
    for field in ("firstTimestamp", "lastTimestamp", "count"):
        if core.get(field):
            causes.invalid(field, "", "needs to be unset")
    if any(core["source"].values()):
        causes.invalid("source", "", "needs to be unset")


def check_event_change(causes: Causes, event: Object, before: Object, subresource: str) -> None:
    """Only its series may change."""
    new, old = to_core(event), to_core(before)
    _check(causes, new, "reportingController")
    if not same(new.get("series"), old.get("series")):
        _check_series(causes, new)
    for field in _FIXED:
        name = "reportingComponent" if field == "reportingController" else field
        check_immutable(causes, new.get(name), old.get(name), field)


def _check(causes: Causes, event: Object, controller: str) -> None:
    """The rules of both; ``controller`` is what the requested version calls who reports."""
    about, here = event["involvedObject"].get("namespace") or "", namespace_of(event)
    if event.get("eventTime"):
        if not about and here not in ("default", "kube-system"):
            causes.invalid("involvedObject.namespace", about, _ELSEWHERE)
        _check_reporter(causes, event, controller)
    elif about != here and not (not about and here == "default"):
        causes.invalid("involvedObject.namespace", about, _ELSEWHERE)
    causes.each("namespace", here, formats.problems_of_subdomain(here))


def _check_reporter(causes: Causes, event: Object, controller: str) -> None:
    reporter = event.get("reportingComponent") or ""
    if not reporter:
        causes.required(controller)
    causes.each(controller, reporter, formats.problems_of_qualified_name(reporter))
    for field in ("reportingInstance", "action", "reason"):
        value = event.get(field) or ""
        if not value:
            causes.required(field)
        if len(value) > _LONGEST_WORD:
            causes.invalid(field, "", f"can have at most {_LONGEST_WORD} characters")
    if len(event.get("message") or "") > _LONGEST_MESSAGE:
        causes.invalid("message", "", f"can have at most {_LONGEST_MESSAGE} characters")


def _check_series(causes: Causes, event: Object) -> None:
    series = event.get("series")
    if series is None:
        return
    if series.get("count", 0) < 2:
        causes.invalid("series.count", "", "should be at least 2")
    if not series.get("lastObservedTime"):
        causes.required("series.lastObservedTime")
