from __future__ import annotations

from typing import Any

import pytest
from builders import ADMIN, config_map, deployment, pod

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import DeleteOptions, WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import AlreadyExistsError, ApiError, ConflictError, InvalidError, NotFoundError
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, copy_of

DRY = WriteOptions(dry_run=True)


def resource(verbs: Verbs, key: str) -> Resource:
    found = verbs.catalog.by_key(key)
    assert found is not None
    return found


def test_a_created_object_has_an_identity(api: LocalApi) -> None:
    metadata = api.create(config_map("a"))["metadata"]
    assert metadata["uid"]
    assert metadata["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert int(metadata["resourceVersion"]) > 0


def test_a_name_is_made_from_its_prefix(api: LocalApi) -> None:
    made = api.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-", "namespace": "default"}}
    )
    assert made["metadata"]["name"].startswith("a-")


def test_a_taken_name_is_refused(api: LocalApi) -> None:
    api.create(config_map("a"))
    with pytest.raises(AlreadyExistsError, match='configmaps "a" already exists'):
        api.create(config_map("a"))


def test_what_says_that_it_is_stored_is_refused_when_it_would_be_stored(verbs: Verbs, api: LocalApi) -> None:
    def stored(**metadata: str) -> Object:
        given = config_map("a")
        return {**given, "metadata": {**given["metadata"], **metadata}}

    with pytest.raises(ApiError, match="resourceVersion should not be set on objects to be created"):
        api.create(stored(resourceVersion="5"))
    with pytest.raises(InvalidError):  # whoever admits and judges comes first
        api.create(stored(resourceVersion="5", name="No Name"))
    tried = verbs.create(ADMIN, resource(verbs, "configmaps"), "default", stored(resourceVersion="5"), DRY)
    assert tried.object["metadata"]["name"] == "a"
    assert api.create(stored(resourceVersion="0"))["metadata"]["resourceVersion"] != "0"


def test_a_missing_object_is_told_by_resource_and_name(api: LocalApi) -> None:
    with pytest.raises(NotFoundError, match=r'deployments.apps "web" not found'):
        api.get("deployments.apps", "web", "default")


def test_a_write_from_an_older_state_is_refused(api: LocalApi) -> None:
    first = api.create(config_map("a"))
    api.update({**first, "data": {"k": "1"}})
    with pytest.raises(ConflictError, match="the object has been modified; please apply your changes"):
        api.update({**first, "data": {"k": "2"}})


def test_a_write_without_a_version_replaces_whatever_is_there(api: LocalApi) -> None:
    api.create(config_map("a"))
    api.update(config_map("a", data={"k": "2"}))
    assert api.get("configmaps", "a", "default")["data"] == {"k": "2"}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"name": "other"}, "the name of the object (other) does not match the name on the URL (a)"),
        ({}, "the name of the object (a based on URL) was undeterminable: name must be provided"),
        (
            {"name": "a", "namespace": "x"},
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            {"name": "a", "uid": "1"},
            'Operation cannot be fulfilled on configmaps "a": uid mismatch: the provided object specified uid 1, '
            "and no existing object was found",
        ),
    ],
    ids=["another name", "no name", "another namespace", "a uid"],
)
def test_an_apply_creates_only_what_its_path_names(verbs: Verbs, metadata: dict[str, str], message: str) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    with pytest.raises(ApiError) as refused:
        verbs.patch(ADMIN, resource(verbs, "configmaps"), "default", "a", config, "apply", WriteOptions())
    assert refused.value.message == message
    assert verbs.store.list("configmaps") == []


def test_what_has_no_namespace_loses_the_one_it_names(verbs: Verbs, api: LocalApi) -> None:
    labelled = {"namespace": "x", "labels": {"k": "v"}}
    api.patch("namespaces", "default", {"metadata": labelled})
    made = verbs.create(
        ADMIN, resource(verbs, "namespaces"), "", {"metadata": {"name": "n", "namespace": "x"}}, WriteOptions()
    )
    for obj in (api.get("namespaces", "default"), made.object):
        assert "namespace" not in obj["metadata"]
    assert api.get("namespaces", "default")["metadata"]["labels"]["k"] == "v"


