"""The kinds of Flux: groups, resources and the annotations and labels that its controllers share."""

from __future__ import annotations

from gitopslab.machinery.objects import Object, annotations_of, labels_of

SOURCE = "source.toolkit.fluxcd.io"
KUSTOMIZE = "kustomize.toolkit.fluxcd.io"
IMAGE = "image.toolkit.fluxcd.io"
HELM = "helm.toolkit.fluxcd.io"
NOTIFICATION = "notification.toolkit.fluxcd.io"

GIT_REPOSITORIES = f"gitrepositories.{SOURCE}"
OCI_REPOSITORIES = f"ocirepositories.{SOURCE}"
BUCKETS = f"buckets.{SOURCE}"
HELM_REPOSITORIES = f"helmrepositories.{SOURCE}"
HELM_CHARTS = f"helmcharts.{SOURCE}"
HELM_RELEASES = f"helmreleases.{HELM}"
KUSTOMIZATIONS = f"kustomizations.{KUSTOMIZE}"
IMAGE_REPOSITORIES = f"imagerepositories.{IMAGE}"
IMAGE_POLICIES = f"imagepolicies.{IMAGE}"
IMAGE_AUTOMATIONS = f"imageupdateautomations.{IMAGE}"
RECEIVERS = f"receivers.{NOTIFICATION}"
PROVIDERS = f"providers.{NOTIFICATION}"
ALERTS = f"alerts.{NOTIFICATION}"

SOURCES = {"GitRepository": GIT_REPOSITORIES, "OCIRepository": OCI_REPOSITORIES, "Bucket": BUCKETS}
"""The sources a Kustomization can have here, by kind."""

FINALIZER = "finalizers.fluxcd.io"
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
FORCED_AT, RESET_AT = "reconcile.fluxcd.io/forceAt", "reconcile.fluxcd.io/resetAt"
"""With the same token as ``REQUESTED_AT``: have helm upgrade whatever there is, have failures forgotten."""

WATCH = "reconcile.fluxcd.io/watch"
"""The label with which a ConfigMap or Secret says ``Enabled``: whoever is made of it follows its changes at once."""


def requested_at(obj: Object) -> str:
    """The token with which somebody asked for a reconcile now; empty when nobody did."""
    return annotations_of(obj).get(REQUESTED_AT, "")


def is_suspended(obj: Object) -> bool:
    """Whether ``spec.suspend`` is set."""
    return bool(obj.get("spec", {}).get("suspend"))


def is_watched(obj: Object) -> bool:
    """Whether a ConfigMap or Secret asks that its changes be followed at once; else they wait for the next turn."""
    return labels_of(obj).get(WATCH) == "Enabled"
