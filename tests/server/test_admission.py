"""What the cluster adds to an object, and the writes it refuses because of other objects."""

from __future__ import annotations

import pytest
from builders import ADMIN, config_map, pod

from gitopslab.controlplane.server.admission.serviceaccounts import MOUNT_PATH
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import DeleteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.objects import Object


def cluster_object(kind: str, name: str, api_version: str = "v1", **fields: object) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def storage_class(name: str, *, default: bool = False, expands: bool = False) -> Object:
    made = cluster_object(
        "StorageClass", name, "storage.k8s.io/v1", provisioner="example.com/p", allowVolumeExpansion=expands
    )
    if default:
        made["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    return made


def claim(name: str, size: str = "1Gi", **spec: object) -> Object:
    made = cluster_object("PersistentVolumeClaim", name)
    made["metadata"]["namespace"] = "default"
    made["spec"] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    return made


def refusal(api: LocalApi, obj: Object) -> ApiError:
    with pytest.raises(ApiError) as refused:
        api.create(obj)
    return refused.value


def test_nothing_is_made_in_a_namespace_that_is_missing(api: LocalApi) -> None:
    with pytest.raises(NotFoundError, match='namespaces "nosuch" not found'):
        api.create(config_map("c", "nosuch"))


def test_nothing_is_made_in_a_namespace_that_is_going(api: LocalApi, verbs: Verbs) -> None:
    api.create(cluster_object("Namespace", "old"))
    resource = verbs.catalog.by_key("namespaces")
    assert resource is not None
    verbs.delete(ADMIN, resource, "", "old", DeleteOptions())
    error = refusal(api, config_map("c", "old"))
    assert error.message == (
        'configmaps "c" is forbidden: unable to create new content in namespace old because it is being terminated'
    )
    assert error.details["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace old is being terminated",
            "field": "metadata.namespace",
        }
    ]


def test_the_namespaces_of_the_system_stay(api: LocalApi) -> None:
    with pytest.raises(
        ApiError, match='namespaces "default" is forbidden: this namespace may not be deleted'
    ) as refused:
        api.delete("namespaces", "default")
    assert refused.value.code == 403


def test_a_pod_runs_as_the_default_account_and_finds_its_token(api: LocalApi) -> None:
    spec = api.create(pod("p", spec={"initContainers": [{"name": "i", "image": "b"}]}))["spec"]
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    (volume,) = spec["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert [next(iter(source)) for source in volume["projected"]["sources"]] == [
        "serviceAccountToken", "configMap", "downwardAPI",
    ]  # fmt: skip
    mount = {"name": volume["name"], "readOnly": True, "mountPath": MOUNT_PATH}
    assert [item["volumeMounts"] for item in spec["containers"] + spec["initContainers"]] == [[mount], [mount]]


def test_a_pod_that_mounts_something_there_itself_gets_no_token(api: LocalApi) -> None:
    container = {"name": "c", "image": "b", "volumeMounts": [{"name": "own", "mountPath": MOUNT_PATH}]}
    spec = api.create(pod("p", spec={"containers": [container], "volumes": [{"name": "own", "emptyDir": {}}]}))["spec"]
    assert [volume["name"] for volume in spec["volumes"]] == ["own"]


def test_a_pod_may_do_without_a_token(api: LocalApi) -> None:
    assert "volumes" not in api.create(pod("p", spec={"automountServiceAccountToken": False}))["spec"]


def test_an_account_lends_its_pull_secrets(api: LocalApi) -> None:
    account = cluster_object("ServiceAccount", "puller", imagePullSecrets=[{"name": "registry"}])
    account["metadata"]["namespace"] = "default"
    api.create(account)
    spec = api.create(pod("p", spec={"serviceAccountName": "puller"}))["spec"]
    assert spec["imagePullSecrets"] == [{"name": "registry"}]


def test_a_missing_account_is_named(api: LocalApi) -> None:
    error = refusal(api, pod("p", spec={"serviceAccountName": "x"}))
    assert (error.code, error.message) == (
        403,
        'pods "p" is forbidden: error looking up service account default/x: serviceaccount "x" not found',
    )


def test_a_pod_that_is_refused_before_it_has_a_name_is_called_by_its_prefix(api: LocalApi) -> None:
    wanted = pod("p", spec={"serviceAccountName": "x"})
    wanted["metadata"] = {"namespace": "default", "generateName": "web-"}
    assert refusal(api, wanted).message.startswith('pods "web-" is forbidden')