def test_a_write_that_changes_nothing_gets_no_new_version_and_wakes_nobody(api: LocalApi) -> None:
    first = api.create(config_map("a", data={"k": "1"}))
    _, watch = api.watch("configmaps")
    again = api.patch("configmaps", "a", {"data": {"k": "1"}}, "default")
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert watch.poll() == []


def test_what_a_reader_does_to_its_copy_stays_its_own(api: LocalApi) -> None:
    api.create(config_map("a", data={"k": "1"}))
    api.get("configmaps", "a", "default")["data"]["k"] = "spoiled"
    api.list("configmaps", "default")[0]["data"]["k"] = "spoiled"
    assert api.get("configmaps", "a", "default")["data"] == {"k": "1"}


def test_an_object_given_to_the_api_may_be_changed_afterwards(api: LocalApi) -> None:
    mine = config_map("a", data={"k": "1"})
    api.create(mine)
    mine["data"]["k"] = "2"
    assert api.get("configmaps", "a", "default")["data"] == {"k": "1"}


def test_a_dry_run_answers_as_if_and_keeps_nothing(verbs: Verbs, api: LocalApi) -> None:
    answer = verbs.create(ADMIN, resource(verbs, "pods"), "default", pod("web"), WriteOptions(dry_run=True))
    assert answer.object["spec"]["restartPolicy"] == "Always"
    with pytest.raises(NotFoundError):
        api.get("pods", "web", "default")


def test_the_generation_counts_changes_of_the_spec_only(api: LocalApi) -> None:
    api.create(deployment("web"))
    labelled = api.patch("deployments.apps", "web", {"metadata": {"labels": {"a": "b"}}}, "default")
    scaled = api.patch("deployments.apps", "web", {"spec": {"replicas": 3}}, "default")
    assert (labelled["metadata"]["generation"], scaled["metadata"]["generation"]) == (1, 2)


def test_status_is_written_only_through_its_subresource(api: LocalApi) -> None:
    api.create(deployment("web"))
    main = api.patch("deployments.apps", "web", {"status": {"replicas": 7}}, "default")
    assert "replicas" not in main["status"]
    status = api.patch(
        "deployments.apps", "web", {"status": {"replicas": 7}, "spec": {"replicas": 9}}, "default", subresource="status"
    )
    assert (status["status"]["replicas"], status["spec"]["replicas"]) == (7, 1)


def test_scale_shows_and_sets_the_replicas(verbs: Verbs, api: LocalApi) -> None:
    api.create(deployment("web", replicas=2))
    deployments = resource(verbs, "deployments.apps")
    scale = verbs.get(ADMIN, deployments, "default", "web", "scale").object
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {"replicas": 2}, "app=web")
    verbs.patch(
        ADMIN, deployments, "default", "web", {"spec": {"replicas": 5}}, "merge", WriteOptions(), subresource="scale"
    )
    after = api.get("deployments.apps", "web", "default")
    assert (after["spec"]["replicas"], after["metadata"]["generation"]) == (5, 2)


def test_a_pod_is_bound_once(api: LocalApi) -> None:
    api.create(pod("web"))
    api.bind("web", "default", "lab-worker")
    with pytest.raises(ConflictError, match='pod web is already assigned to node "lab-worker"'):
        api.bind("web", "default", "lab-worker2")


def test_a_bound_pod_carries_the_zone_of_its_node(api: LocalApi) -> None:
    labels = {"topology.kubernetes.io/zone": "zone-b", "disk": "ssd"}
    api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": labels}})
    api.create(pod("web"))
    api.bind("web", "default", "n")
    assert api.get("pods", "web", "default")["metadata"]["labels"] == {"topology.kubernetes.io/zone": "zone-b"}


