"""The end of an Application. Cases: ``appcontroller_test.go``, ``hook_test.go``, ``sort_delete_test.go`` of Argo CD."""

from __future__ import annotations

from typing import Any

import pytest
from argocd_syncs import Syncs, job, note
from builders import config_map, deployment, merged

from gitopslab.gitops.argocd.deletion import (
    DeletionError,
    Deletions,
    abandoned,
    hook_finalizers,
    is_deleted,
    last_wave,
)
from gitopslab.gitops.argocd.kinds import (
    BACKGROUND_FINALIZER,
    DELETION_APPROVED,
    FOREGROUND_FINALIZER,
    POST_DELETE_FINALIZER,
    PRE_DELETE_FINALIZER,
    RESOURCES_FINALIZER,
)
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, name_of


class Ends:
    """An Application that is being deleted."""

    def __init__(self, syncs: Syncs, *finalizers: str) -> None:
        self.syncs = syncs
        self.finalizers = list(finalizers)
        self.targets: list[Object] = []
        self.notes: dict[str, str] = {}
        self.options: list[str] = []
        self.extra: list[Object] = []
        self._deletions = Deletions(syncs.api, syncs.plane.verbs.catalog, syncs.clock)

    @property
    def app(self) -> Object:
        metadata = {"deletionTimestamp": timestamp(self.syncs.clock.now()), "finalizers": self.finalizers}
        policy = {"syncPolicy": {"syncOptions": self.options}}
        return merged(self.syncs.app, {"metadata": {**metadata, "annotations": self.notes}, "spec": policy})

    def step(self) -> bool:
        """A step; whether it waits."""
        rows = self.syncs.compare({"source": {}}).resources
        live = [row.live for row in rows if row.live is not None]
        live += [found for obj in self.extra if (found := self.syncs.find(obj)) is not None]
        before, self.finalizers = self.finalizers, self._deletions.advance(self.app, live, self.targets)
        self.syncs.plane.settle()
        return self.finalizers == before and any("argocd" in name for name in before)

    def end(self) -> list[str]:
        """Steps until nothing is waited for; the finalizers that are left."""
        for _ in range(10):
            if not self.step():
                return self.finalizers
        raise AssertionError("it never ends")

    def run_hooks(self, *hooks: Object) -> None:
        """Have Git have these hooks, which the Application then manages."""
        self.targets = self.extra = list(hooks)


def _pre(name: str, policy: str = "") -> Object:
    return job(name, "PreDelete", policy)


def test_without_a_finalizer_nothing_is_deleted(syncs: Syncs) -> None:
    syncs.have(config_map("a"))
    ends = Ends(syncs)
    assert not ends.step()
    assert syncs.get("configmaps", "a")


@pytest.mark.parametrize("finalizer", [RESOURCES_FINALIZER, FOREGROUND_FINALIZER, BACKGROUND_FINALIZER])
def test_with_one_everything_goes_and_then_the_finalizer(syncs: Syncs, finalizer: str) -> None:
    syncs.have(config_map("a"), deployment("web"))
    ends = Ends(syncs, finalizer, "example.com/other")
    assert ends.end() == ["example.com/other"]
    assert syncs.get("configmaps", "a") is None
    assert syncs.get("deployments.apps", "web") is None
    syncs.plane.settle()
    assert syncs.api.list("replicasets.apps", "default") == []


def test_the_highest_wave_goes_first_and_is_waited_for(syncs: Syncs) -> None:
    syncs.have(note(config_map("first"), "-1"), note(config_map("last"), "2"))
    syncs.api.patch("configmaps", "last", {"metadata": {"finalizers": ["example.com/held"]}}, "default")
    ends = Ends(syncs, RESOURCES_FINALIZER)
    assert ends.step()
    assert ends.step()
    assert syncs.get("configmaps", "first")
    syncs.api.patch("configmaps", "last", {"metadata": {"finalizers": []}}, "default")
    assert ends.end() == []
    assert syncs.get("configmaps", "first") is None


def test_of_several_objects_those_of_the_highest_wave_are_the_last() -> None:
    objects = [note(config_map(f"{wave}"), wave) for wave in ("1", "3", "2", "3")]
    assert [name_of(obj) for obj in last_wave(objects)] == ["3", "3"]
    assert last_wave([]) == []


@pytest.mark.parametrize(
    ("own", "options", "deleted"),
    [
        ({}, [], True),
        ({"options": "Delete=false"}, [], False),
        ({"options": "Delete=confirm"}, [], True),
        ({}, ["Delete=false"], False),
        ({"options": "Delete=true"}, ["Delete=false"], True),
        ({"helm.sh/resource-policy": "keep"}, [], False),
        ({"options": "Prune=false"}, [], True),
    ],
)
def test_what_is_kept(own: dict[str, str], options: list[str], deleted: bool) -> None:
    app = {"metadata": {"name": "app", "namespace": "argocd"}, "spec": {"syncPolicy": {"syncOptions": options}}}
    assert is_deleted(app, note(config_map("a"), **own)) is deleted


def test_definitions_and_the_application_itself_are_kept() -> None:
    app: Any = {"metadata": {"name": "app", "namespace": "argocd"}, "spec": {}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "a"},
    }
    itself = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", **app}
    other = merged(itself, {"metadata": {"name": "other"}})
    assert [is_deleted(app, obj) for obj in (definition, itself, other)] == [False, False, True]


