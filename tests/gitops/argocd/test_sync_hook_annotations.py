"""What annotations make of an object. Cases: tests of ``sync/hook``, ``syncwaves``, ``hook.go``."""

from __future__ import annotations

import pytest

from gitopslab.gitops.argocd import hooks
from gitopslab.machinery.objects import Object

HOOK, POLICY = "argocd.argoproj.io/hook", "argocd.argoproj.io/hook-delete-policy"
WAVE, HELM = "argocd.argoproj.io/sync-wave", "helm.sh/hook"


def _pod(**annotations: str) -> Object:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "annotations": annotations}}


@pytest.mark.parametrize(
    ("annotations", "is_hook", "phases"),
    [
        ({}, False, ["Sync"]),
        ({HOOK: "PreSync"}, True, ["PreSync"]),
        ({HOOK: "PreSync,PostSync"}, True, ["PreSync", "PostSync"]),
        ({HOOK: " PostSync , PreSync ,PreSync"}, True, ["PreSync", "PostSync"]),
        ({HOOK: "Skip"}, False, []),
        ({HOOK: "Skip,PreSync"}, True, ["PreSync"]),
        ({HOOK: "Unicorn"}, True, []),
        ({HOOK: ""}, True, []),
        ({HOOK: "PreDelete"}, True, []),
        ({HELM: "pre-install"}, True, ["PreSync"]),
        ({HELM: "pre-install,pre-upgrade"}, True, ["PreSync"]),
        ({HELM: "post-install,post-upgrade"}, True, ["PostSync"]),
        ({HELM: "test"}, True, []),
        ({HELM: "crd-install"}, False, ["Sync"]),
        ({HOOK: "Sync", HELM: "pre-install"}, True, ["Sync"]),
        ({HOOK: "Unicorn", HELM: "pre-install"}, True, ["PreSync"]),
    ],
)
def test_of_which_phases_a_hook_is(annotations: dict[str, str], is_hook: bool, phases: list[str]) -> None:
    obj = _pod(**annotations)
    assert (hooks.is_hook(obj), hooks.phases(obj)) == (is_hook, phases)


def test_only_skip_alone_is_skipped() -> None:
    assert hooks.is_skipped(_pod(**{HOOK: "Skip"}))
    assert not hooks.is_skipped(_pod(**{HOOK: "Skip,PreSync"}))
    assert not hooks.is_skipped(_pod())


def test_a_hook_of_no_phase_is_ignored() -> None:
    assert hooks.is_ignored(_pod(**{HOOK: "Unicorn"}))
    assert not hooks.is_ignored(_pod(**{HOOK: "Skip"}))
    assert not hooks.is_ignored(_pod())


@pytest.mark.parametrize(
    ("annotations", "policies"),
    [
        ({}, ["BeforeHookCreation"]),
        ({POLICY: "HookSucceeded"}, ["HookSucceeded"]),
        ({POLICY: "HookSucceeded,HookFailed"}, ["HookSucceeded", "HookFailed"]),
        ({POLICY: "garbage"}, ["BeforeHookCreation"]),
        ({f"{HELM}-delete-policy": "hook-failed"}, ["HookFailed"]),
        ({f"{HELM}-delete-policy": "before-hook-creation"}, ["BeforeHookCreation"]),
        ({POLICY: "HookSucceeded", f"{HELM}-delete-policy": "hook-failed"}, ["HookSucceeded", "HookFailed"]),
    ],
)
def test_when_a_hook_is_deleted(annotations: dict[str, str], policies: list[str]) -> None:
    assert hooks.delete_policies(_pod(**annotations)) == policies


@pytest.mark.parametrize(
    ("annotations", "wave"),
    [
        ({}, 0),
        ({WAVE: "1"}, 1),
        ({WAVE: "-3"}, -3),
        ({WAVE: "first"}, 0),
        ({f"{HELM}-weight": "2"}, 2),
        ({WAVE: "1", f"{HELM}-weight": "2"}, 1),
        ({WAVE: "first", f"{HELM}-weight": "2"}, 2),
        ({f"{HELM}-weight": "heavy"}, 0),
    ],
)
def test_in_which_wave_an_object_is(annotations: dict[str, str], wave: int) -> None:
    assert hooks.wave(_pod(**annotations)) == wave


@pytest.mark.parametrize(
    ("annotations", "before", "after"),
    [
        ({}, False, False),
        ({HOOK: "PreSync"}, False, False),
        ({HOOK: "PreDelete"}, True, False),
        ({HOOK: "PreDelete, PostDelete"}, True, True),
        ({HOOK: "PostSync,PostDelete"}, False, True),
        ({HELM: "pre-delete"}, True, False),
        ({HELM: "post-install,post-delete"}, False, True),
        ({HELM: "pre-delete-not"}, False, False),
    ],
)
def test_which_hooks_run_at_the_end_of_an_application(annotations: dict[str, str], before: bool, after: bool) -> None:
    obj = _pod(**annotations)
    assert (hooks.is_delete_hook(obj, "PreDelete"), hooks.is_delete_hook(obj, "PostDelete")) == (before, after)