def guarded(api: LocalApi, *, ready: bool, policy: str = "IfHealthyBudget", **status: int) -> None:
    """A running pod ``web`` and a budget that covers it."""
    api.create(pod("web", metadata={"labels": {"app": "web"}}))
    api.bind("web", "default", "n")
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    api.patch("pods", "web", {"status": {"phase": "Running", "conditions": [condition]}}, "default",
              subresource="status")  # fmt: skip
    api.create(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "minAvailable": 1,
                "selector": {"matchLabels": {"app": "web"}},
                "unhealthyPodEvictionPolicy": policy,
            },
        }
    )
    if status:
        api.patch("poddisruptionbudgets.policy", "web", {"status": status}, "default", subresource="status")


@pytest.mark.parametrize(
    ("status", "cause", "retry_after"),
    [
        ({}, "The disruption budget web is still being processed by the server.", 10),
        (
            {"observedGeneration": 1, "desiredHealthy": 2, "currentHealthy": 1},
            "The disruption budget web needs 2 healthy pods and has 1 currently",
            None,
        ),
    ],
    ids=["not counted yet", "nothing left"],
)
def test_a_refused_eviction_says_why_and_when_to_come_back(
    api: LocalApi, status: dict[str, int], cause: str, retry_after: int | None
) -> None:
    guarded(api, ready=True, **status)
    with pytest.raises(ApiError) as refused:
        api.evict("web", "default")
    assert refused.value.code == 429
    assert refused.value.details["causes"] == [{"reason": "DisruptionBudget", "message": cause}]
    assert refused.value.details.get("retryAfterSeconds") == retry_after


@pytest.mark.parametrize(
    ("policy", "healthy", "is_let_go"),
    [("AlwaysAllow", 0, True), ("IfHealthyBudget", 2, True), ("IfHealthyBudget", 1, False)],
    ids=["always allowed", "enough others", "too few others"],
)
def test_an_unhealthy_pod_may_be_evicted_without_being_counted(
    api: LocalApi, policy: str, healthy: int, is_let_go: bool
) -> None:
    guarded(api, ready=False, policy=policy, observedGeneration=1, desiredHealthy=2, currentHealthy=healthy)
    if is_let_go:
        api.evict("web", "default")
        assert "disruptedPods" not in api.get("poddisruptionbudgets.policy", "web", "default")["status"]
    else:
        with pytest.raises(ApiError, match="Cannot evict pod"):
            api.evict("web", "default")


def test_a_disruption_budget_without_room_refuses_an_eviction(api: LocalApi) -> None:
    guarded(api, ready=True)
    with pytest.raises(ApiError, match="Cannot evict pod as it would violate the pod's disruption budget"):
        api.evict("web", "default")
    room = {"status": {"disruptionsAllowed": 1, "observedGeneration": 1}}
    api.patch("poddisruptionbudgets.policy", "web", room, "default", subresource="status")
    api.evict("web", "default")
    assert api.get("pods", "web", "default")["metadata"]["deletionTimestamp"]
    budget = api.get("poddisruptionbudgets.policy", "web", "default")
    assert (budget["status"]["disruptionsAllowed"], list(budget["status"]["disruptedPods"])) == (0, ["web"])


def evict(api: LocalApi, verbs: Verbs, eviction: dict[str, Any], *, dry_run: bool = False) -> None:
    """As a client of its own does: with an object, and perhaps a dry run asked for in the query."""
    options = WriteOptions(dry_run=dry_run)
    verbs.create(ADMIN, resource(verbs, "pods"), "default", eviction, options, name="web", subresource="eviction")


@pytest.mark.parametrize(
    ("wished", "dry_run"),
    [({"dryRun": ["All"]}, False), ({}, True), ({"dryRun": ["All"]}, True)],
    ids=["in the object, as kubectl drain asks", "in the query", "in both"],
)
def test_an_eviction_can_be_tried(api: LocalApi, verbs: Verbs, wished: dict[str, Any], dry_run: bool) -> None:
    guarded(api, ready=True, disruptionsAllowed=1, observedGeneration=1)
    evict(api, verbs, {"metadata": {"name": "web"}, "deleteOptions": wished}, dry_run=dry_run)
    assert "deletionTimestamp" not in api.get("pods", "web", "default")["metadata"]
    assert api.get("poddisruptionbudgets.policy", "web", "default")["status"]["disruptionsAllowed"] == 1


