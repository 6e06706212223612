"""PodSecurity: the labels of a namespace say how much its pods may take upon themselves.

``admission`` calls ``check`` for namespaces, pods and what makes pods. A pod that breaks the enforced level is refused;
of one that breaks the level to warn of the client is warned, and of a controller's template, which is never refused.
``levels`` reads the labels, ``checks`` knows the rules, which are in ``baseline`` and ``restricted``.

Upstream: ``k8s.io/pod-security-admission``. Audit annotations are left to upstream: the lab writes no audit log.
"""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.controlplane.server.admission.podsecurity import namespaces
from gitopslab.controlplane.server.admission.podsecurity.checks import violations
from gitopslab.controlplane.server.admission.podsecurity.levels import PRIVILEGED, Policy, policy_of
from gitopslab.machinery.objects import Object, labels_of

_TEMPLATES = {
    "replicationcontrollers": ("spec", "template"),
    "podtemplates": ("template",),
    "replicasets.apps": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}
_PASSED_OVER = frozenset({"exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"})


def check(attributes: Attributes, reader: Reader) -> list[str]:
    """Refuse what the namespace's policy forbids.

    Returns:
        Warnings for the client.

    Raises:
        ApiError: 403 for a pod beyond the enforced level, 422 for labels of a namespace that are no policy.
    """
    key = attributes.resource.key
    if key == "namespaces":
        return [] if attributes.subresource else namespaces.check(attributes, reader)
    if key == "pods":
        return _check_pod(attributes, reader)
    if key in _TEMPLATES and not attributes.subresource:
        return _check_template(attributes, reader, _TEMPLATES[key])
    return []


def _check_pod(attributes: Attributes, reader: Reader) -> list[str]:
    if attributes.subresource in _PASSED_OVER or not _is_significant(attributes):
        return []
    policy, pod = _policy(attributes, reader), attributes.wished()
    broken = violations(policy.enforce, pod["metadata"], pod["spec"])
    if broken:
        raise attributes.refusal(f'violates PodSecurity "{policy.enforce}": {_told(broken)}')
    return _warned(policy, pod)


def _check_template(attributes: Attributes, reader: Reader, path: tuple[str, ...]) -> list[str]:
    template = attributes.wished()
    for field in path:
        template = template.get(field) or {}
    return _warned(_policy(attributes, reader), template) if template else []


def _warned(policy: Policy, pod: Object) -> list[str]:
    broken = violations(policy.warn, pod.get("metadata") or {}, pod.get("spec") or {})
    return [f'would violate PodSecurity "{policy.warn}": {_told(broken)}'] if broken else []


def _policy(attributes: Attributes, reader: Reader) -> Policy:
    namespace = reader.find("namespaces", "", attributes.namespace)
    return policy_of(labels_of(namespace))[0] if namespace is not None else Policy(PRIVILEGED, PRIVILEGED)


def _told(broken: list[tuple[str, str]]) -> str:
    return ", ".join(f"{reason} ({detail})" for reason, detail in broken)


def _is_significant(attributes: Attributes) -> bool:
    """Whether containers came or changed their image; nothing else of a pod that exists matters."""
    if attributes.before is None:
        return True
    before, after = attributes.before["spec"], attributes.wished()["spec"]
    return any(
        [(one["name"], one.get("image")) for one in before.get(field) or ()]
        != [(one["name"], one.get("image")) for one in after.get(field) or ()]
        for field in ("containers", "initContainers", "ephemeralContainers")
    )
