"""A namespace's labels hold its pods to a level of security."""

from __future__ import annotations

import re
from typing import Any

import pytest
from builders import ADMIN, deployment, pod

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError
from gitopslab.machinery.objects import Object

_HARDENED: Object = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "c",
            "image": "nginx",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
}
_PLAIN = (
    'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), '
    'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), '
    'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), '
    'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
    '"Localhost")'
)


def label(api: LocalApi, **levels: str) -> None:
    held = api.get("namespaces", "default")
    labels = {f"pod-security.kubernetes.io/{mode.replace('_', '-')}": level for mode, level in levels.items()}
    api.update({**held, "metadata": {**held["metadata"], "labels": {**held["metadata"]["labels"], **labels}}})


def with_spec(**spec: Any) -> Object:
    return pod("p", spec={"containers": [{"name": "c", "image": "nginx"}], **spec})


def refusal(api: LocalApi, obj: Object) -> str:
    with pytest.raises(ApiError) as refused:
        api.create(obj)
    return refused.value.message


def test_without_labels_nothing_is_refused(api: LocalApi) -> None:
    api.create(with_spec(hostNetwork=True))


def test_baseline_refuses_what_reaches_the_node(api: LocalApi) -> None:
    label(api, enforce="baseline")
    api.create(pod("plain"))
    spec: Object = {
        "hostPID": True,
        "volumes": [{"name": "h", "hostPath": {"path": "/"}}],
        "containers": [
            {
                "name": "c",
                "image": "nginx",
                "ports": [{"containerPort": 80, "hostPort": 80}],
                "securityContext": {"privileged": True, "capabilities": {"add": ["NET_ADMIN"]}},
            }
        ],
    }
    assert refusal(api, pod("p", spec=spec)) == (
        'pods "p" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities (container "c" must '
        'not include "NET_ADMIN" in securityContext.capabilities.add), host namespaces (hostPID=true), hostPath '
        'volumes (volume "h"), hostPort (container "c" uses hostPort 80), privileged (container "c" must not set '
        "securityContext.privileged=true)"
    )


def test_restricted_wants_pods_to_harden_themselves(api: LocalApi) -> None:
    label(api, enforce="restricted")
    assert refusal(api, with_spec()) == f'pods "p" is forbidden: violates PodSecurity "restricted:latest": {_PLAIN}'
    api.create(pod("hard", spec=_HARDENED))


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"hostUsers": False, "securityContext": {"procMount": "Unmasked"}}, None),
        (
            {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
            "forbidden sysctls (kernel.msgmax)",
        ),
        (
            {"securityContext": {"seLinuxOptions": {"type": "spc_t", "user": "u"}}},
            'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
    ],
)
def test_baseline_names_what_breaks_it(api: LocalApi, spec: Object, told: str | None) -> None:
    label(api, enforce="baseline")
    if told is None:
        api.create(with_spec(**spec))
    else:
        assert refusal(api, with_spec(**spec)).endswith(f'"baseline:latest": {told}')


def test_a_template_is_warned_of_and_taken(api: LocalApi, verbs: Verbs) -> None:
    label(api, enforce="restricted")
    options = WriteOptions()
    resource = verbs.catalog.by_key("deployments.apps")
    assert resource is not None
    made = deployment("web")
    made["spec"]["template"]["spec"]["containers"][0]["name"] = "c"
    verbs.create(ADMIN, resource, "default", made, options)
    assert options.warnings == [f'would violate PodSecurity "restricted:latest": {_PLAIN}']


def test_labels_must_be_a_policy(api: LocalApi) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "odd"}
    odd = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "odd", "labels": labels}}
    assert refusal(api, odd) == (
        'Namespace "odd" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "odd": '
        "must be one of privileged, baseline, restricted"
    )


def test_a_stricter_level_tells_of_the_pods_that_break_it(api: LocalApi, verbs: Verbs) -> None:
    api.create(pod("a"))
    api.create(pod("b"))
    resource, options = verbs.catalog.by_key("namespaces"), WriteOptions()
    assert resource is not None
    patch = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    verbs.patch(ADMIN, resource, "", "default", patch, "merge", options)
    assert options.warnings == [
        'existing pods in namespace "default" violate the new PodSecurity enforce level "restricted:latest"',
        "a (and 1 other pod): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, "
        "seccompProfile",
    ]


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("v1.7", "runAsNonRoot != true"),
        ("v1.18", "allowPrivilegeEscalation != false, runAsNonRoot != true"),
        ("v1.21", "allowPrivilegeEscalation != false, runAsNonRoot != true, seccompProfile"),
        ("v1.22", "allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile"),
    ],
)
def test_a_policy_is_held_to_the_rules_of_its_version(api: LocalApi, version: str, told: str) -> None:
    label(api, enforce="restricted", enforce_version=version)
    message = refusal(api, with_spec()).partition(f'"restricted:{version}": ')[2]
    assert ", ".join(part for part in re.sub(r" \(.*?\)(?=,|$)", "", message).split(", ")) == told


def test_what_an_old_version_did_not_know_is_taken_or_refused_as_it_was(api: LocalApi) -> None:
    label(api, enforce="baseline", enforce_version="v1.28")
    probe = {"name": "c", "image": "x", "livenessProbe": {"tcpSocket": {"port": 1, "host": "192.0.2.1"}}}
    api.create(with_spec(containers=[probe]))
    odd = {
        "sysctls": [{"name": "net.ipv4.tcp_fin_timeout", "value": "1"}],
        "seLinuxOptions": {"type": "container_engine_t"},
    }
    message = refusal(api, with_spec(securityContext=odd))
    assert 'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "container_engine_t")' in message
    assert "forbidden sysctls (net.ipv4.tcp_fin_timeout)" in message
