"""Which fields may be selected on, and what the server says of the others."""

from __future__ import annotations

import pytest
from builders import pod

from gitopslab.controlplane.server.fields import field_reader, selectable
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object
from gitopslab.machinery.selectors import parse_fields

CATALOG = Catalog()


def read(kind: str, path: str, obj: Object) -> str:
    resource = CATALOG.lookup(kind)
    assert resource is not None
    return field_reader(resource)[path](obj)


RUNNING = pod("web", spec={"nodeName": "n1"}, status={"phase": "Running", "podIPs": [{"ip": "10.244.1.2"}]})


@pytest.mark.parametrize(
    ("kind", "path", "obj", "text"),
    [
        ("pods", "metadata.name", RUNNING, "web"),
        ("pods", "metadata.namespace", RUNNING, "default"),
        ("pods", "spec.nodeName", RUNNING, "n1"),
        ("pods", "spec.nodeName", pod("web"), ""),
        ("pods", "spec.hostNetwork", RUNNING, "false"),
        ("pods", "spec.hostNetwork", pod("web", spec={"hostNetwork": True}), "true"),
        ("pods", "status.phase", RUNNING, "Running"),
        ("pods", "status.podIP", RUNNING, "10.244.1.2"),
        ("pods", "status.nominatedNodeName", RUNNING, ""),
        ("nodes", "spec.unschedulable", {}, "false"),
        ("nodes", "spec.unschedulable", {"spec": {"unschedulable": True}}, "true"),
        ("events", "involvedObject.name", {"involvedObject": {"name": "web"}}, "web"),
        ("events", "source", {"source": {"component": "kubelet"}}, "kubelet"),
        ("events", "source", {"source": {}, "reportingComponent": "scheduler"}, "scheduler"),
        ("secrets", "type", {"type": "Opaque"}, "Opaque"),
        ("namespaces", "status.phase", {"status": {"phase": "Active"}}, "Active"),
        ("services", "spec.type", {"spec": {"type": "ClusterIP"}}, "ClusterIP"),
        ("jobs", "status.successful", {"status": {"succeeded": 2}}, "2"),
        ("jobs", "status.successful", {}, "0"),
        ("pods", "spec.host", RUNNING, "n1"),
        ("resourceslices", "spec.driver", {"spec": {"driver": "gpu.example.com"}}, "gpu.example.com"),
        ("resourceslices", "spec.nodeName", {"spec": {}}, ""),
    ],
)
def test_a_supported_field_is_read_as_text(kind: str, path: str, obj: Object, text: str) -> None:
    assert read(kind, path, obj) == text


@pytest.mark.parametrize(
    ("kind", "selector", "message"),
    [
        ("pods", "spec.bogus=1", "field label not supported: spec.bogus"),
        ("nodes", "metadata.namespace=x", "field label not supported: metadata.namespace"),
        ("jobs", "spec.suspend=true", 'field label "spec.suspend" not supported for Job'),
        (
            "resourceslices",
            "spec.pool=x",
            "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.pool",
        ),
        (
            "configmaps",
            "data.a=b",
            '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
    ],
)
def test_an_unsupported_field_is_refused_in_the_servers_words(kind: str, selector: str, message: str) -> None:
    resource = CATALOG.lookup(kind)
    assert resource is not None
    with pytest.raises(ValueError, match=r"^") as refused:
        selectable(resource, parse_fields(selector))
    assert str(refused.value) == message
