"""Every error the lab raises on purpose, in one tree.

::

    LabError
     ├─ SetupError         the machine or a cluster is not as it must be
     ├─ ManifestError      a YAML document cannot be read
     ├─ WaitTimeoutError   a state did not come in time
     ├─ SharedClusterError an exercise would change what others on the cluster use, too
 ├─ GitError           a Git repository cannot be read or written
 ├─ RenderError        manifests cannot be made of what lies in a folder
     ├─ ImageError         an image, its parts or its registry is not as it must be
     │   ├─ DockerfileError     a line of a Dockerfile cannot be followed
     │   └─ DiskFullError       there is no room to keep it
     └─ ApiError           an API server answered with a Status
         ├─ NotFoundError       404
         ├─ AlreadyExistsError  409, reason AlreadyExists
         ├─ ConflictError       409, reason Conflict
         ├─ InvalidError        422
         └─ GoneError           410, a watch or list asked for history that is compacted

A message has three beats: what happened, to what, and what to do next. ``ApiError`` is the exception:
its text is Kubernetes' own, because learners meet the same words on a real cluster. The control plane
raises these classes and the client rebuilds them from the Status it receives, so both ends of the
connection speak of the same failure. A class exists only where somebody catches it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

NEXT = "\n  Next: "
"""What stands between the two parts of an error's text."""


class LabError(Exception):
    """Base of everything the lab raises on purpose.

    Args:
        message: What happened, and to what.
        hint: What to do next; shown on a line of its own.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}{NEXT}{self.hint}" if self.hint else self.message


class SetupError(LabError):
    """The machine or a cluster is not as the lab needs it."""


class SharedClusterError(LabError):
    """An exercise would change what others on the cluster use, too."""


class ManifestError(LabError):
    """A manifest cannot be read: the message names file, line and the offending text.

    Attributes:
        line: On which line it is, from one; 0 when that is not known.
        problem: What is wrong there, without the place.
    """

    def __init__(self, message: str, hint: str = "", *, line: int = 0, problem: str = "") -> None:
        super().__init__(message, hint)
        self.line = line
        self.problem = problem or message


class WaitTimeoutError(LabError):
    """A state did not come in time; the message holds the last state seen and the newest event."""


class GitError(LabError):
    """A Git repository cannot be read or written; the message is in the words of Flux's Git client."""


class RenderError(LabError):
    """Manifests cannot be made of what lies in a folder; the message is kustomize's, or names the file."""


class ImageError(LabError):
    """An image, one of its parts, or what a registry makes of it, is not as it must be.

    Attributes:
        code: What the OCI distribution specification calls it, such as ``MANIFEST_UNKNOWN``; empty when it has no word.
            A registry answers with it, and a client rebuilds the error from it.
    """

    def __init__(self, message: str, hint: str = "", *, code: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


class DockerfileError(ImageError):
    """A line of a Dockerfile cannot be read or followed.

    Attributes:
        line: Which, from one; 0 when it is about the whole file.
        problem: What is wrong there, without the place.
    """

    def __init__(self, message: str, hint: str = "", *, line: int = 0, problem: str = "") -> None:
        super().__init__(message, hint)
        self.line = line
        self.problem = problem or message


class DiskFullError(ImageError):
    """The disk has no room for what was to be kept; nothing of it was."""


class ApiError(LabError):
    """An answer of an API server that is not a success.

    Attributes:
        status: The ``Status`` object (``meta/v1``) as a dictionary, ready to be sent as JSON.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.code = code
        self.reason = reason
        self.metadata = metadata or {}
        self.details = details or {}
        self._tells_details = details is not None

    @property
    def status(self) -> dict[str, Any]:
        """The ``Status`` object that says this over the wire."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self._tells_details:
            status["details"] = self.details
        status["code"] = self.code
        return status


class NotFoundError(ApiError):
    """404: no such object, or no such resource type."""


class AlreadyExistsError(ApiError):
    """409 with reason AlreadyExists: the name is taken."""


class ConflictError(ApiError):
    """409 with reason Conflict: written from a stale resourceVersion, or a field owned by another manager."""


class InvalidError(ApiError):
    """422: the object breaks a rule of its kind; ``details.causes`` lists the fields."""


class GoneError(ApiError):
    """410: the asked-for history is compacted; list again and watch from there."""


_BY_REASON: dict[str, type[ApiError]] = {
    "NotFound": NotFoundError,
    "AlreadyExists": AlreadyExistsError,
    "Conflict": ConflictError,
    "Invalid": InvalidError,
    "Expired": GoneError,
    "Gone": GoneError,
}


def from_status(status: dict[str, Any]) -> ApiError:
    """The error that a received ``Status`` object stands for."""
    reason = status.get("reason") or "Unknown"
    cls = _BY_REASON.get(reason, ApiError)
    return cls(int(status.get("code") or 500), reason, status.get("message") or reason, details=status.get("details"))


def _details(resource: str, name: str) -> dict[str, Any]:
    kind, _, group = resource.partition(".")
    found = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in found.items() if value}


