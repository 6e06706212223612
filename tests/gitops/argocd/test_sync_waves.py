"""Waves: one at a time, each only when what came before is well. Cases: ``sync_context_test.go`` of gitops-engine."""

from __future__ import annotations

from argocd_syncs import Syncs, job, note
from builders import config_map, deployment

from gitopslab.machinery.objects import Object


def _cups() -> tuple[Object, Object]:
    names = {"kind": "Cup", "plural": "cups", "singular": "cup", "listKind": "CupList"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {"group": "example.com", "names": names, "scope": "Namespaced", "versions": [version]}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "cups.example.com"},
        "spec": spec,
    }
    cup = {"apiVersion": "example.com/v1", "kind": "Cup", "metadata": {"name": "mine", "namespace": "default"}}
    return definition, cup


def test_one_wave_without_hooks_is_over_when_it_is_applied_whatever_its_health(syncs: Syncs) -> None:
    syncs.git = [deployment("web", replicas=3), job("work")]
    assert syncs.sync() == ("Succeeded", "successfully synced (all tasks run)")
    assert syncs.results["web"] == ("Synced", "Running", "deployment.apps/web created")


def test_nothing_in_git_is_a_success(syncs: Syncs) -> None:
    assert syncs.sync() == ("Succeeded", "successfully synced (no more tasks)")


def test_the_next_wave_waits_until_the_one_before_is_healthy(syncs: Syncs) -> None:
    syncs.git = [job("first"), job("second", wave="5")]
    assert syncs.sync() == ("Running", "waiting for healthy state of batch/Job/first")
    assert syncs.done == ["first"]
    syncs.finish("first")
    assert syncs.go() == ("Succeeded", "successfully synced (all tasks run)")
    assert syncs.results["first"] == ("Synced", "Succeeded", "first Complete")
    assert syncs.results["second"] == ("Synced", "Running", "job.batch/second created")


def test_what_has_no_health_holds_nothing_up(syncs: Syncs) -> None:
    syncs.git = [note(config_map("a"), "-1"), config_map("b"), note(config_map("c"), "1")]
    assert syncs.sync() == ("Succeeded", "successfully synced (all tasks run)")
    assert syncs.done == ["a", "b", "c"]


def test_there_are_two_seconds_between_two_waves(syncs: Syncs) -> None:
    syncs.git = [note(config_map("a"), "-1"), config_map("b")]
    syncs.begin()
    syncs.step()
    step = syncs.step()
    assert step.after == 2.0
    assert syncs.get("configmaps", "a")
    syncs.plane.advance(1.9)
    assert syncs.step().after is not None
    assert "syncResult" not in syncs.state
    syncs.plane.advance(0.2)
    assert syncs.go()[0] == "Succeeded"


def test_a_message_names_the_first_and_counts_the_others(syncs: Syncs) -> None:
    syncs.git = [job("a"), job("b"), job("c"), note(config_map("later"), "1")]
    assert syncs.sync() == ("Running", "waiting for healthy state of batch/Job/a and 2 more resources")


def test_a_wave_that_becomes_degraded_fails_the_sync(syncs: Syncs) -> None:
    syncs.git = [job("first"), note(config_map("later"), "1")]
    syncs.sync()
    syncs.finish("first", "Failed")
    assert syncs.go() == ("Failed", "one or more synchronization tasks completed unsuccessfully")
    assert syncs.get("configmaps", "later") is None


def test_something_that_is_deleted_while_it_is_waited_for_fails_the_sync(syncs: Syncs) -> None:
    syncs.git = [job("first"), note(config_map("later"), "1")]
    syncs.sync()
    syncs.api.delete("jobs.batch", "first", "default", propagation="Background")
    assert syncs.go() == (
        "Failed",
        "one or more synchronization tasks completed unsuccessfully, "
        "reason: Resource batch/Job/first is missing, it might have been deleted",
    )


def test_a_later_wave_is_not_waited_for(syncs: Syncs) -> None:
    syncs.git = [note(config_map("a"), "-1"), job("last")]
    assert syncs.sync() == ("Succeeded", "successfully synced (all tasks run)")