@pytest.mark.parametrize(
    ("eviction", "dry_run", "code", "words"),
    [
        ({}, False, 400, "name in URL does not match name in Eviction object"),
        (
            {"metadata": {"name": "web"}, "deleteOptions": {"dryRun": ["Some"]}},
            False,
            422,
            'dryRun: Unsupported value: ["Some"]: supported values: "All"',
        ),
        (
            {"metadata": {"name": "web"}, "deleteOptions": {"dryRun": ["All", "All"]}},
            True,
            500,
            "Non-matching dry-run options in request and content: [All] and [All All]",
        ),
    ],
    ids=["without a name", "an unknown dry run", "two dry runs"],
)
def test_an_eviction_that_contradicts_itself_is_refused(
    api: LocalApi, verbs: Verbs, eviction: dict[str, Any], dry_run: bool, code: int, words: str
) -> None:
    guarded(api, ready=True, disruptionsAllowed=1, observedGeneration=1)
    with pytest.raises(ApiError) as refused:
        evict(api, verbs, eviction, dry_run=dry_run)
    assert refused.value.code == code
    assert words in refused.value.message
    assert "deletionTimestamp" not in api.get("pods", "web", "default")["metadata"]


def test_an_owner_that_is_named_twice_is_kept_once_and_told_of(verbs: Verbs) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "u"}
    obj = config_map("c")
    obj["metadata"]["ownerReferences"] = [owner, {**owner, "name": "b"}, dict(owner)]
    options = WriteOptions()
    made = verbs.create(ADMIN, verbs.catalog.of(obj), "default", obj, options).object
    assert [one["name"] for one in made["metadata"]["ownerReferences"]] == ["a", "b"]
    (warning,) = options.warnings
    assert warning.startswith(".metadata.ownerReferences contains duplicate entries; ")
    assert warning.endswith("duplicate UID(s) observed: u")


def test_a_generation_is_kept_where_the_server_does_not_count(verbs: Verbs) -> None:
    counted, kept = deployment("d"), config_map("c")
    found = []
    for obj in (counted, kept):
        obj["metadata"]["generation"] = 7
        found.append(verbs.create(ADMIN, verbs.catalog.of(obj), "default", obj, WriteOptions()).object)
    assert [obj["metadata"]["generation"] for obj in found] == [1, 7]


def test_nobody_deletes_an_object_by_saying_when(verbs: Verbs) -> None:
    verbs.create(ADMIN, verbs.catalog.of(config_map("c")), "default", config_map("c"), WriteOptions())
    patch = {"metadata": {"deletionTimestamp": "2020-01-01T00:00:00Z"}}
    with pytest.raises(ApiError, match=r"metadata\.deletionTimestamp: Invalid value: .*: field is immutable"):
        verbs.patch(ADMIN, verbs.catalog.of(config_map("c")), "default", "c", patch, "merge", WriteOptions())


def test_an_update_makes_what_is_not_there_of_some_kinds(api: LocalApi) -> None:
    lease: dict[str, Any] = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
    lease |= {"metadata": {"name": "l", "namespace": "default", "resourceVersion": "7"}, "spec": {}}
    made = api.update(lease)
    assert api.get("leases.coordination.k8s.io", "l", "default") == made
    assert api.update({**made, "spec": {"holderIdentity": "me"}})["metadata"]["uid"] == made["metadata"]["uid"]
    with pytest.raises(NotFoundError):
        api.update(config_map("none"))


def test_another_of_the_same_name_is_told_by_its_place_in_the_store(api: LocalApi) -> None:
    api.create(config_map("a"))
    other = config_map("a")
    other["metadata"]["uid"] = "x"
    with pytest.raises(ConflictError, match="Key: /registry/configmaps/default/a, ResourceVersion: 0"):
        api.update(other)


