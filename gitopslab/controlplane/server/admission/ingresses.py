"""DefaultIngressClass: an Ingress that names no class belongs to the default one, if the cluster has one."""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.machinery.objects import annotations_of, name_of

_DEFAULT = "ingressclass.kubernetes.io/is-default-class"
_OLD_CLASS = "kubernetes.io/ingress.class"


def set_default_class(attributes: Attributes, reader: Reader) -> None:
    """Set ``spec.ingressClassName`` on a new Ingress; of several defaults the newest."""
    ingress = attributes.wished()
    if attributes.operation != "CREATE" or "ingressClassName" in ingress["spec"]:
        return
    if _OLD_CLASS in annotations_of(ingress):
        return
    classes = [found for found in reader.all("ingressclasses.networking.k8s.io") if _is_default(annotations_of(found))]
    if classes:
        newest = max(found["metadata"].get("creationTimestamp", "") for found in classes)
        names = [name_of(found) for found in classes if found["metadata"].get("creationTimestamp", "") == newest]
        ingress["spec"]["ingressClassName"] = min(names)


def _is_default(annotations: dict[str, str]) -> bool:
    return annotations.get(_DEFAULT) == "true"
