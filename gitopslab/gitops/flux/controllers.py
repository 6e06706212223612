"""The controllers of Flux, and which kinds each needs before it can start."""

from __future__ import annotations

from gitopslab.gitops.flux.alert import AlertController
from gitopslab.gitops.flux.bucket import BucketController
from gitopslab.gitops.flux.gitrepository import GitRepositoryController
from gitopslab.gitops.flux.helmchart import HelmChartController
from gitopslab.gitops.flux.helmrelease import HelmReleaseController
from gitopslab.gitops.flux.helmrepository import HelmRepositoryController
from gitopslab.gitops.flux.imagepolicy import ImagePolicyController
from gitopslab.gitops.flux.imagerepository import ImageRepositoryController, Tags
from gitopslab.gitops.flux.imageupdateautomation import ImageUpdateAutomationController
from gitopslab.gitops.flux.kinds import (
    ALERTS,
    BUCKETS,
    GIT_REPOSITORIES,
    HELM_CHARTS,
    HELM_RELEASES,
    HELM_REPOSITORIES,
    IMAGE_AUTOMATIONS,
    IMAGE_POLICIES,
    IMAGE_REPOSITORIES,
    KUSTOMIZATIONS,
    OCI_REPOSITORIES,
    PROVIDERS,
    RECEIVERS,
)
from gitopslab.gitops.flux.kustomization import KustomizationController
from gitopslab.gitops.flux.ocirepository import OCIRepositoryController
from gitopslab.gitops.flux.provider import ProviderController
from gitopslab.gitops.flux.receiver import ReceiverController
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.starting import Row


def controllers(given: Surroundings) -> list[Row]:
    """A row for each controller."""
    tags: Tags = {}
    sources = (GIT_REPOSITORIES, OCI_REPOSITORIES, BUCKETS)
    reflected = (IMAGE_REPOSITORIES, IMAGE_POLICIES)
    charted = (HELM_CHARTS, HELM_REPOSITORIES, GIT_REPOSITORIES)
    released = (HELM_RELEASES, HELM_CHARTS, OCI_REPOSITORIES)
    automated = (IMAGE_AUTOMATIONS, IMAGE_POLICIES, GIT_REPOSITORIES)
    return [
        Row(GitRepositoryController.name, (GIT_REPOSITORIES,), lambda: GitRepositoryController(given)),
        Row(OCIRepositoryController.name, (OCI_REPOSITORIES,), lambda: OCIRepositoryController(given)),
        Row(BucketController.name, (BUCKETS,), lambda: BucketController(given)),
        Row(KustomizationController.name, (KUSTOMIZATIONS, *sources), lambda: KustomizationController(given)),
        Row(HelmRepositoryController.name, (HELM_REPOSITORIES,), lambda: HelmRepositoryController(given)),
        Row(HelmChartController.name, charted, lambda: HelmChartController(given)),
        Row(HelmReleaseController.name, released, lambda: HelmReleaseController(given)),
        Row(ImageRepositoryController.name, (IMAGE_REPOSITORIES,), lambda: ImageRepositoryController(given, tags)),
        Row(ImagePolicyController.name, reflected, lambda: ImagePolicyController(given, tags)),
        Row(AlertController.name, (ALERTS, PROVIDERS), lambda: AlertController(given)),
        Row(ProviderController.name, (PROVIDERS,), lambda: ProviderController(given)),
        Row(ReceiverController.name, (RECEIVERS,), lambda: ReceiverController(given)),
        Row(ImageUpdateAutomationController.name, automated, lambda: ImageUpdateAutomationController(given)),
    ]