def test_all_of_a_wave_is_tried_even_when_one_fails(syncs: Syncs) -> None:
    bad = config_map("bad", data={"not a key": "x"})
    syncs.git = [bad, config_map("a"), deployment("web"), note(config_map("later"), "1")]
    assert syncs.sync() == ("Running", "waiting for healthy state of apps/Deployment/web")
    assert syncs.results["bad"][0] == "SyncFailed"
    assert syncs.get("deployments.apps", "web")
    assert syncs.get("configmaps", "later") is None


def test_one_that_fails_alone_ends_the_sync_with_its_reason(syncs: Syncs) -> None:
    syncs.git = [config_map("bad", data={"not a key": "x"})]
    phase, message = syncs.sync()
    assert phase == "Failed"
    assert message.startswith(
        'one or more objects failed to apply, reason: ConfigMap "bad" is invalid: data[not a key]'
    )
    assert syncs.app["status"].get("history") is None


def test_a_definition_and_an_object_of_it_come_in_one_sync(syncs: Syncs) -> None:
    syncs.git = [*_cups()]
    assert syncs.sync() == ("Succeeded", "successfully synced (all tasks run)")
    assert syncs.get("cups.example.com", "mine")


def test_a_kind_that_its_served_version_does_not_have_is_told_in_other_words(syncs: Syncs) -> None:
    syncs.git = [{"apiVersion": "apps/v1", "kind": "Teapot", "metadata": {"name": "mine", "namespace": "default"}}]
    why = 'Teapot.apps "" not found'
    assert syncs.sync() == ("Failed", f"one or more synchronization tasks are not valid: {why}")
    assert syncs.results["mine"][2] == why


def test_what_belongs_to_the_cluster_is_told_with_the_namespace_of_the_application(syncs: Syncs) -> None:
    syncs.git = [*_cups()]
    syncs.sync()
    assert [(row["kind"], row["namespace"]) for row in syncs.rows] == [
        ("CustomResourceDefinition", "default"),
        ("Cup", "default"),
    ]
    syncs.git = []
    syncs.sync(prune=True)
    assert ("CustomResourceDefinition", "") in [(row["kind"], row["namespace"]) for row in syncs.rows]


def test_a_kind_that_is_not_there_is_told_before_anything_is_applied(syncs: Syncs) -> None:
    syncs.git = [_cups()[1], config_map("a")]
    phase, message = syncs.sync()
    assert (phase, message) == (
        "Failed",
        "one or more synchronization tasks are not valid: failed to discover server resources for group version "
        "example.com/v1: the server could not find the requested resource",
    )
    assert syncs.results["mine"][2] == (
        "The Kubernetes API could not find example.com/Cup for requested resource default/mine. "
        'Make sure the "Cup" CRD is installed on the destination cluster.'
    )
    assert syncs.get("configmaps", "a") is None


def test_another_version_of_a_kind_is_told(syncs: Syncs) -> None:
    syncs.git = [{**deployment("web"), "apiVersion": "apps/v1beta1"}]
    syncs.sync()
    assert syncs.results["web"][2] == (
        'The Kubernetes API could not find version "v1beta1" of apps/Deployment for requested resource default/web. '
        'Version "v1" of apps/Deployment is installed on the destination cluster.'
    )


def test_a_kind_that_is_not_there_yet_may_be_left_out_of_the_dry_run(syncs: Syncs) -> None:
    cup = note(_cups()[1], options="SkipDryRunOnMissingResource=true")
    syncs.git = [cup]
    phase, message = syncs.sync()
    assert phase == "Failed"
    assert 'no matches for kind "Cup" in version "example.com/v1"' in message


def test_what_the_project_forbids_is_told_before_anything_is_applied(syncs: Syncs) -> None:
    syncs.forbid(lambda obj, namespaced: "resource :ConfigMap is not permitted in project web")
    syncs.git = [config_map("a"), config_map("b")]
    assert syncs.sync() == (
        "Failed",
        "one or more synchronization tasks are not valid: resource :ConfigMap is not permitted in project web",
    )
    assert syncs.results["a"] == ("SyncFailed", "", "resource :ConfigMap is not permitted in project web")


def test_an_object_that_only_carries_a_copied_tracking_id_is_left_alone(syncs: Syncs) -> None:
    syncs.have(config_map("copied"))
    syncs.foreign.add("copied")
    assert syncs.sync(prune=True) == ("Succeeded", "successfully synced (no more tasks)")
    assert syncs.get("configmaps", "copied")
