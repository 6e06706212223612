"""Sync options: how objects are applied. Cases: ``sync_context_test.go``, ``sync_namespace_test.go``."""

from __future__ import annotations

import re
from typing import Any

import pytest
from argocd_syncs import Syncs, job, note
from builders import config_map, deployment, pod

from gitopslab.gitops.argocd.kinds import FIELD_MANAGER
from gitopslab.machinery.objects import Object, annotations_of, labels_of
from gitopslab.machinery.three_way import LAST_APPLIED

WEB = config_map("web", data={"x": "1"})


def _changed(value: str = "2", **metadata: Any) -> Object:
    return config_map("web", data={"x": value}, metadata=metadata)


def _managers(obj: Object | None) -> list[tuple[str, str]]:
    assert obj is not None
    return [(entry["manager"], entry["operation"]) for entry in obj["metadata"]["managedFields"]]


# -- client-side apply ------------------------------------------------------------------------------------------------


def test_objects_are_created_then_unchanged_then_configured(syncs: Syncs) -> None:
    syncs.git = [WEB]
    told = []
    for git in ([WEB], [WEB], [_changed()]):
        syncs.git = git
        syncs.sync()
        told.append(syncs.results["web"][2])
    assert told == ["configmap/web created", "configmap/web unchanged", "configmap/web configured"]


def test_what_is_unchanged_is_not_written(syncs: Syncs) -> None:
    syncs.have(WEB, deployment("web"))
    versions = [syncs.version("configmaps", "web"), syncs.version("deployments.apps", "web")]
    syncs.have(WEB, deployment("web"))
    assert [syncs.version("configmaps", "web"), syncs.version("deployments.apps", "web")] == versions


def test_an_object_remembers_what_was_applied_and_who_did(syncs: Syncs) -> None:
    syncs.have(WEB)
    live = syncs.get("configmaps", "web")
    assert _managers(live) == [(FIELD_MANAGER, "Update")]
    assert LAST_APPLIED in annotations_of(live or {})


def test_what_git_drops_goes_and_what_others_added_stays(syncs: Syncs) -> None:
    syncs.have(config_map("web", data={"x": "1", "y": "1"}))
    syncs.api.patch("configmaps", "web", {"data": {"theirs": "1"}, "metadata": {"labels": {"l": "1"}}}, "default")
    syncs.have(WEB)
    live = syncs.get("configmaps", "web") or {}
    assert (live["data"], labels_of(live)) == ({"x": "1", "theirs": "1"}, {"l": "1"})


def test_an_object_of_somebody_else_is_taken_over_with_a_warning(syncs: Syncs) -> None:
    syncs.api.create(_changed())
    syncs.git = [WEB]
    syncs.sync()
    assert syncs.results["web"][2] == (
        "configmap/web configured. Warning: resource configmaps/web is missing the "
        "kubectl.kubernetes.io/last-applied-configuration annotation which is required by  apply.  apply should only "
        "be used on resources created declaratively by either  create --save-config or  apply. The missing annotation "
        "will be patched automatically."
    )


def test_a_namespace_that_is_not_there_is_told_by_the_server(syncs: Syncs) -> None:
    syncs.git = [config_map("web", "nowhere")]
    assert syncs.sync() == ("Failed", 'one or more objects failed to apply, reason: namespaces "nowhere" not found')


# -- force and replace ------------------------------------------------------------------------------------------------

IMMUTABLE = config_map("web", data={"x": "1"}, immutable=True)


def test_what_cannot_be_changed_fails_the_sync(syncs: Syncs) -> None:
    syncs.have(IMMUTABLE)
    syncs.git = [{**_changed(), "immutable": True}]
    phase, message = syncs.sync()
    assert phase == "Failed"
    assert "field is immutable when `immutable` is set" in message


