"""Who asks, and how: the parameters that come with a request besides the object.

Upstream: ``apimachinery/pkg/apis/meta/v1/validation``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from gitopslab.controlplane.runtime.api import Propagation
from gitopslab.errors import bad_request, invalid

Cause = tuple[str, str, str]
"""A field, the reason why it is refused, and the words."""

Extra = tuple[tuple[str, tuple[str, ...]], ...]
"""Further facts about a caller, each with its values, as in ``authentication.kubernetes.io/pod-name``."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity behind a request.

    Attributes:
        user: As in ``kubernetes-admin`` or ``system:kube-scheduler``.
        groups: As in ``system:masters``.
        manager: The field manager when the request names none: the first word of the User-Agent.
        uid: Of the user, where it has one: service accounts do.
        extra: What else the credentials say.
    """

    user: str
    groups: tuple[str, ...] = ()
    manager: str = "unknown"
    uid: str = ""
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """``CreateOptions``, ``UpdateOptions`` and ``PatchOptions`` of ``meta/v1``.

    Attributes:
        dry_run: Do everything but keep it.
        field_manager: Overrides the caller's.
        force: Server-side apply takes fields from other managers.
        field_validation: ``Strict``, ``Warn`` or ``Ignore`` for unknown fields.
        warnings: Filled while the request is worked on; they become ``Warning`` headers.
        is_inner: Whether this write carries out another request, of which those outside know already.
    """

    dry_run: bool = False
    field_manager: str = ""
    force: bool = False
    field_validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)
    is_inner: bool = False

    def told(self, kind: str) -> dict[str, Any]:
        """The object that carries them, as admission is told of it: only what was asked for."""
        given = {"dryRun": ["All"] if self.dry_run else [], "fieldManager": self.field_manager}
        given["fieldValidation"] = self.field_validation if self.field_validation != "Warn" else ""
        return _told(kind, given)


def _told(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "apiVersion": "meta.k8s.io/v1",
        **{key: value for key, value in given.items() if value not in (None, "", [], {})},
    }


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """``DeleteOptions`` of ``meta/v1``.

    Attributes:
        grace_seconds: How long a pod may take to stop; None asks for the pod's own time.
        propagation: What happens to dependents; None asks for the kind's default.
        uid: Delete only this very object.
        resource_version: Delete only this very state.
        dry_run: Do everything but keep it.
        is_cascading: Whether dependents were asked for with ``orphanDependents: false``, as of old.
        warnings: Filled while the request is worked on; they become ``Warning`` headers.
        is_inner: Whether this deletion carries out another request, of which those outside know already.
    """

    grace_seconds: int | None = None
    propagation: Propagation | None = None
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False
    is_cascading: bool = False
    warnings: list[str] = field(default_factory=list)
    is_inner: bool = False

    def told(self, kind: str) -> dict[str, Any]:
        """The object that carries them, as admission is told of it: only what was asked for."""
        given: dict[str, Any] = {"gracePeriodSeconds": self.grace_seconds, "propagationPolicy": self.propagation}
        conditions = {"uid": self.uid, "resourceVersion": self.resource_version}
        given["preconditions"] = {key: value for key, value in conditions.items() if value}
        given["dryRun"] = ["All"] if self.dry_run else []
        return _told(kind, given)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> DeleteOptions:
        """What a client wrote, in a query or in an object.

        Raises:
            ApiError: 400 for a value of the wrong type, 422 for one the API does not know.
        """
        grace, propagation = given.get("gracePeriodSeconds"), given.get("propagationPolicy")
        if grace is not None and (not isinstance(grace, int) or isinstance(grace, bool)):
            field_name = "DeleteOptions.gracePeriodSeconds"
            raise bad_request(f"json: cannot unmarshal into Go struct field {field_name} of type int64")
        orphan, dry_run = given.get("orphanDependents"), given.get("dryRun") or []
        causes = dry_run_causes(dry_run)
        if propagation is not None and propagation not in get_args(Propagation):
            causes.append(unsupported("propagationPolicy", propagation, ("Foreground", "Background", "Orphan", "nil")))
        if propagation is not None and orphan is not None:
            text = f'Invalid value: "{propagation}": orphanDependents and deletionPropagation cannot be both set'
            causes.append(("propagationPolicy", "FieldValueInvalid", text))
        refuse("DeleteOptions", causes)
        if orphan is not None:
            propagation = "Orphan" if orphan else "Background"
        conditions = given.get("preconditions") or {}
        uid, version = conditions.get("uid"), conditions.get("resourceVersion")
        return cls(grace, propagation, uid, version, bool(dry_run), is_cascading=orphan is False)


def dry_run_causes(values: Sequence[str]) -> list[Cause]:
    """What is wrong with a ``dryRun``, of which there is one value only."""
    odd = any(value != "All" for value in values)
    return [unsupported("dryRun", list(values), ("All",))] if odd else []


def unsupported(field: str, value: Any, supported: Sequence[str]) -> Cause:
    """A value that is none of those that a field may have."""
    listed, shown = ", ".join(f'"{one}"' for one in supported), json.dumps(value, separators=(",", ":"))
    return (field, "FieldValueNotSupported", f"Unsupported value: {shown}: supported values: {listed}")


def refuse(kind: str, causes: Sequence[Cause], *, group: str = "meta.k8s.io", name: str = "") -> None:
    """Raise for options that break a rule, if any do.

    Raises:
        InvalidError: Naming every cause.
    """
    if causes:
        raise invalid(kind, group, name, causes)
