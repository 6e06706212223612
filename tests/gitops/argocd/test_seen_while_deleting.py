"""An Application that is being deleted still tells how its resources are."""

from __future__ import annotations

from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.kinds import APPLICATIONS, NAMESPACE


def test_what_is_gone_already_is_told(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "b.yaml": config_map("b")})
    argo.application(project.url, metadata={"finalizers": ["resources-finalizer.argocd.argoproj.io"]})
    argo.sync()
    argo.api.patch("configmaps", "a", {"metadata": {"finalizers": ["example.com/wait"]}}, "default")
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    argo.advance(10)
    assert argo.resources() == {"ConfigMap/a": "Synced", "ConfigMap/b": "OutOfSync"}
    assert (argo.sync_status(), argo.health()) == ("OutOfSync", "Progressing")
    argo.api.patch("configmaps", "a", {"metadata": {"finalizers": None}}, "default")
    argo.advance(10)
    assert argo.find(APPLICATIONS, "app", NAMESPACE) is None


def test_what_comes_from_git_meanwhile_is_not_synced(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    automated = {"automated": {"selfHeal": True}}
    argo.application(
        project.url, metadata={"finalizers": ["resources-finalizer.argocd.argoproj.io"]}, syncPolicy=automated
    )
    argo.api.patch("configmaps", "a", {"metadata": {"finalizers": ["example.com/wait"]}}, "default")
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    project.commit({"b.yaml": config_map("b")})
    argo.refresh()
    argo.advance(300)
    assert argo.find("configmaps", "b") is None
