"""Template hashes, held to ones that a real Kubernetes 1.36 gave."""

from __future__ import annotations

import pytest

from gitopslab.machinery.objects import Object
from gitopslab.machinery.template_hash import data_hash, dump, template_hash

AGENT: Object = {
    "metadata": {"labels": {"app": "agent"}},
    "spec": {
        "containers": [
            {
                "image": "fluent/fluent-bit:3",
                "imagePullPolicy": "IfNotPresent",
                "name": "agent",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    },
}


def test_the_hash_is_the_one_a_real_cluster_gave() -> None:
    assert template_hash(AGENT) == "6db488474"


def test_a_collision_gives_another_hash() -> None:
    hashes = {template_hash(AGENT, count) for count in range(3)}
    assert len(hashes) == 3


def test_what_is_empty_counts_as_not_there() -> None:
    spec = {**AGENT["spec"], "volumes": [], "nodeSelector": {}}
    assert template_hash({**AGENT, "spec": spec}) == template_hash(AGENT)


def test_managed_fields_of_a_template_count_as_a_real_cluster_gave_it() -> None:
    entry = {
        "manager": "me", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:a": {}, "f:b": {}},
    }  # fmt: skip
    container = {
        "name": "c", "image": "nginx", "imagePullPolicy": "Always", "resources": {},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    }  # fmt: skip
    metadata = {"labels": {"app": "mf"}, "managedFields": [entry]}
    template = {"metadata": metadata, "spec": {**AGENT["spec"], "containers": [container]}}
    assert template_hash(template) == "57c8857c5d"


def test_an_empty_struct_behind_a_pointer_is_there() -> None:
    spec = {key: value for key, value in AGENT["spec"].items() if key != "securityContext"}
    assert template_hash({**AGENT, "spec": spec}) != template_hash(AGENT)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        pytest.param(None, "*int64", "(*int64)<nil>", id="no pointer"),
        pytest.param(30, "*int64", "(*int64)30", id="a pointer to a number"),
        pytest.param(["a", "b"], "[]string", "([]string)[a b]", id="a list"),
        pytest.param({"b": "2", "a": "1"}, "map[string]string", "(map[string]string)map[a:1 b:2]", id="a sorted map"),
        pytest.param("File", "v1.TerminationMessagePolicy", "(v1.TerminationMessagePolicy)File", id="a named string"),
        pytest.param(
            "http",
            "intstr.IntOrString",
            "(intstr.IntOrString){Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)http}",
            id="a port by name",
        ),
        pytest.param(
            "100m",
            "resource.Quantity",
            "(resource.Quantity){i:(resource.int64Amount){value:(int64)100 scale:(resource.Scale)-3} "
            "d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)100m Format:(resource.Format)DecimalSI}",
            id="an amount that keeps its text",
        ),
        pytest.param(
            "64Mi",
            "resource.Quantity",
            "(resource.Quantity){i:(resource.int64Amount){value:(int64)67108864 scale:(resource.Scale)0} "
            "d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string) Format:(resource.Format)BinarySI}",
            id="an amount that does not",
        ),
    ],
)
def test_values_are_written_as_go_does(value: object, kind: str, text: str) -> None:
    assert dump(value, kind) == text


def test_revision_data_is_hashed_with_its_collision_count() -> None:
    data = {"spec": {"template": {"$patch": "replace", "spec": {"containers": [{"args": ["a<b"]}]}}}}
    assert data_hash(data) == data_hash(dict(reversed(data.items())))
    assert data_hash(data, 1) != data_hash(data)