@pytest.mark.parametrize(
    ("own", "sync"),
    [
        ("Force=true", {}),
        ("", {"syncStrategy": {"apply": {"force": True}}}),
        ("", {"syncStrategy": {"hook": {"force": True}}}),
    ],
)
def test_with_force_it_is_made_anew(syncs: Syncs, own: str, sync: Object) -> None:
    syncs.have(IMMUTABLE)
    uid = (syncs.get("configmaps", "web") or {})["metadata"]["uid"]
    syncs.git = [note({**_changed(), "immutable": True}, options=own)]
    assert syncs.sync(**sync)[0] == "Succeeded"
    live = syncs.get("configmaps", "web") or {}
    assert live["data"] == {"x": "2"}
    assert live["metadata"]["uid"] != uid


@pytest.mark.parametrize(("own", "options"), [("Replace=true", []), ("", ["Replace=true"])])
def test_replace_puts_the_object_of_git_in_its_place(syncs: Syncs, own: str, options: list[str]) -> None:
    syncs.have(WEB)
    syncs.api.patch("configmaps", "web", {"data": {"theirs": "1"}}, "default")
    syncs.git = [note(_changed(), options=own)]
    syncs.sync(syncOptions=options)
    live = syncs.get("configmaps", "web") or {}
    assert syncs.results["web"][2] == "configmap/web replaced"
    assert live["data"] == {"x": "2"}
    assert LAST_APPLIED not in annotations_of(live)


def test_replace_creates_what_is_not_there(syncs: Syncs) -> None:
    syncs.git = [note(WEB, options="Replace=true")]
    syncs.sync()
    assert syncs.results["web"][2] == "configmap/web created"


def test_a_namespace_is_updated_and_never_replaced(syncs: Syncs) -> None:
    syncs.git = [note({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}, options="Replace=true")]
    syncs.sync()
    uid = (syncs.get("namespaces", "team", "") or {})["metadata"]["uid"]
    syncs.sync(syncStrategy={"apply": {"force": True}})
    assert syncs.results["team"][2] == "Namespace/team updated"
    assert (syncs.get("namespaces", "team", "") or {})["metadata"]["uid"] == uid


# -- server-side apply ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "options", "by_server"),
    [
        ("", [], False),
        ("ServerSideApply=true", [], True),
        ("", ["ServerSideApply=true"], True),
        ("ServerSideApply=false", ["ServerSideApply=true"], False),
    ],
)
def test_the_server_applies_where_it_is_asked_to(syncs: Syncs, own: str, options: list[str], by_server: bool) -> None:
    syncs.git = [note(WEB, options=own)]
    syncs.sync(syncOptions=options)
    live = syncs.get("configmaps", "web")
    assert syncs.results["web"][2] == f"configmap/web {'serverside-applied' if by_server else 'created'}"
    assert _managers(live) == [(FIELD_MANAGER, "Apply" if by_server else "Update")]


def test_replace_counts_more_than_server_side_apply(syncs: Syncs) -> None:
    syncs.have(WEB)
    syncs.git = [_changed()]
    syncs.sync(syncOptions=["ServerSideApply=true", "Replace=true"])
    assert syncs.results["web"][2] == "configmap/web replaced"


def _applied_by_kubectl(syncs: Syncs, manager: str) -> None:
    syncs.api.create({**WEB, "data": {"x": "1", "gone": "1"}})
    entries = (syncs.get("configmaps", "web") or {})["metadata"]["managedFields"]
    entries[0]["manager"] = manager
    patch = [{"op": "replace", "path": "/metadata/managedFields", "value": entries}]
    syncs.api.patch("configmaps", "web", patch, "default", type="json")