def test_a_replacement_is_judged_by_uid_then_version_then_all_that_is_wrong_with_it(verbs: Verbs) -> None:
    maps = resource(verbs, "configmaps")
    verbs.create(ADMIN, maps, "default", config_map("a"), WriteOptions())

    def answer(dry_run: bool = False, **metadata: Any) -> str:
        obj = config_map("a")
        obj["metadata"].update(metadata)
        with pytest.raises(ApiError) as refused:
            verbs.update(ADMIN, maps, "default", "a", obj, WriteOptions(dry_run=dry_run))
        return refused.value.message

    labels = {"a_": "b"}
    assert "Key: /registry/configmaps/default/a, " in answer(uid="x", resourceVersion="1", labels=labels)
    assert "Key: /configmaps/default/a, " in answer(dry_run=True, uid="x")
    assert answer(resourceVersion="1", labels=labels).endswith(
        "please apply your changes to the latest version and try again"
    )
    assert 'parsing "x": invalid syntax' in answer(resourceVersion="x", labels=labels)
    assert "metadata.labels: Invalid value" in answer(labels=labels)


def test_a_patch_to_another_uid_is_one_fault_among_all(verbs: Verbs) -> None:
    maps = resource(verbs, "configmaps")
    verbs.create(ADMIN, maps, "default", config_map("a"), WriteOptions())
    change: Object = {
        "metadata": {"uid": "x", "deletionTimestamp": "2026-01-01T00:00:00Z", "labels": {"a_": "b"}, "generation": 7}
    }
    with pytest.raises(InvalidError) as refused:
        verbs.patch(ADMIN, maps, "default", "a", change, "merge", WriteOptions())
    fields = [cause["field"].removeprefix("metadata.") for cause in refused.value.details["causes"]]
    assert fields == ["labels", *["uid", "deletionTimestamp", "labels"] * 2, "labels"]
    change["metadata"]["resourceVersion"] = "1"
    with pytest.raises(ConflictError):
        verbs.patch(ADMIN, maps, "default", "a", change, "merge", WriteOptions())


@pytest.mark.parametrize(
    "kind", ["leases.coordination.k8s.io", "csidrivers.storage.k8s.io", "poddisruptionbudgets.policy"]
)
def test_a_change_of_some_kinds_must_say_which_state_it_is_made_from(verbs: Verbs, kind: str) -> None:
    found = resource(verbs, kind)
    namespace = "default" if found.namespaced else ""
    obj = {"apiVersion": found.api_version, "kind": found.kind, "metadata": {"name": "a"}, "spec": {}}
    made = verbs.create(ADMIN, found, namespace, copy_of(obj), WriteOptions())
    with pytest.raises(InvalidError) as refused:
        verbs.update(ADMIN, found, namespace, "a", copy_of(obj), WriteOptions())
    assert refused.value.message == (
        f'{kind} "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update'
    )
    assert verbs.update(ADMIN, found, namespace, "a", made.copy(), WriteOptions())[0].revision == made.revision


def test_an_empty_uid_in_a_precondition_is_one_that_nothing_has(verbs: Verbs) -> None:
    maps = resource(verbs, "configmaps")
    verbs.create(ADMIN, maps, "default", config_map("a"), WriteOptions())
    with pytest.raises(ConflictError):
        verbs.delete(ADMIN, maps, "default", "a", DeleteOptions(uid=""))


@pytest.mark.parametrize("kind", ["resourceclaims.resource.k8s.io", "servicecidrs.networking.k8s.io"])
def test_the_status_of_some_kinds_leaves_metadata_alone_and_owns_nothing_of_it(verbs: Verbs, kind: str) -> None:
    found = resource(verbs, kind)
    namespace = "default" if found.namespaced else ""
    spec = {"devices": {}} if found.namespaced else {"cidrs": ["10.1.0.0/24"]}
    obj = {"apiVersion": found.api_version, "kind": found.kind, "metadata": {"name": "a"}, "spec": spec}
    made = verbs.create(ADMIN, found, namespace, obj, WriteOptions()).object
    change = {"metadata": {"labels": {"a": "b"}, "annotations": {"a": "b"}}}
    patched, _ = verbs.patch(ADMIN, found, namespace, "a", change, "merge", WriteOptions(), subresource="status")
    assert patched.object["metadata"] == made["metadata"]


