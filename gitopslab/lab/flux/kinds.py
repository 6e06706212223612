"""The kinds of Flux, the words that the ``flux`` command has for them, and where an object of one comes from."""

from __future__ import annotations

from gitopslab.errors import LabError
from gitopslab.machinery.objects import Object

KINDS = {
    "GitRepository": ("gitrepositories.source.toolkit.fluxcd.io", "source git", "sources git", "git"),
    "OCIRepository": ("ocirepositories.source.toolkit.fluxcd.io", "source oci", "sources oci", "oci"),
    "Kustomization": ("kustomizations.kustomize.toolkit.fluxcd.io", "ks", "kustomizations"),
    "ImageRepository": ("imagerepositories.image.toolkit.fluxcd.io", "image repository", "images repository"),
    "ImagePolicy": ("imagepolicies.image.toolkit.fluxcd.io", "image policy", "images policy"),
    "ImageUpdateAutomation": ("imageupdateautomations.image.toolkit.fluxcd.io", "image update", "images update"),
    "HelmRepository": ("helmrepositories.source.toolkit.fluxcd.io", "source helm", "sources helm"),
    "HelmChart": ("helmcharts.source.toolkit.fluxcd.io", "source chart", "sources chart"),
    "HelmRelease": ("helmreleases.helm.toolkit.fluxcd.io", "hr", "helmreleases"),
    "Alert": ("alerts.notification.toolkit.fluxcd.io", "alerts"),
    "Provider": ("providers.notification.toolkit.fluxcd.io", "alert-providers"),
    "Receiver": ("receivers.notification.toolkit.fluxcd.io", "receivers"),
}
"""Kind to its resource, and to the words of the command."""


def resource_of(word: str) -> tuple[str, str]:
    """Kind and resource for a word of the ``flux`` command.

    Raises:
        LabError: The command has no such word.
    """
    for kind, (resource, *words) in KINDS.items():
        if word.lower() in (kind.lower(), f"{kind.lower()}s", resource, *words):
            return kind, resource
    known = ", ".join(names[-1] if len(names) < 3 else names[1] for names in KINDS.values())
    raise LabError(f"Flux has no {word!r}", f"Take one of: {known}")


def origin_of(obj: Object) -> tuple[str, str, str] | None:
    """Kind, namespace and name of where something of Flux comes from; None for a source."""
    spec, where = obj["spec"], obj["metadata"]["namespace"]
    if "chart" in spec and obj["kind"] == "HelmRelease":
        namespace, _, name = (obj.get("status") or {}).get("helmChart", "").partition("/")
        return ("HelmChart", namespace, name) if name else None
    reference = spec.get("sourceRef") or spec.get("chartRef")
    return (reference["kind"], reference.get("namespace") or where, reference["name"]) if reference else None