@pytest.mark.parametrize(
    ("options", "annotations", "manager", "data"),
    [
        ([], {}, "kubectl-client-side-apply", {"x": "1"}),
        ([], {}, "somebody", {"x": "1", "gone": "1"}),
        (["ClientSideApplyMigration=false"], {}, "kubectl-client-side-apply", {"x": "1", "gone": "1"}),
        ([], {"argocd.argoproj.io/client-side-apply-migration-manager": "somebody"}, "somebody", {"x": "1"}),
    ],
)
def test_what_kubectl_applied_becomes_argos_with_a_server_side_apply(
    syncs: Syncs, options: list[str], annotations: dict[str, str], manager: str, data: dict[str, str]
) -> None:
    _applied_by_kubectl(syncs, manager)
    syncs.app["metadata"]["annotations"] = annotations
    syncs.git = [WEB]
    syncs.sync(syncOptions=["ServerSideApply=true", *options])
    assert (syncs.get("configmaps", "web") or {})["data"] == data


# -- less than all ----------------------------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing_and_tells_what_it_would_do(syncs: Syncs) -> None:
    same = config_map("same", data={"x": "1"})
    syncs.have(config_map("old"), WEB, same)
    syncs.git = [_changed(), config_map("new"), same, job("hook", "PreSync")]
    assert syncs.sync(dryRun=True, prune=True) == ("Succeeded", "successfully synced (no more tasks)")
    assert {name: row[2] for name, row in syncs.results.items()} == {
        "hook": "job.batch/hook created (dry run)",
        "old": "pruned (dry run)",
        "new": "configmap/new created (dry run)",
        "same": "configmap/same unchanged (dry run)",
        "web": "configmap/web configured (dry run)",
    }
    assert syncs.get("configmaps", "new") is None
    assert syncs.get("configmaps", "old")
    assert "history" not in syncs.app["status"]


def test_only_what_differs_is_applied_when_that_is_asked_for(syncs: Syncs) -> None:
    syncs.have(config_map("same"), WEB)
    syncs.git = [config_map("same"), _changed(), job("hook", "PreSync")]
    syncs.begin(syncOptions=["ApplyOutOfSyncOnly=true"])
    syncs.go()
    syncs.finish("hook")
    assert syncs.go()[0] == "Succeeded"
    assert syncs.done == ["hook", "web"]


def test_what_is_pruned_differs(syncs: Syncs) -> None:
    syncs.have(config_map("same"), WEB)
    syncs.git = [config_map("same")]
    syncs.sync(prune=True, syncOptions=["ApplyOutOfSyncOnly=true"])
    assert syncs.done == ["web"]


def test_a_shared_resource_may_be_a_reason_not_to_sync(syncs: Syncs) -> None:
    syncs.git = [WEB]
    said = "ConfigMap/web is part of applications argocd/app and other"
    syncs.conditions = [{"type": "SharedResourceWarning", "message": said}]
    assert syncs.sync(syncOptions=["FailOnSharedResource=true"]) == ("Failed", f"Shared resource found: {said}")
    assert syncs.sync()[0] == "Succeeded"


# -- the namespace ----------------------------------------------------------------------------------------------------

CREATES = ["CreateNamespace=true"]


def test_the_namespace_is_made_first_when_that_is_asked_for(syncs: Syncs) -> None:
    syncs.into("team")
    syncs.git = [config_map("a", "team")]
    assert syncs.sync(syncOptions=CREATES)[0] == "Succeeded"
    assert syncs.results["team"][2] == "namespace/team created"
    assert syncs.done == ["team", "a"]
    assert annotations_of(syncs.get("namespaces", "team", "") or {}).keys() == {LAST_APPLIED}


def test_without_it_the_namespace_is_missing(syncs: Syncs) -> None:
    syncs.into("team")
    syncs.git = [config_map("a", "team")]
    assert syncs.sync()[0] == "Failed"


def test_an_object_of_its_own_cannot_ask_for_it(syncs: Syncs) -> None:
    syncs.into("team")
    syncs.git = [note(config_map("a", "team"), options="CreateNamespace=true")]
    assert syncs.sync()[0] == "Failed"
    assert syncs.get("namespaces", "team", "") is None