def test_what_is_kept_does_not_hold_up_the_end(syncs: Syncs) -> None:
    syncs.have(note(config_map("kept"), options="Delete=false"), config_map("a"))
    assert Ends(syncs, RESOURCES_FINALIZER).end() == []
    assert syncs.get("configmaps", "kept")


def test_what_has_to_be_confirmed_is_waited_for(syncs: Syncs) -> None:
    syncs.have(note(config_map("a"), options="Delete=confirm"), config_map("b"))
    ends = Ends(syncs, RESOURCES_FINALIZER)
    assert ends.step()
    assert syncs.get("configmaps", "b")
    ends.notes = {DELETION_APPROVED: timestamp(syncs.clock.now())}
    assert ends.end() == []
    assert syncs.get("configmaps", "a") is None


# -- hooks ------------------------------------------------------------------------------------------------------------


def test_the_last_finalizer_comes_into_the_gap_that_a_hooks_one_leaves(syncs: Syncs) -> None:
    pairs = [PRE_DELETE_FINALIZER, f"{PRE_DELETE_FINALIZER}/cleanup"]
    pairs += [POST_DELETE_FINALIZER, f"{POST_DELETE_FINALIZER}/cleanup"]
    ends = Ends(syncs, RESOURCES_FINALIZER, *pairs)
    ends.step()
    assert ends.finalizers == [pairs[3], pairs[1], pairs[2]]


def test_finalizers_come_and_go_with_hooks_in_git() -> None:
    app: Object = {"metadata": {"finalizers": [RESOURCES_FINALIZER, POST_DELETE_FINALIZER]}}
    cleanup = f"{PRE_DELETE_FINALIZER}/cleanup"
    wanted = [RESOURCES_FINALIZER, PRE_DELETE_FINALIZER, cleanup]
    assert hook_finalizers(app, [config_map("a"), _pre("bye")]) == wanted
    assert hook_finalizers({"metadata": {"finalizers": wanted}}, [config_map("a")]) == [RESOURCES_FINALIZER]


def test_without_its_cluster_an_application_leaves_everything() -> None:
    others = ["example.com/other"]
    ours = [FOREGROUND_FINALIZER, PRE_DELETE_FINALIZER, f"{POST_DELETE_FINALIZER}/cleanup"]
    assert abandoned({"metadata": {"finalizers": [*ours, *others]}}) == others


def test_hooks_run_before_anything_is_deleted(syncs: Syncs) -> None:
    syncs.have(config_map("a"))
    ends = Ends(syncs, RESOURCES_FINALIZER, PRE_DELETE_FINALIZER)
    ends.run_hooks(job("bye", "PreDelete", spec={"suspend": False}))
    assert ends.step()
    assert syncs.get("jobs.batch", "bye")
    assert ends.step()
    assert syncs.get("configmaps", "a")
    syncs.plane.advance(30)
    assert ends.end() == [RESOURCES_FINALIZER]
    assert ends.end() == []
    assert syncs.get("configmaps", "a") is None


def test_a_hook_that_fails_is_told_and_deleted_so_that_it_can_run_again(syncs: Syncs) -> None:
    ends = Ends(syncs, PRE_DELETE_FINALIZER)
    ends.run_hooks(_pre("bye"))
    assert ends.step()
    syncs.finish("bye", "Failed")
    with pytest.raises(DeletionError) as caught:
        ends.step()
    assert caught.value.message == "error executing pre-delete hooks: PreDelete hook(s) failed: default/bye"
    assert syncs.get("jobs.batch", "bye") is None
    assert ends.step()
    assert syncs.get("jobs.batch", "bye")


def test_hooks_run_after_everything_is_deleted(syncs: Syncs) -> None:
    syncs.have(config_map("a"))
    ends = Ends(syncs, RESOURCES_FINALIZER, POST_DELETE_FINALIZER)
    ends.targets = [job("gone", "PostDelete", spec={"suspend": False})]
    assert ends.end() == [POST_DELETE_FINALIZER]
    assert syncs.get("configmaps", "a") is None
    ends.extra = ends.targets
    assert ends.step()
    assert ends.step()
    syncs.plane.advance(30)
    assert ends.end() == []


@pytest.mark.parametrize(
    ("policy", "left"), [("HookSucceeded", False), ("HookFailed", True), ("", True), ("BeforeHookCreation", True)]
)
def test_what_is_left_of_hooks_goes_as_their_policy_says(syncs: Syncs, policy: str, left: bool) -> None:
    ends = Ends(syncs, f"{PRE_DELETE_FINALIZER}/cleanup")
    syncs.api.create(_pre("bye", policy))
    ends.extra = [_pre("bye")]
    syncs.finish("bye")
    assert ends.end() == []
    assert bool(syncs.get("jobs.batch", "bye")) is left


def test_a_hook_that_is_there_already_is_not_made_twice(syncs: Syncs) -> None:
    ends = Ends(syncs, PRE_DELETE_FINALIZER)
    syncs.api.create(_pre("bye"))
    ends.targets = [_pre("bye")]
    assert not ends.step()
