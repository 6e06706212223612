"""Which lines of which container a request for logs means: pure functions on the query, the pod and the lines.

Called by ``logs``. Which container is meant is decided as the API server does it, whether it has anything to show as
its kubelet does; both in their words. Upstream: ``registry/core/pod`` and ``pkg/kubelet``
(``validateContainerLogStatus``, ``kuberuntime/logs``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gitopslab.controlplane.http.parameters import Query, integer, truth
from gitopslab.controlplane.runtime.logs import LogLine
from gitopslab.controlplane.server.options import Cause, refuse
from gitopslab.errors import bad_request
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, name_of, namespace_of


@dataclass(frozen=True, slots=True)
class LogOptions:
    """``PodLogOptions``."""

    container: str = ""
    follow: bool = False
    previous: bool = False
    since_seconds: int | None = None
    since_time: float | None = None
    tail: int | None = None
    limit: int | None = None
    timestamps: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one container: whose lines are asked for."""

    namespace: str
    pod: str
    container: str
    previous: bool
    container_id: str


def log_options(query: Query, pod: str) -> LogOptions:
    """Read and check the query.

    Raises:
        ApiError: 400 for a value of the wrong type, 422 for one that makes no sense.
    """
    since_time = query.get("sinceTime")
    try:
        since = seconds_of(since_time) if since_time else None
    except ValueError:
        raise bad_request(
            f'parsing time "{since_time}" as "2006-01-02T15:04:05Z07:00": cannot parse "{since_time}"'
        ) from None
    options = LogOptions(
        container=query.get("container", ""),
        follow=truth(query, "follow") or False,
        previous=truth(query, "previous") or False,
        since_seconds=integer(query, "sinceSeconds"),
        since_time=since,
        tail=integer(query, "tailLines"),
        limit=integer(query, "limitBytes"),
        timestamps=truth(query, "timestamps") or False,
    )
    refuse("PodLogOptions", _causes(options), group="", name=pod)
    return options


def _causes(options: LogOptions) -> list[Cause]:
    causes: list[Cause] = []
    if options.tail is not None and options.tail < 0:
        text = f"Invalid value: {options.tail}: must be greater than or equal to 0"
        causes.append(("tailLines", "FieldValueInvalid", text))
    if options.limit is not None and options.limit < 1:
        causes.append(("limitBytes", "FieldValueInvalid", f"Invalid value: {options.limit}: must be greater than 0"))
    if options.since_seconds is not None and options.since_time is not None:
        text = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        causes.append(("", "FieldValueForbidden", text))
    elif options.since_seconds is not None and options.since_seconds < 1:
        text = f"Invalid value: {options.since_seconds}: must be greater than 0"
        causes.append(("sinceSeconds", "FieldValueInvalid", text))
    return causes


def run_of(pod: Object, options: LogOptions) -> Run:
    """Whose lines are meant.

    Raises:
        ApiError: 400: no such container, or it has not run.
    """
    container = container_of(pod, options.container)
    container_id = _container_id(pod, container, previous=options.previous)
    return Run(namespace_of(pod), name_of(pod), container, options.previous, container_id)


def container_of(pod: Object, asked: str) -> str:
    """The container that is meant: the one asked for, or the only one.

    Raises:
        ApiError: 400 when there is none of that name, or a name is needed.
    """
    spec = pod.get("spec", {})
    fields = ("containers", "initContainers", "ephemeralContainers")
    names, inits, ephemerals = ([one["name"] for one in spec.get(field) or ()] for field in fields)
    if asked:
        if asked not in (*names, *inits, *ephemerals):
            raise bad_request(f"container {asked} is not valid for pod {name_of(pod)}")
        return asked
    if len(names) == 1:
        return str(names[0])
    text = f"a container name must be specified for pod {name_of(pod)}, choose one of: [{' '.join(names)}]"
    if inits:
        text += f" or one of the init containers: [{' '.join(inits)}]"
    if ephemerals:
        text += f" or one of the ephemeral containers: [{' '.join(ephemerals)}]"
    raise bad_request(text)


def _container_id(pod: Object, container: str, *, previous: bool) -> str:
    """The id of the run that has lines; the branches are the real kubelet's, in its order."""
    quoted = f'"{container}" in pod "{name_of(pod)}"'
    status = status_of(pod, container)
    if status is None:
        raise bad_request(f"container {quoted} is not available")
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    terminated = state.get("terminated")
    last_id = (last or {}).get("containerID") or ""
    if previous:
        if not last_id:
            raise bad_request(f"previous terminated container {quoted} not found")
        return last_id
    if state.get("running") is not None:
        return str(status.get("containerID") or "")
    if terminated is not None or last is not None:
        found = (terminated or {}).get("containerID") or last_id
        if not found:
            raise bad_request(f"container {quoted} is terminated")
        return str(found)
    raise bad_request(f"container {quoted} {_waiting(state.get('waiting'))}")


def _waiting(waiting: Object | None) -> str:
    if waiting is None:
        return "is waiting to start - no logs yet"
    reason = waiting.get("reason", "")
    known = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}
    return f"is waiting to start: {known.get(reason, reason)}"


def status_of(pod: Object, container: str) -> Object | None:
    """What the kubelet says of a container of any kind; None when it has not said anything yet."""
    status = pod.get("status", {})
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for one in status.get(field) or ():
            if one.get("name") == container:
                found: Object = one
                return found
    return None


def written(lines: Sequence[LogLine], options: LogOptions, now: float) -> bytes:
    """The lines that were asked for, as text: the last few, those since a time, at most so many bytes."""
    if options.tail is not None:
        lines = lines[-options.tail :] if options.tail else ()
    since = options.since_time if options.since_seconds is None else now - options.since_seconds
    if since is not None:
        lines = [line for line in lines if line[0] >= since]
    text = "".join(_line(time, text, options.timestamps) for time, text in lines).encode()
    return text if options.limit is None else text[: options.limit]


def _line(time: float, text: str, dated: bool) -> str:
    if not dated:
        return f"{text}\n"
    whole, nanoseconds = divmod(round(time * 1e9), 10**9)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z {text}\n"
