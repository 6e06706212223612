"""The controllers of Argo CD, and which kinds each needs before it can start."""

from __future__ import annotations

from gitopslab.gitops.argocd.application import ApplicationController
from gitopslab.gitops.argocd.applicationset.controller import ApplicationSetController
from gitopslab.gitops.argocd.appproject import AppProjectController
from gitopslab.gitops.argocd.kinds import APP_PROJECTS, APPLICATION_SETS, APPLICATIONS
from gitopslab.gitops.starting import Row
from gitopslab.gitops.surroundings import Surroundings


def controllers(given: Surroundings) -> list[Row]:
    """A row for each controller."""
    compared = (APPLICATIONS, APP_PROJECTS)
    return [
        Row(ApplicationController.name, compared, lambda: ApplicationController(given)),
        Row(AppProjectController.name, compared, lambda: AppProjectController(given)),
        Row(ApplicationSetController.name, (*compared, APPLICATION_SETS), lambda: ApplicationSetController(given)),
    ]
