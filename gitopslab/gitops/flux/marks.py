"""What single objects say about how Flux is to treat them: labels or annotations in its group, in any case."""

from __future__ import annotations

from gitopslab.gitops.flux.kinds import KUSTOMIZE
from gitopslab.machinery.objects import Object, annotations_of, labels_of, name_of, namespace_of

OWNER_NAME = f"{KUSTOMIZE}/name"
OWNER_NAMESPACE = f"{KUSTOMIZE}/namespace"


def says(obj: Object, key: str, value: str) -> bool:
    """Whether an object has ``kustomize.toolkit.fluxcd.io/KEY: VALUE`` as a label or an annotation."""
    word = f"{KUSTOMIZE}/{key}"
    return any(of.get(word, "").lower() == value.lower() for of in (labels_of(obj), annotations_of(obj)))


def owner_labels(kustomization: Object) -> dict[str, str]:
    """The labels on everything that a Kustomization applies."""
    return {OWNER_NAME: name_of(kustomization), OWNER_NAMESPACE: namespace_of(kustomization)}


def is_owned(obj: Object, kustomization: Object) -> bool:
    """Whether an object's labels name a Kustomization."""
    labels = labels_of(obj)
    return all(labels.get(key) == value for key, value in owner_labels(kustomization).items())


def spoken(obj: Object) -> str:
    """An object as Flux names it: ``Deployment/shop/web``."""
    return "/".join(part for part in (str(obj.get("kind", "")), namespace_of(obj), name_of(obj)) if part)
