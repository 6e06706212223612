"""``RespectIgnoreDifferences``. Cases: ``TestNormalizeTargetResources…`` in ``sync_test.go`` of Argo CD."""

from __future__ import annotations

from typing import Any

import pytest
from argocd_syncs import SOURCE, Syncs
from builders import config_map, deployment, merged

from gitopslab.gitops.argocd.state import Comparison, Key, Managed
from gitopslab.gitops.argocd.sync.respecting import respecting
from gitopslab.machinery.objects import Object

RESPECTS = ["RespectIgnoreDifferences=true"]


def _respected(target: Object | None, live: Object | None, **rule: Any) -> Object | None:
    row = Managed(Key("apps", "Deployment", "default", "web"), "v1", target, live, "OutOfSync")
    comparison = Comparison("", SOURCE, "Directory", (row,), "OutOfSync")
    rules = [{"group": "*", "kind": "*", **rule}]
    return respecting(comparison, rules).resources[0].target


def _pods(*containers: Object, **spec: Any) -> Object:
    return merged(deployment("web"), {"spec": {"template": {"spec": {"containers": list(containers)}}, **spec}})


def test_an_ignored_field_gets_the_live_value() -> None:
    live = deployment("web", replicas=7)
    assert _respected(deployment("web", replicas=2), live, jsonPointers=["/spec/replicas"]) == live


def test_what_is_not_ignored_is_what_git_says() -> None:
    target, live = deployment("web", replicas=2), deployment("web", replicas=7, metadata={"labels": {"l": "1"}})
    assert _respected(target, live, jsonPointers=["/spec/paused"]) == target


def test_an_ignored_field_that_is_not_live_goes() -> None:
    live = deployment("web")
    del live["spec"]["replicas"]
    found = _respected(deployment("web", replicas=2), live, jsonPointers=["/spec/replicas"]) or {}
    assert "replicas" not in found["spec"]


def test_the_live_status_is_left_where_it_is() -> None:
    live = {**deployment("web", replicas=7), "status": {"replicas": 7}}
    found = _respected(deployment("web"), live, jsonPointers=["/spec/replicas", "/status/replicas"]) or {}
    assert "status" not in found


def test_an_ignored_field_of_one_container_is_taken_by_its_name() -> None:
    target = _pods({"name": "web", "image": "a:1"}, {"name": "new", "image": "b:1"})
    live = _pods({"name": "proxy", "image": "p"}, {"name": "web", "image": "a:9"})
    path = '.spec.template.spec.containers[] | select(.name == "web") | .image'
    assert _respected(target, live, jqPathExpressions=[path]) == _pods(
        {"name": "web", "image": "a:9"}, {"name": "new", "image": "b:1"}
    )


def test_fields_of_a_trusted_manager_are_taken() -> None:
    owned = {"manager": "autoscaler", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    live = deployment("web", replicas=7, metadata={"managedFields": [owned]})
    found = _respected(deployment("web"), live, managedFieldsManagers=["autoscaler"]) or {}
    assert found["spec"]["replicas"] == 7


def test_what_is_not_there_or_not_in_git_stays_as_it_is() -> None:
    target = deployment("web")
    assert _respected(target, None, jsonPointers=["/spec/replicas"]) == target
    assert _respected(None, target, jsonPointers=["/spec/replicas"]) is None


@pytest.mark.parametrize(("options", "replicas"), [(RESPECTS, 5), ([], 1)])
def test_a_sync_leaves_an_ignored_field_alone_only_when_it_is_to(
    syncs: Syncs, options: list[str], replicas: int
) -> None:
    syncs.have(deployment("web"), config_map("a"))
    syncs.api.patch("deployments.apps", "web", {"spec": {"replicas": 5}}, "default")
    syncs.app["spec"]["ignoreDifferences"] = [
        {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}
    ]
    syncs.git = [deployment("web"), config_map("a")]
    assert syncs.sync(syncOptions=options)[0] == "Succeeded"
    assert (syncs.get("deployments.apps", "web") or {})["spec"]["replicas"] == replicas


def test_a_rule_that_cannot_be_read_is_an_error(syncs: Syncs) -> None:
    syncs.app["spec"]["ignoreDifferences"] = [{"group": "", "kind": "ConfigMap", "jqPathExpressions": [".["]}]
    syncs.git = [config_map("a")]
    phase, message = syncs.sync(syncOptions=RESPECTS)
    assert phase == "Error"
    assert message.startswith("Failed to normalize target resources: ")