def test_the_namespace_is_made_even_when_the_dry_run_of_the_rest_fails(syncs: Syncs) -> None:
    syncs.into("team")
    unnamed = config_map("", "team", metadata={"generateName": "plain-"})
    syncs.git = [unnamed, config_map("a", "team")]
    assert syncs.sync(syncOptions=CREATES) == ("Failed", "one or more objects failed to apply (dry run)")
    assert syncs.get("namespaces", "team", "")
    assert syncs.get("configmaps", "a", "team") is None


def test_a_namespace_that_is_there_is_left_alone(syncs: Syncs) -> None:
    syncs.git = [WEB]
    syncs.sync(syncOptions=CREATES)
    assert syncs.done == ["web"]


def test_a_namespace_that_git_has_is_not_made_twice(syncs: Syncs) -> None:
    syncs.into("team")
    syncs.git = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}, config_map("a", "team")]
    syncs.sync(syncOptions=CREATES)
    assert [(row["name"], row["syncPhase"]) for row in syncs.rows] == [("team", "Sync"), ("a", "Sync")]


def test_labels_of_the_namespace_are_kept_and_those_of_others_stay(syncs: Syncs) -> None:
    syncs.into("team")
    syncs.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team", "labels": {"theirs": "1"}}})
    syncs.app["spec"]["syncPolicy"] = {"managedNamespaceMetadata": {"labels": {"ours": "1"}}}
    syncs.git = [config_map("a", "team")]
    assert syncs.sync(syncOptions=CREATES)[0] == "Succeeded"
    labels = labels_of(syncs.get("namespaces", "team", "") or {})
    assert (labels["theirs"], labels["ours"]) == ("1", "1")
    assert syncs.state["syncResult"]["managedNamespaceMetadata"] == {"labels": {"ours": "1"}}


def test_a_hook_of_the_first_phase_finds_the_namespace(syncs: Syncs) -> None:
    syncs.into("team")
    syncs.git = [config_map("a", "team", metadata={"annotations": {"argocd.argoproj.io/hook": "PreSync"}})]
    assert syncs.sync(syncOptions=CREATES)[0] == "Succeeded"
    assert syncs.done == ["team", "a"]


def test_results_tell_the_images(syncs: Syncs) -> None:
    syncs.git = [pod("a"), deployment("web"), WEB]
    syncs.sync()
    assert [row.get("images") for row in syncs.rows] == [None, ["nginx:1.27"], ["nginx:1.27"]]


def test_a_text_where_a_number_belongs_is_told_in_the_servers_words(syncs: Syncs) -> None:
    bad = deployment("web", spec={"revisionHistoryLimit": "many"})
    said = 'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct'
    syncs.git = [bad]
    assert syncs.sync()[1].startswith(f"one or more objects failed to apply, reason: {said}")
    syncs.have(deployment("web"))
    syncs.git = [bad]
    told = re.sub(r"\d+", "N", syncs.sync()[1])
    why = 'error when patching "/dev/shm/N":  "" is invalid: patch: Invalid value: "": unrecognized type: intN'
    assert told == f"one or more objects failed to apply, reason: {why}"


def test_a_field_that_cannot_change_is_told_with_kubectls_file(syncs: Syncs) -> None:
    syncs.have(deployment("web"))
    syncs.git = [deployment("web", spec={"selector": {"matchLabels": {"app": "other"}}})]
    patched = syncs.sync()[1]
    replaced = syncs.sync(syncOptions=["Replace=true"])[1]
    for told, verb in ((patched, "patching"), (replaced, "replacing")):
        assert re.search(rf'reason: error when {verb} "/dev/shm/\d+": Deployment.apps "web" is invalid: ', told)


def test_an_object_without_a_name_is_told_with_its_kind(syncs: Syncs) -> None:
    syncs.git = [config_map("")]
    syncs.sync()
    told = re.sub(r"\d{3,}", "N", syncs.results[""][2])
    assert told == (
        'error when retrieving current configuration of:\nResource: "/v1, Resource=configmaps", GroupVersionKind: '
        '"/v1, Kind=ConfigMap"\nName: "", Namespace: "default"\nfrom server for: "/dev/shm/N": '
        "resource name may not be empty"
    )
