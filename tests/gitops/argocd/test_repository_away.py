"""What goes on while a repository cannot be read: the last look at it counts for three minutes."""

from __future__ import annotations

from argocd_cluster import Argo, config_map
from projects import Project
from serving_forge import ServedForge


def _away(forge: ServedForge, project: Project) -> None:
    forge.forge.repositories.delete(project.path)


def test_drift_is_put_right_while_the_repository_is_away(argo: Argo, project: Project, forge: ServedForge) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.application(project.url, syncPolicy={"automated": {"selfHeal": True}})
    _away(forge, project)
    argo.refresh()
    assert argo.sync_status() == "Unknown"
    argo.api.patch("configmaps", "a", {"data": {"x": "9"}}, "default")
    argo.advance(10)
    assert (argo.find("configmaps", "a") or {})["data"] == {"x": "1"}
    assert argo.sync_status() == "Synced"
    argo.refresh()
    assert argo.sync_status() == "Unknown"