def not_found(resource: str, name: str) -> NotFoundError:
    """``pods "web" not found``; ``resource`` is a plural with its group, as in ``deployments.apps``."""
    return NotFoundError(404, "NotFound", f'{resource} "{name}" not found', details=_details(resource, name))


def already_exists(resource: str, name: str, *, is_terminating: bool = False) -> AlreadyExistsError:
    """``pods "web" already exists``; while it is being deleted, that is told first."""
    message = f'{"object is being deleted: " if is_terminating else ""}{resource} "{name}" already exists'
    return AlreadyExistsError(409, "AlreadyExists", message, details=_details(resource, name))


def conflict(resource: str, name: str, why: str) -> ConflictError:
    """``Operation cannot be fulfilled on …``, with the reason after the colon."""
    message = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
    return ConflictError(409, "Conflict", message, details=_details(resource, name))


def bad_request(message: str) -> ApiError:
    """400: the request itself cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unclassified(message: str, reason: str = "") -> ApiError:
    """400: the request is at fault, and the real server has no class for the fault.

    Simplified: the real server answers some faults of a request with 500 (``ErrorToAPIStatus``); kubectl
    prints the same for both, and here a 500 always means that the server is at fault.
    """
    return ApiError(400, reason, message)


def forbidden(resource: str, name: str, why: str) -> ApiError:
    """403: admission or authorization refuses."""
    return ApiError(403, "Forbidden", f'{resource} "{name}" is forbidden: {why}', details=_details(resource, name))


def gone(message: str) -> GoneError:
    """410 with reason Expired."""
    return GoneError(410, "Expired", message)


def aggregated(messages: Sequence[str]) -> str:
    """Several messages as one, as Go words them (``utilerrors.Aggregate``); empty for none."""
    return f"[{', '.join(messages)}]" if len(messages) > 1 else "".join(messages)


def invalid(kind: str, group: str, name: str, causes: Sequence[tuple[str, str, str]]) -> InvalidError:
    """422 built from field errors, worded as ``field.ErrorList.ToAggregate`` words them.

    Args:
        kind: The kind, as in ``Deployment``.
        group: Its API group; empty for core.
        name: The object's name.
        causes: One ``(field, reason, message)`` an error, in the order found; the message without its field.
    """
    texts = [f"{field}: {message}" for field, _, message in dict.fromkeys(causes)]
    qualified = f"{kind}.{group}" if group else kind
    details: dict[str, Any] = {"name": name, "group": group, "kind": kind}
    details = {key: value for key, value in details.items() if value}
    details["causes"] = [{"reason": reason, "message": message, "field": field} for field, reason, message in causes]
    return InvalidError(422, "Invalid", f'{qualified} "{name}" is invalid: {aggregated(texts)}', details=details)
