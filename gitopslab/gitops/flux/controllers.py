"""The controllers of Flux, and which kinds each needs before it can start."""

from __future__ import annotations

from gitopslab.gitops.flux.gitrepository import GitRepositoryController
from gitopslab.gitops.flux.kinds import GIT_REPOSITORIES, KUSTOMIZATIONS, OCI_REPOSITORIES
from gitopslab.gitops.flux.kustomization import KustomizationController
from gitopslab.gitops.flux.starting import Row
from gitopslab.gitops.flux.surroundings import Surroundings


def controllers(given: Surroundings) -> list[Row]:
    """A row for each controller."""
    sources = (GIT_REPOSITORIES, OCI_REPOSITORIES)
    return [
        Row(GitRepositoryController.name, (GIT_REPOSITORIES,), lambda: GitRepositoryController(given)),
        Row(KustomizationController.name, (KUSTOMIZATIONS, *sources), lambda: KustomizationController(given)),
    ]
