"""What the server warns of although it accepts it."""

from __future__ import annotations

import base64
import copy
from typing import Any

import pytest
from builders import ADMIN, deployment, merged, pod

from gitopslab.controlplane.server.options import WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import InvalidError
from gitopslab.machinery.objects import Object, namespace_of


def told(verbs: Verbs, obj: Object) -> list[str]:
    resource = verbs.catalog.of(obj)
    assert resource is not None
    options = WriteOptions()
    verbs.create(ADMIN, resource, namespace_of(obj), obj, options)
    return options.warnings


def service(**spec: Any) -> Object:
    metadata = {"name": "s", "namespace": "default"}
    base = {"selector": {"app": "s"}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {**base, **spec}}


def item(key: str, path: str) -> Object:
    return {"key": key, "path": path}


def container(**fields: Any) -> Object:
    return {"containers": [{"name": "c", "image": "nginx", **fields}]}


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            {"nodeSelector": {"beta.kubernetes.io/os": "linux"}},
            'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        ),
        (
            container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
            'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
        ),
        (
            container(resources={"requests": {"memory": "100m"}}),
            'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, '
            "must be an integer",
        ),
        (
            {"imagePullSecrets": [{"name": "a"}, {"name": "a"}]},
            'spec.imagePullSecrets[1].name: duplicate name "a"',
        ),
        (
            container(ports=[{"containerPort": 80}, {"containerPort": 80, "name": "b", "hostPort": 8080}]),
            "spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]",
        ),
        (
            {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}]},
            "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
        ),
        (
            {
                "volumes": [
                    {"name": "v", "configMap": {"name": "m", "items": [item("a", "p"), item("b", "p/q")]}}
                ]
            },
            'volume "v" (ConfigMap "m"): overlapping paths: "p/q" with "p"',
        ),
    ],
)  # fmt: skip
def test_a_pod_is_warned_of(verbs: Verbs, spec: Object, text: str) -> None:
    in_template = merged(deployment("d"), {"spec": {"template": {"spec": copy.deepcopy(spec)}}})
    assert told(verbs, pod("p", spec=spec)) == [text]
    place = text if text.startswith("volume") else text.replace("spec.", "spec.template.spec.")
    assert told(verbs, in_template) == [place]


def test_a_variable_made_from_the_one_it_hides_is_no_mistake(verbs: Verbs) -> None:
    variables = [{"name": "PATH", "value": "/a"}, {"name": "PATH", "value": "$(PATH):/b"}]
    assert told(verbs, pod("p", spec=container(env=variables))) == []


def test_a_name_with_a_dot_makes_a_poor_host_name(verbs: Verbs) -> None:
    (text,) = told(verbs, pod("a.b"))
    assert text.startswith("metadata.name: this is used in the Pod's hostname, which can result in surprising behavior")
    (text,) = told(verbs, deployment("a.b"))
    assert "Pod names and hostnames" in text


def test_a_template_is_looked_at_again_only_when_the_wish_changes(verbs: Verbs) -> None:
    obj = merged(deployment("d"), {"spec": {"template": {"spec": {"nodeSelector": {"beta.kubernetes.io/os": "x"}}}}})
    resource = verbs.catalog.of(obj)
    assert resource is not None
    verbs.create(ADMIN, resource, "default", obj, WriteOptions())
    for change, count in (({"metadata": {"labels": {"a": "b"}}}, 0), ({"spec": {"replicas": 3}}, 1)):
        options = WriteOptions()
        verbs.patch(ADMIN, resource, "default", "d", change, "merge", options)
        assert len(options.warnings) == count
    options = WriteOptions()
    verbs.patch(ADMIN, resource, "default", "d", {"spec": {"replicas": 4}}, "merge", options, subresource="scale")
    assert len(options.warnings) == 1