def test_a_pod_stays_five_minutes_on_a_lost_node_unless_it_says_otherwise(api: LocalApi) -> None:
    tolerations = api.create(pod("p"))["spec"]["tolerations"]
    assert [(item["key"], item["tolerationSeconds"]) for item in tolerations] == [
        ("node.kubernetes.io/not-ready", 300), ("node.kubernetes.io/unreachable", 300),
    ]  # fmt: skip
    everything = [{"operator": "Exists"}]
    assert api.create(pod("q", spec={"tolerations": everything}))["spec"]["tolerations"] == everything


def test_a_pods_priority_is_its_classs(api: LocalApi) -> None:
    high = cluster_object("PriorityClass", "high", "scheduling.k8s.io/v1", value=1000, preemptionPolicy="Never")
    api.create(high)
    spec = api.create(pod("p", spec={"priorityClassName": "high"}))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")
    plain = api.create(pod("q"))["spec"]
    assert (plain["priority"], plain["preemptionPolicy"], "priorityClassName" in plain) == (
        0, "PreemptLowerPriority", False,
    )  # fmt: skip
    critical = api.create(pod("r", spec={"priorityClassName": "system-node-critical"}))["spec"]
    assert critical["priority"] == 2_000_001_000


def test_a_default_class_gives_every_pod_its_priority(api: LocalApi) -> None:
    api.create(cluster_object("PriorityClass", "usual", "scheduling.k8s.io/v1", value=7, globalDefault=True))
    spec = api.create(pod("p"))["spec"]
    assert (spec["priority"], spec["priorityClassName"]) == (7, "usual")
    second = cluster_object("PriorityClass", "other", "scheduling.k8s.io/v1", value=8, globalDefault=True)
    assert refusal(api, second).message.endswith(
        "PriorityClass usual is already marked as default. Only one default can exist"
    )


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"priorityClassName": "absent"}, "no PriorityClass with name absent was found"),
        (
            {"priority": 5},
            "the integer value of priority (5) must not be provided in pod spec; "
            "priority admission controller computed 0 from the given PriorityClass name",
        ),
    ],
    ids=["no such class", "a number of one's own"],
)
def test_priority_comes_from_classes_only(api: LocalApi, spec: Object, why: str) -> None:
    assert refusal(api, pod("x", spec=spec)).message == f'pods "x" is forbidden: {why}'


def test_claims_and_volumes_are_protected_while_in_use(api: LocalApi) -> None:
    volume = cluster_object("PersistentVolume", "v")
    volume["spec"] = {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"},
    }  # fmt: skip
    assert api.create(volume)["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]
    assert api.create(claim("c"))["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]


def test_what_a_claim_cannot_ask_for_yet_is_forgotten_before_the_rest_is_looked_at(api: LocalApi) -> None:
    odd = {"apiGroup": "a.b", "kind": "X", "name": "x"}
    there = {"kind": "PersistentVolumeClaim", "name": "c", "namespace": "other"}
    made = api.create(claim("c", dataSource=odd, dataSourceRef=there))
    assert "dataSource" not in made["spec"]
    assert "dataSourceRef" not in made["spec"]


def test_a_claim_without_a_class_gets_the_default_one(api: LocalApi) -> None:
    assert "storageClassName" not in api.create(claim("before"))["spec"]
    api.create(storage_class("slow"))
    api.create(storage_class("usual", default=True))
    assert api.create(claim("c"))["spec"]["storageClassName"] == "usual"
    assert api.create(claim("none", storageClassName=""))["spec"]["storageClassName"] == ""


def test_a_bound_claim_grows_only_when_its_class_allows_it(api: LocalApi) -> None:
    for name, expands in (("fixed", False), ("elastic", True)):
        api.create(storage_class(name, expands=expands))
        api.create(claim(name, storageClassName=name))
        api.patch("persistentvolumeclaims", name, {"status": {"phase": "Bound"}}, "default", subresource="status")
    grown = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    with pytest.raises(ApiError, match="only dynamically provisioned pvc can be resized"):
        api.patch("persistentvolumeclaims", "fixed", grown, "default")
    changed = api.patch("persistentvolumeclaims", "elastic", grown, "default")
    assert changed["spec"]["resources"]["requests"] == {"storage": "2Gi"}


def test_an_ingress_without_a_class_gets_the_default_one(api: LocalApi) -> None:
    marked = cluster_object("IngressClass", "nginx", "networking.k8s.io/v1", spec={"controller": "k8s.io/nginx"})
    marked["metadata"]["annotations"] = {"ingressclass.kubernetes.io/is-default-class": "true"}
    api.create(marked)
    ingress = cluster_object("Ingress", "web", "networking.k8s.io/v1")
    ingress["metadata"]["namespace"] = "default"
    ingress["spec"] = {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}
    assert api.create(ingress)["spec"]["ingressClassName"] == "nginx"


def sandbox(**fields: object) -> Object:
    overhead = {"podFixed": {"cpu": "100m"}}
    scheduling = {"nodeSelector": {"kata": "yes"}, "tolerations": [{"key": "kata", "operator": "Exists"}]}
    made = cluster_object("RuntimeClass", "kata", "node.k8s.io/v1", handler="kata")
    return {**made, "overhead": overhead, "scheduling": scheduling, **fields}


def test_a_runtime_class_lends_a_pod_its_overhead_selector_and_tolerations(api: LocalApi) -> None:
    api.create(sandbox())
    spec = api.create(pod("p", spec={"runtimeClassName": "kata", "nodeSelector": {"disk": "ssd"}}))["spec"]
    assert spec["overhead"] == {"cpu": "100m"}
    assert spec["nodeSelector"] == {"disk": "ssd", "kata": "yes"}
    assert {"key": "kata", "operator": "Exists"} in spec["tolerations"]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"runtimeClassName": "nosuch"}, 'pod rejected: RuntimeClass "nosuch" not found'),
        (
            {"runtimeClassName": "kata", "overhead": {"cpu": "1"}},
            "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        ),
        (
            {"overhead": {"cpu": "1"}},
            "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        ),
        (
            {"runtimeClassName": "kata", "nodeSelector": {"kata": "no"}},
            "conflict: runtimeClass.scheduling.nodeSelector[kata] = yes; pod.spec.nodeSelector[kata] = no",
        ),
    ],
)
def test_a_pod_and_its_runtime_class_must_agree(api: LocalApi, spec: Object, why: str) -> None:
    api.create(sandbox())
    assert refusal(api, pod("p", spec=spec)).message == f'pods "p" is forbidden: {why}'


