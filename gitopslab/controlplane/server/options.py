"""Who asks, and how: the parameters that come with a request besides the object."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitopslab.controlplane.runtime.api import Propagation

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
    """

    dry_run: bool = False
    field_manager: str = ""
    force: bool = False
    field_validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)


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
    """

    grace_seconds: int | None = None
    propagation: Propagation | None = None
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False
    is_cascading: bool = False
