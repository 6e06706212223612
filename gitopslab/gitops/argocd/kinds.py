"""The kinds of Argo CD, and the annotations and labels that its parts share. Source: ``common``, ``types.go``."""

from __future__ import annotations

GROUP = "argoproj.io"
NAMESPACE = "argocd"
"""Where Argo CD, its Applications and its projects live."""

APPLICATIONS = f"applications.{GROUP}"
APP_PROJECTS = f"appprojects.{GROUP}"
APPLICATION_SETS = f"applicationsets.{GROUP}"

CONTROLLER = "argocd-application-controller"
"""The component and service account that compares and syncs."""
FIELD_MANAGER = "argocd-controller"

IN_CLUSTER = "https://kubernetes.default.svc"
IN_CLUSTER_NAME = "in-cluster"

_PREFIX = "argocd.argoproj.io/"

TRACKING_ID = f"{_PREFIX}tracking-id"
INSTANCE_LABEL = "app.kubernetes.io/instance"
REFRESH = f"{_PREFIX}refresh"
SKIP_RECONCILE = f"{_PREFIX}skip-reconcile"
COMPARE_OPTIONS = f"{_PREFIX}compare-options"
SYNC_OPTIONS = f"{_PREFIX}sync-options"
SYNC_WAVE = f"{_PREFIX}sync-wave"
HOOK = f"{_PREFIX}hook"
HOOK_DELETE_POLICY = f"{_PREFIX}hook-delete-policy"
HOOK_FINALIZER = f"{_PREFIX}hook-finalizer"
IGNORE_HEALTHCHECK = f"{_PREFIX}ignore-healthcheck"
DELETION_APPROVED = f"{_PREFIX}deletion-approved"
SECRET_TYPE = f"{_PREFIX}secret-type"

RESOURCES_FINALIZER = "resources-finalizer.argocd.argoproj.io"
FOREGROUND_FINALIZER = f"{RESOURCES_FINALIZER}/foreground"
BACKGROUND_FINALIZER = f"{RESOURCES_FINALIZER}/background"
PRE_DELETE_FINALIZER = "pre-delete-finalizer.argocd.argoproj.io"
POST_DELETE_FINALIZER = "post-delete-finalizer.argocd.argoproj.io"

SYNCED, OUT_OF_SYNC, UNKNOWN = "Synced", "OutOfSync", "Unknown"
"""What ``status.sync.status`` can be."""

NO_SOURCE = {"repoURL": ""}
"""What stands for the one source where several are named: Go writes the field all the same."""
