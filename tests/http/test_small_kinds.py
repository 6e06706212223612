"""PodTemplates, VolumeAttributesClasses and ComponentStatuses over HTTP."""

from __future__ import annotations

import pytest
from exchange import TABLE, Client

from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery.objects import Object

_STATUSES = "/api/v1/componentstatuses"
_TEMPLATES = "/api/v1/namespaces/default/podtemplates"
_CLASSES = "/apis/storage.k8s.io/v1/volumeattributesclasses"


def template(image: str = "nginx:1.27", **spec: object) -> Object:
    pod = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}], **spec}}
    return {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "web"}, "template": pod}


def attributes(**fields: object) -> Object:
    head = {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttributesClass", "metadata": {"name": "fast"}}
    return {**head, "driverName": "csi.example.com", "parameters": {"iops": "500"}, **fields}


def test_a_pod_template_is_completed_as_a_pod_is_and_counts_its_changes(client: Client) -> None:
    made = client("POST", _TEMPLATES, template()).json
    assert made["metadata"]["generation"] == 1
    assert made["template"]["spec"]["restartPolicy"] == "Always"
    assert made["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    changed = client("PUT", f"{_TEMPLATES}/web", template("nginx:1.28")).json
    assert changed["metadata"]["generation"] == 2
    assert client("PUT", f"{_TEMPLATES}/web", template("nginx:1.28")).json["metadata"]["generation"] == 2
    assert client.get(f"{_TEMPLATES}/web", accept=TABLE).json["rows"][0]["cells"] == [
        "web",
        "c",
        "nginx:1.28",
        "app=web",
    ]


def test_a_pod_template_is_refused_as_a_pod_is(client: Client) -> None:
    refused = client("POST", _TEMPLATES, template(restartPolicy="Sometimes"))
    assert refused.code == 422
    assert refused.json["message"] == (
        'PodTemplate "web" is invalid: template.spec.restartPolicy: Unsupported value: "Sometimes": '
        'supported values: "Always", "OnFailure", "Never"'
    )


def test_attributes_of_volumes_stay_what_they_are(client: Client) -> None:
    assert client("POST", _CLASSES, attributes()).code == 201
    refused = client("PUT", f"{_CLASSES}/fast", attributes(driverName="b", parameters={"iops": "9"}))
    assert refused.json["message"] == (
        'VolumeAttributesClass.storage.k8s.io "fast" is invalid: [driverName: Forbidden: updates to driverName are '
        "forbidden., parameters: Forbidden: updates to parameters are forbidden.]"
    )
    assert client.get(_CLASSES, accept=TABLE).json["rows"][0]["cells"][:2] == ["fast", "csi.example.com"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"driverName": ""}, "driverName: Required value"),
        ({"parameters": {}}, "parameters: Required value: must contain at least one key/value pair"),
        ({"parameters": {"": "x"}}, 'parameters: Invalid value: "": field can not be empty.'),
    ],
)
def test_what_no_attributes_may_be(client: Client, fields: Object, message: str) -> None:
    assert message in client("POST", _CLASSES, attributes(**fields)).json["message"]


def test_the_programs_of_the_control_plane_are_healthy_and_the_kind_is_deprecated(client: Client) -> None:
    answer = client.get(_STATUSES, accept=TABLE)
    rows = [row["cells"] for row in answer.json["rows"]]
    assert rows == [[name, "Healthy", "ok", ""] for name in ("controller-manager", "scheduler", "etcd-0")]
    assert answer.headers["warning"] == '299 - "v1 ComponentStatus is deprecated in v1.19+"'
    assert client.get(f"{_STATUSES}/etcd-0").json == {
        "kind": "ComponentStatus",
        "apiVersion": "v1",
        "metadata": {"name": "etcd-0"},
        "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}],
    }


def test_a_program_that_does_not_run_refuses_connections(client: Client, verbs: Verbs) -> None:
    verbs.components.is_running = {"kube-controller-manager"}.__contains__
    cells = client.get(f"{_STATUSES}/scheduler", accept=TABLE).json["rows"][0]["cells"]
    assert cells[:2] == ["scheduler", "Unhealthy"]
    assert cells[2].endswith("dial tcp 127.0.0.1:10259: connect: connection refused")
    assert client.get(f"{_STATUSES}/controller-manager", accept=TABLE).json["rows"][0]["cells"][1] == "Healthy"


def test_a_program_that_nobody_knows_is_not_found(client: Client) -> None:
    answer = client.get(f"{_STATUSES}/kubelet")
    assert (answer.code, answer.json["message"]) == (404, 'componentstatus "kubelet" not found')


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_nobody_writes_how_a_program_is(client: Client, method: str) -> None:
    assert client(method, f"{_STATUSES}/etcd-0" if method == "DELETE" else _STATUSES, {}).code == 405


@pytest.mark.parametrize(
    ("path", "obj"),
    [
        (
            "/apis/resource.k8s.io/v1/deviceclasses",
            {"kind": "DeviceClass", "apiVersion": "resource.k8s.io/v1", "spec": {}},
        ),
        (_CLASSES, attributes()),
    ],
)
def test_some_kinds_are_shown_once_more_when_they_are_deleted(client: Client, path: str, obj: Object) -> None:
    client("POST", path, {**obj, "metadata": {"name": "a"}})
    client("PATCH", f"{path}/a", {"metadata": {"finalizers": None}}, content_type="application/merge-patch+json")
    gone = client("DELETE", f"{path}/a").json
    assert (gone["kind"], gone["metadata"]["name"]) == (obj["kind"], "a")
    assert client.get(f"{path}/a").code == 404
