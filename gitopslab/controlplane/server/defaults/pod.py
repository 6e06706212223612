"""Defaults of pods and of pod templates.

``set_pod`` serves Pods; ``set_template`` serves everything that holds a template (Deployments, Jobs, …). The two
differ on purpose: what upstream sets in ``SetDefaults_Pod`` appears in the Pod only, so that a new default never
changes the template of a workload and sets off a rollout.

Calls ``containers`` and ``volumes``; admission adds what comes from the cluster (priority, tolerations, the token
volume).
"""

from __future__ import annotations

from gitopslab.controlplane.server.defaults.containers import set_container
from gitopslab.controlplane.server.defaults.volumes import set_volume
from gitopslab.machinery.objects import Object
from gitopslab.machinery.pod_defaults import set_requests

CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")


def set_pod(pod: Object) -> None:
    """Defaults of a Pod."""
    spec = pod.setdefault("spec", {})
    set_pod_spec(spec)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1  # what is less than no time at all is taken for the least there is
    set_requests(spec)
    spec.setdefault("enableServiceLinks", True)
    _agree_on_address(pod.setdefault("status", {}))


def _agree_on_address(status: Object) -> None:
    """``podIP`` is the first of ``podIPs``; where the two differ, the older field is believed."""
    address, addresses = status.get("podIP"), status.get("podIPs") or []
    if address and (not addresses or addresses[0].get("ip") != address):
        status["podIPs"] = [{"ip": address}]
    elif addresses and not address:
        status["podIP"] = addresses[0].get("ip") or ""


def set_template(template: Object) -> None:
    """Defaults of a ``PodTemplateSpec``."""
    template.setdefault("metadata", {})
    set_pod_spec(template.setdefault("spec", {}))


def set_pod_template(found: Object) -> None:
    """Defaults of a ``PodTemplate``, which is a template with a name."""
    set_template(found.setdefault("template", {}))


def set_pod_spec(spec: Object) -> None:
    """Defaults that a pod and a template share."""
    if not spec.get("dnsPolicy"):
        spec["dnsPolicy"] = "ClusterFirst"
    if not spec.get("restartPolicy"):
        spec["restartPolicy"] = "Always"
    if not spec.get("schedulerName"):
        spec["schedulerName"] = "default-scheduler"
    spec.setdefault("securityContext", {})
    spec.setdefault("terminationGracePeriodSeconds", 30)
    for field in CONTAINER_LISTS:
        for container in spec.get(field) or ():
            set_container(container)
    for volume in spec.get("volumes") or ():
        set_volume(volume)
    _mirror_service_account(spec)


def _mirror_service_account(spec: Object) -> None:
    """``serviceAccount`` is the old name of ``serviceAccountName``; the API shows both."""
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        spec["serviceAccountName"] = spec["serviceAccount"] = name
