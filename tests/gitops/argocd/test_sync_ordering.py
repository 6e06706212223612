"""In which order a sync does things. Cases: ``sync_tasks_test.go``, ``sync_context_test.go`` of gitops-engine."""

from __future__ import annotations

import pytest
from argocd_syncs import job, note
from builders import config_map, deployment, pod

from gitopslab.gitops.argocd.sync.order import in_order, is_multi_step, mirror_prune_waves, prune_last
from gitopslab.gitops.argocd.sync.task import Task
from gitopslab.machinery.objects import Object, name_of


def _named(kind: str, name: str, version: str = "v1", **rest: object) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "default"}, **rest}


def _namespace(name: str, wave: str = "") -> Object:
    return note({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, wave)


def _definition(kind: str, wave: str = "") -> Object:
    spec = {"group": "example.com", "names": {"kind": kind}}
    name = f"{kind.lower()}s.example.com"
    return note(_named("CustomResourceDefinition", name, "apiextensions.k8s.io/v1", spec=spec), wave)


def _syncs(*objects: Object) -> list[Task]:
    return [Task("Sync", obj) for obj in objects]


def _prunes(*objects: Object) -> list[Task]:
    return [Task("Sync", None, obj) for obj in objects]


def _names(tasks: list[Task]) -> list[str]:
    return [name_of(task.object) for task in in_order(tasks, "default")]


def test_phases_come_in_their_order() -> None:
    tasks = [Task(phase, pod(phase)) for phase in ("SyncFail", "PostSync", "Sync", "PreSync")]
    assert _names(tasks) == ["PreSync", "Sync", "PostSync", "SyncFail"]


def test_waves_come_before_kinds_and_kinds_before_names() -> None:
    objects = (
        pod("b"), pod("a"), note(config_map("late"), "1"), note(pod("early"), "-1"), _named("Service", "s"),
        _named("Mystery", "m", "example.com/v1"), _named("PersistentVolume", "v"), config_map("c"), deployment("d"),
    )  # fmt: skip
    assert _names(_syncs(*objects)) == ["early", "c", "v", "s", "a", "b", "d", "m", "late"]


def test_every_kind_with_a_place_comes_before_those_without() -> None:
    kinds = [
        "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget",
        "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume",
        "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding",
        "ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod",
        "ReplicationController", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob",
        "IngressClass", "Ingress", "APIService", "Another",
    ]  # fmt: skip
    assert _names(_syncs(*(_named(kind, kind) for kind in reversed(kinds)))) == kinds


def test_a_namespace_comes_before_what_is_in_it_and_in_its_phase_and_wave() -> None:
    tasks = [Task("Sync", _namespace("team")), Task("PreSync", pod("hook", "team")), *_syncs(pod("web", "team"))]
    found = in_order(tasks, "default")
    assert [(name_of(task.object), task.phase, task.wave) for task in found] == [
        ("team", "PreSync", 0),
        ("hook", "PreSync", 0),
        ("web", "Sync", 0),
    ]


def test_a_namespace_takes_the_wave_of_the_first_that_needs_it() -> None:
    tasks = _syncs(_namespace("team", "3"), note(pod("second", "team"), "2"), note(pod("first", "team"), "-5"))
    assert [(name_of(task.object), task.wave) for task in in_order(tasks, "default")] == [
        ("team", -5),
        ("first", -5),
        ("second", 2),
    ]


def test_what_belongs_to_the_cluster_needs_the_namespace_of_the_application() -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}}
    tasks = _syncs(_namespace("default", "1"), note(role, "-1"))
    assert [name_of(task.object) for task in in_order(tasks, "default")] == ["default", "r"]


def test_a_definition_comes_before_what_is_of_its_kind() -> None:
    tasks = [Task("Sync", _definition("Cup", "2")), Task("PreSync", _named("Cup", "mine", "example.com/v1"))]
    assert [(name_of(task.object), task.phase) for task in in_order(tasks, "default")] == [
        ("cups.example.com", "PreSync"),
        ("mine", "PreSync"),
    ]


def test_a_definition_that_nothing_needs_stays_where_it_is() -> None:
    tasks = _syncs(_definition("Cup", "2"), _named("Saucer", "mine", "example.com/v1"))
    assert _names(tasks) == ["mine", "cups.example.com"]


@pytest.mark.parametrize(
    ("targets", "prunes", "waves"),
    [
        ({}, {"a": 0, "b": 0}, {"a": 0, "b": 0}),
        ({}, {"ns": 0, "1": 1, "2": 2, "3": 3, "4": 4}, {"ns": 4, "1": 3, "2": 2, "3": 1, "4": 0}),
        ({"ns": 0, "2": 2}, {"1": 1, "3": 3, "4": 4}, {"ns": 0, "1": 4, "2": 2, "3": 3, "4": 1}),
        (
            {"ns": -1, "2": 3, "6": 5},
            {"1": 1, "3": 3, "4": 3, "5": 4, "7": 5},
            {"ns": -1, "2": 3, "6": 5, "1": 5, "3": 4, "4": 4, "5": 3, "7": 1},
        ),
    ],
)
def test_what_is_pruned_goes_in_mirrored_waves(
    targets: dict[str, int], prunes: dict[str, int], waves: dict[str, int]
) -> None:
    tasks = _syncs(*(note(pod(name), str(wave)) for name, wave in targets.items()))
    tasks += _prunes(*(note(pod(name), str(wave)) for name, wave in prunes.items()))
    mirror_prune_waves(tasks)
    assert {name_of(task.object): task.wave for task in tasks} == waves


def test_prune_last_is_a_wave_after_all_others() -> None:
    tasks = [*_syncs(note(pod("1"), "2")), *_prunes(note(pod("2"), "1"), note(pod("3"), "7"))]
    prune_last(tasks, everything=True)
    assert {name_of(task.object): task.wave for task in tasks} == {"1": 2, "2": 8, "3": 8}


def test_prune_last_of_single_objects_leaves_the_others_mirrored() -> None:
    objects = [note(pod(str(wave)), str(wave), "PruneLast=true" if wave == 2 else "") for wave in (1, 2, 3, 4)]
    tasks = [*_syncs(_namespace("ns", "0")), *_prunes(*objects)]
    mirror_prune_waves(tasks)
    prune_last(tasks, everything=False)
    assert {name_of(task.object): task.wave for task in tasks} == {"ns": 0, "1": 4, "2": 5, "3": 2, "4": 1}


def test_one_wave_of_one_phase_is_one_step() -> None:
    assert not is_multi_step([])
    assert not is_multi_step(_syncs(pod("a"), pod("b")))
    assert is_multi_step(_syncs(pod("a"), note(pod("b"), "1")))
    assert is_multi_step([*_syncs(pod("a")), Task("PostSync", job("b", "PostSync"))])