def test_the_data_of_a_controller_revision_is_owned_as_a_whole(verbs: Verbs) -> None:
    revisions = resource(verbs, "controllerrevisions.apps")

    def apply(data: Object, who: str) -> Object:
        metadata = {"name": "a", "namespace": "default"}
        wish = {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": metadata,
            "revision": 1,
            "data": data,
        }
        options = WriteOptions(field_manager=who)
        return verbs.patch(ADMIN, revisions, "default", "a", wish, "apply", options)[0].object

    made = apply({"spec": {"a": {"b": 1}}, "list": [{"x": 1}]}, "me")
    assert made["metadata"]["managedFields"][0]["fieldsV1"] == {"f:data": {}, "f:revision": {}}
    with pytest.raises(ConflictError, match=r'1 conflict: conflict with "me": \.data$'):
        apply({"spec": {"a": {"b": 1}}}, "other")


@pytest.mark.parametrize(
    ("given", "kept", "owned"),
    [
        ({"dataSource": {"kind": "Pod", "name": "a"}}, {}, {"f:dataSource"}),
        (
            {"dataSource": {"kind": "Pod", "name": "a"}, "dataSourceRef": {"kind": "X", "name": "b", "namespace": "n"}},
            {},
            {"f:dataSource", "f:dataSourceRef"},
        ),
        (
            {"dataSourceRef": {"apiGroup": "g.io", "kind": "X", "name": "b"}},
            {key: {"apiGroup": "g.io", "kind": "X", "name": "b"} for key in ("dataSource", "dataSourceRef")},
            {"f:dataSourceRef"},
        ),
        (
            {"dataSource": {"kind": "PersistentVolumeClaim", "name": "b"}},
            {
                key: {"apiGroup": None, "kind": "PersistentVolumeClaim", "name": "b"}
                for key in ("dataSource", "dataSourceRef")
            },
            {"f:dataSource"},
        ),
    ],
    ids=["of no use", "of no use and elsewhere", "of the new field", "of the old field"],
)
def test_what_a_claim_is_made_from_is_owned_as_it_was_asked_for(
    api: LocalApi, given: Object, kept: Object, owned: set[str]
) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **given}
    metadata = {"name": "c", "namespace": "default"}
    made = api.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
    assert {name: value for name, value in made["spec"].items() if name.startswith("dataSource")} == kept
    fields = made["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
    assert {name for name in fields if name.startswith("f:dataSource")} == owned


def test_a_node_tells_of_its_system_in_the_real_order(api: LocalApi) -> None:
    info = {"kubeletVersion": "v1.36.3", "architecture": "amd64"}
    made = api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "status": {"nodeInfo": info}})
    assert list(made["status"]["nodeInfo"]) == [
        "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion",
        "kubeProxyVersion", "operatingSystem", "architecture",
    ]  # fmt: skip


def test_no_rules_of_a_role_are_stored_as_null_and_owned_by_who_says_so(verbs: Verbs) -> None:
    roles = resource(verbs, "roles.rbac.authorization.k8s.io")
    metadata = {"name": "r", "namespace": "default", "labels": {"a": "b"}}
    head: Object = {"apiVersion": roles.api_version, "kind": "Role", "metadata": metadata}
    made = verbs.create(ADMIN, roles, "default", copy_of(head), WriteOptions(field_manager="one")).object
    assert made["rules"] is None
    options = WriteOptions(field_manager="two")
    changed = verbs.update(ADMIN, roles, "default", "r", {**head, "rules": []}, options)[0].object
    assert changed["rules"] is None
    owners = {entry["manager"]: entry["fieldsV1"] for entry in changed["metadata"]["managedFields"]}
    assert (owners["two"], "f:rules" in owners["one"]) == ({"f:rules": {}}, False)
