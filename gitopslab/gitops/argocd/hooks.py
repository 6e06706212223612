"""What an object's annotations make of it: a hook, of which phases, deleted when, in which wave.

Helm's own annotations count where Argo CD's are missing. ``PreDelete`` and ``PostDelete`` hooks belong to no sync: they
run when the Application is deleted. Sources: ``gitops-engine/pkg/sync/hook``, ``syncwaves``, ``sync_phase.go``,
``ignore``, and ``controller/hook.go``.
"""

from __future__ import annotations

import re
from typing import Literal

from gitopslab.gitops.argocd.kinds import HOOK, HOOK_DELETE_POLICY, SYNC_WAVE
from gitopslab.gitops.argocd.options import words
from gitopslab.machinery.objects import Object, annotations_of

DeleteHook = Literal["PreDelete", "PostDelete"]

PRE_SYNC, SYNC, POST_SYNC, SYNC_FAIL = "PreSync", "Sync", "PostSync", "SyncFail"
PHASES = (PRE_SYNC, SYNC, POST_SYNC, SYNC_FAIL)
"""In the order in which they run; the last one only after a failure."""

BEFORE_CREATION, ON_SUCCESS, ON_FAILURE = "BeforeHookCreation", "HookSucceeded", "HookFailed"
"""When a hook is deleted."""

_SKIP = "Skip"
_HELM_HOOK = "helm.sh/hook"
_HELM_TYPES = {
    "pre-install": PRE_SYNC,
    "pre-upgrade": PRE_SYNC,
    "post-upgrade": POST_SYNC,
    "post-install": POST_SYNC,
}
_HELM_POLICIES = {
    "before-hook-creation": BEFORE_CREATION,
    "hook-succeeded": ON_SUCCESS,
    "hook-failed": ON_FAILURE,
}
_HELM_DELETE: dict[DeleteHook, str] = {"PreDelete": "pre-delete", "PostDelete": "post-delete"}


def is_hook(obj: Object) -> bool:
    """Whether an object is a hook, of whatever phase; one of an unknown phase runs in none."""
    if HOOK in annotations_of(obj):
        return not is_skipped(obj)
    # Helm marks definitions in the same way, and they are no hooks.
    return annotations_of(obj).get(_HELM_HOOK, "crd-install") != "crd-install"


def is_skipped(obj: Object) -> bool:
    """Whether an object is never applied: ``Skip`` and nothing else."""
    return _types(obj) == [_SKIP]


def is_ignored(obj: Object) -> bool:
    """Whether an object is a hook that no sync knows."""
    return is_hook(obj) and not _types(obj)


def is_delete_hook(obj: Object, kind: DeleteHook) -> bool:
    """Whether an object runs when the Application is deleted."""
    return kind in words(obj, HOOK) or _HELM_DELETE[kind] in words(obj, _HELM_HOOK)


def phases(obj: Object) -> list[str]:
    """The phases in which an object is applied; ``Sync`` for what is no hook."""
    if is_skipped(obj):
        return []
    return [phase for phase in PHASES if phase in _types(obj)] if is_hook(obj) else [SYNC]


def delete_policies(obj: Object) -> list[str]:
    """When a hook is deleted; before the next one is made, when it does not say."""
    own = [word for word in words(obj, HOOK_DELETE_POLICY) if word in (BEFORE_CREATION, ON_SUCCESS, ON_FAILURE)]
    helm = [_HELM_POLICIES[word] for word in words(obj, f"{_HELM_HOOK}-delete-policy") if word in _HELM_POLICIES]
    return [*own, *helm] or [BEFORE_CREATION]


def wave(obj: Object) -> int:
    """The wave of an object; 0 when it does not say, or not with a number."""
    said = annotations_of(obj)
    texts = (str(said.get(name, "")) for name in (SYNC_WAVE, f"{_HELM_HOOK}-weight"))
    return next((int(text) for text in texts if re.fullmatch(r"[+-]?[0-9]{1,18}", text)), 0)


def _types(obj: Object) -> list[str]:
    own = [word for word in words(obj, HOOK) if word in (*PHASES, _SKIP)]
    return own or [_HELM_TYPES[word] for word in words(obj, _HELM_HOOK) if word in _HELM_TYPES]