def test_the_handler_of_a_runtime_class_stays(api: LocalApi) -> None:
    made = api.create(sandbox())
    with pytest.raises(ApiError, match='handler: Invalid value: "other": field is immutable'):
        api.update({**made, "handler": "other"})
    assert "handler: Required value" in refusal(api, cluster_object("RuntimeClass", "x", "node.k8s.io/v1")).message


REFERS = {"valueFrom": {"secretKeyRef": {"name": "other", "key": "k"}}}


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"volumes": [{"name": "v", "secret": {"secretName": "known"}}], "imagePullSecrets": [{"name": "pull"}]}, ""),
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "other"}}]},
            'volume with secret.secretName="other" is not allowed because service account strict does not reference '
            "that secret",
        ),
        (
            {"initContainers": [{"name": "i", "image": "x", "env": [{"name": "A", **REFERS}]}]},
            'init container i with envVar A referencing secret.secretName="other" is not allowed because service '
            "account strict does not reference that secret",
        ),
        (
            {"containers": [{"name": "c", "image": "x", "envFrom": [{"secretRef": {"name": "other"}}]}]},
            'container c with envFrom referencing secret.secretName="other" is not allowed because service account '
            "strict does not reference that secret",
        ),
        (
            {"imagePullSecrets": [{"name": "other"}]},
            'imagePullSecrets[0].name="other" is not allowed because service account strict does not reference that '
            "imagePullSecret",
        ),
    ],
    ids=["known", "volume", "variable", "variables", "pull secret"],
)
def test_an_account_can_keep_its_pods_to_the_secrets_that_it_names(api: LocalApi, spec: Object, why: str) -> None:
    secrets = {"secrets": [{"name": "known"}], "imagePullSecrets": [{"name": "pull"}]}
    account = cluster_object("ServiceAccount", "strict", **secrets)
    account["metadata"].update(namespace="default", annotations={"kubernetes.io/enforce-mountable-secrets": "true"})
    api.create(account)
    wish = pod("p", spec={"serviceAccountName": "strict", **spec})
    if not why:
        assert api.create(wish)
        return
    with pytest.raises(ApiError) as refused:
        api.create(wish)
    assert refused.value.message == f'pods "p" is forbidden: {why}'


def test_a_new_node_is_tainted_as_not_ready_once_and_only_when_it_is_made(api: LocalApi) -> None:
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    other = {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}
    made = api.create(cluster_object("Node", "plain", status={"conditions": [{"type": "Ready", "status": "True"}]}))
    assert made["spec"]["taints"] == [taint]
    assert api.create(cluster_object("Node", "tainted", spec={"taints": [other]}))["spec"]["taints"] == [other, taint]
    known = api.create(cluster_object("Node", "known", spec={"taints": [{**taint, "value": "yes"}, other]}))
    assert known["spec"]["taints"] == [{**taint, "value": "yes"}, other]
    assert "taints" not in api.update({**made, "spec": {}})["spec"]
