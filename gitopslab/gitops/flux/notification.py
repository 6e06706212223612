"""Flux's own events: which alerts they are for, and what is told of them.

Pure. Source: ``notification-controller``'s ``internal/server/event_handlers.go`` and ``fluxcd/pkg/apis/event``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gitopslab.errors import LabError
from gitopslab.machinery.manifests import load
from gitopslab.machinery.objects import Object, annotations_of, group_of, namespace_of
from gitopslab.machinery.regexes import PatternError, compiled

GROUP = "event.toolkit.fluxcd.io"
_SEVERITIES = {"Normal": "info", "Warning": "error"}
_TRACES = (
    "GitOperationSucceeded", "GarbageCollectionSucceeded", "ArtifactUpToDate",
    "NoArtifact", "NotFound", "NoSourceArtifact",
)  # fmt: skip
_SCANS = (
    "tags did not change, next scan in ",
    "no change in repository configuration since last scan, next scan in ",
    "no change since last reconciliation",
)
"""Reasons and messages of events that only the cluster is told of, where they are no warnings."""

_WRONG = "failed to compile"
_COLOURS = {"info": "good", "error": "danger"}


@dataclass(frozen=True, slots=True)
class Post:
    """What is sent to a provider."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def event_of(event: Object) -> Object:
    """Flux's event for a Kubernetes Event."""
    return {
        "involvedObject": dict(event["involvedObject"]),
        "severity": _severity(event),
        "timestamp": event["lastTimestamp"],
        "message": event.get("message", ""),
        "reason": event.get("reason", ""),
        "metadata": dict(annotations_of(event)),
        "reportingController": event.get("reportingComponent", ""),
    }


def _severity(event: Object) -> str:
    found = _SEVERITIES.get(event.get("type", ""), "info")
    is_trace = event.get("reason") in _TRACES or event.get("message", "").startswith(_SCANS)
    return "trace" if found == "info" and is_trace else found


def spoken(involved: Object) -> str:
    """An object as notification-controller names it in its own events: ``Kustomization/flux-system/app``."""
    return f"{involved['kind']}/{involved.get('namespace', '')}/{involved['name']}"


def is_for(
    alert: Object,
    event: Object,
    labels: Callable[[], Mapping[str, str]],
    invalid: Callable[[str], object] = lambda words: None,
) -> bool:
    """Whether an alert wants to hear of an event.

    Args:
        alert: The Alert.
        event: As ``event_of`` gives it.
        labels: Gives those of the object that the event is about; asked only where they matter.
        invalid: Told of each pattern that is none, on the way to the answer.
    """
    spec = alert["spec"]
    if event["severity"] == "trace":
        return False
    if spec.get("suspend") or not any(_is_from(alert, source, event, labels) for source in spec["eventSources"]):
        return False
    included, excluded = spec.get("inclusionList") or (), spec.get("exclusionList") or ()
    if included and not _speaks(included, event["message"], lambda one: invalid(f"{_WRONG} inclusion regex: {one}")):
        return False
    return not _speaks(excluded, event["message"], lambda one: invalid(f"{_WRONG} exclusion regex: {one}"))


def hears(provider: Object, event: Object) -> bool:
    """Whether a provider is told of an event: that all is well again and again is news only for programs."""
    group = group_of(event["involvedObject"].get("apiVersion", ""))
    is_update = event["metadata"].get(f"{group}/commit_status") == "update"
    return not is_update or provider["spec"]["type"] in ("generic", "generic-hmac")


def told(alert: Object, event: Object) -> Object:
    """An event as it is sent: with metadata of the object, of the alert, and of the controller, the last strongest."""
    found: dict[str, str] = {}
    for metadata in _metadata(alert, event).values():
        found |= metadata
    rest = {key: value for key, value in event.items() if key != "metadata"}
    return {**rest, **({"metadata": found} if found else {})}


def conflicts(alert: Object, event: Object) -> dict[str, str]:
    """The keys of metadata that are said more than once, and by whom."""
    told = _metadata(alert, event)
    keys = dict.fromkeys(key for metadata in told.values() for key in metadata)
    said = {key: [source for source, metadata in told.items() if key in metadata] for key in keys}
    return {key: ", ".join(sources) for key, sources in said.items() if len(sources) > 1}