@pytest.mark.parametrize(
    ("spec", "texts"),
    [
        (
            {"clusterIP": "None", "sessionAffinity": "ClientIP"},
            ["spec.SessionAffinity is ignored for headless services"],
        ),
        (
            {"externalIPs": ["8.8.8.8"]},
            ["spec.externalIPs is deprecated and may no longer be implemented in some clusters"],
        ),
        ({"externalName": "a.b"}, ['spec.externalName is ignored when spec.type is not "ExternalName"']),
        (
            {"trafficDistribution": "PreferClose"},
            ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
        ),
    ],
)
def test_a_service_is_warned_of(verbs: Verbs, spec: Object, texts: list[str]) -> None:
    assert told(verbs, service(**spec)) == texts


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"tls.crt": b"x", "tls.key": b"y"}, "tls: failed to find any PEM data in certificate input"),
        (
            {
                "tls.crt": b"-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END RSA PRIVATE KEY-----\n",
                "tls.key": b"",
            },
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; "
            "PEM inputs may have been switched",
        ),
        (
            {"tls.crt": b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "tls.key": b""},
            "tls: failed to find any PEM data in key input",
        ),
        (  # whoever looks for the end of each of them looks for minutes
            {"tls.crt": b"-----BEGIN A-----\n" * 50_000, "tls.key": b""},
            "tls: failed to find any PEM data in certificate input",
        ),
        (
            {"tls.crt": b"-----BEGIN A-----\nAA==\n-----END A-----\n" * 2, "tls.key": b""},
            'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the '
            "following types: [A A]",
        ),
    ],
)
def test_a_certificate_needs_its_key(verbs: Verbs, data: dict[str, bytes], text: str) -> None:
    secret: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t", "namespace": "default"}}
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    assert told(verbs, {**secret, "type": "kubernetes.io/tls", "data": encoded}) == [text]


def test_the_class_of_an_ingress_is_a_field_now(verbs: Verbs) -> None:
    metadata = {"name": "i", "namespace": "default", "annotations": {"kubernetes.io/ingress.class": "nginx"}}
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata}
    assert told(verbs, {**ingress, "spec": {"defaultBackend": backend}}) == [
        "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
    ]


def test_a_driver_that_gets_tokens_is_warned_of_when_it_asks_for_them(verbs: Verbs) -> None:
    def driver(**spec: Any) -> Object:
        metadata = {"name": "d.example.com"}
        return {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": metadata, "spec": spec}

    text = (
        "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible "
        "logging of tokens in volume attributes"
    )
    asks = {"tokenRequests": [{"audience": "x"}]}
    assert told(verbs, driver(**asks, serviceAccountTokenInSecrets=False)) == []
    resource = verbs.catalog.of(driver())
    for change, warnings in (
        ({"serviceAccountTokenInSecrets": None}, []),
        ({"tokenRequests": [{"audience": "y"}]}, [text]),
        ({"tokenRequests": []}, []),
    ):
        options = WriteOptions()
        verbs.patch(ADMIN, resource, "", "d.example.com", {"spec": change}, "merge", options)
        assert options.warnings == warnings


def test_names_in_a_new_slice_are_warned_about(verbs: Verbs) -> None:
    metadata = {"name": "s", "namespace": "default"}
    base = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, "endpoints": []}
    assert told(verbs, {**base, "addressType": "FQDN"}) == ["spec.addressType: FQDN endpoints are deprecated"]


def definition(schema: Object) -> Object:
    names = {"plural": "cakes", "singular": "cake", "kind": "Cake"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "cakes.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]},
    }


def test_formats_that_nobody_knows_are_told_of_what_is_accepted(verbs: Verbs) -> None:
    schema: Object = {"type": "object", "properties": {"a": {"type": "string", "format": "odd"}}}
    refused = definition({**schema, "uniqueItems": True})
    resource, options = verbs.catalog.of(refused), WriteOptions()
    assert resource is not None
    with pytest.raises(InvalidError):
        verbs.create(ADMIN, resource, "", refused, options)
    assert options.warnings == []
    assert told(verbs, definition(schema)) == ['unrecognized format "odd"']