def _metadata(alert: Object, event: Object) -> dict[str, Mapping[str, str]]:
    """By whom it is said, the weakest first."""
    spec = alert["spec"]
    group = group_of(event["involvedObject"].get("apiVersion", ""))
    return {
        "involved object annotations": _stripped(event["metadata"], f"{GROUP}/"),
        "Alert object .spec.eventMetadata": spec.get("eventMetadata") or {},
        "Alert object .spec.summary": {"summary": spec["summary"]} if spec.get("summary") else {},
        "involved object controller metadata": _stripped(event["metadata"], f"{group}/"),
    }


def post_for(provider: Object, secret: Mapping[str, str], event: Object) -> Post:
    """What a provider is sent.

    Args:
        provider: The Provider.
        secret: The data of its Secret.
        event: As ``told`` gives it.

    Raises:
        LabError: It has no address, or is of a type the lab does not send to.
    """
    spec = provider["spec"]
    url = secret.get("address", spec.get("address", "")).strip()
    if not url.startswith(("http://", "https://")):
        why = f'parse "{url}": {"invalid URI for request" if url else "empty url"}'
        raise LabError(
            f"invalid Slack hook URL {url}: '{why}'" if spec["type"] == "slack" else f"invalid hook URL {url}: {why}"
        )
    headers = {"Content-Type": "application/json"}
    if spec["type"] == "slack":
        token = {"Authorization": f"Bearer {secret['token']}"} if secret.get("token") else {}
        return Post(url, {**headers, **token}, _json(_slack(spec, event)))
    # Simplified: of the providers only generic, generic-hmac and slack are sent to
    if spec["type"] not in ("generic", "generic-hmac"):
        raise LabError(f"provider type {spec['type']} is not one that the lab sends to: take generic or slack")
    body = _json(event)
    headers["gotk-component"] = event["reportingController"]
    headers |= _headers(secret.get("headers", ""))
    if spec["type"] == "generic-hmac":
        if not secret.get("token", ""):
            raise LabError("HMAC key is empty")
        signature = hmac.new(secret["token"].encode(), body, hashlib.sha256).hexdigest()
        headers["X-Signature"] = f"sha256={signature}"
    return Post(url, headers, body)


def _headers(text: str) -> dict[str, str]:
    """What the key ``headers`` of a Secret says, as YAML."""
    try:
        found, _ = load(text.encode())
    except ValueError as error:
        raise LabError(f"failed to read headers from secret: {error}") from error
    if not isinstance(found, dict):
        return {}
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in found.items()}


def _is_from(alert: Object, source: Object, event: Object, labels: Callable[[], Mapping[str, str]]) -> bool:
    involved = event["involvedObject"]
    where = source.get("namespace") or namespace_of(alert)
    if (involved.get("namespace"), involved["kind"]) != (where, source["kind"]):
        return False
    if alert["spec"].get("eventSeverity", "info") not in ("info", event["severity"]):
        return False
    if source["name"] not in ("*", involved["name"]):
        return False
    wanted = source.get("matchLabels")
    return not wanted or wanted.items() <= labels().items()


def _speaks(patterns: Sequence[str], message: str, invalid: Callable[[str], object]) -> bool:
    """Whether a message fits one of some regular expressions; one that is none fits nothing, and is told."""
    for pattern in patterns:
        try:
            if compiled(pattern).search(message):
                return True
        except PatternError:
            invalid(pattern)
    return False


def _stripped(metadata: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {key.removeprefix(prefix): value for key, value in metadata.items() if key.startswith(prefix)}


def _slack(spec: Object, event: Object) -> Object:
    involved = event["involvedObject"]
    author = f"{involved['kind'].lower()}/{involved['name']}.{involved.get('namespace', '')}"
    fields = [{"title": key, "value": value, "short": False} for key, value in event.get("metadata", {}).items()]
    attachment = {
        "color": _COLOURS[event["severity"]],
        "author_name": author,
        "fallback": f"{author}: {event['message'].partition(chr(10))[0]}",
        "text": event["message"],
        "mrkdwn_in": ["text"],
        "fields": fields,
    }
    channel = {"channel": spec["channel"]} if spec.get("channel") else {}
    username = spec.get("username") or event["reportingController"]
    return {**channel, "username": username, "icon_url": "", "icon_emoji": "", "attachments": [attachment]}


def _json(content: Object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
