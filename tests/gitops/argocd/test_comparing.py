"""Git and the cluster are compared, resource by resource."""

from __future__ import annotations

from argocd_cluster import Argo, config_map
from projects import Project


def test_what_is_only_in_git_is_out_of_sync_and_missing(argo: Argo, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a", x="1"), "b/ignored.yaml": config_map("b")})
    argo.application(project.url)
    assert argo.sync_status() == "OutOfSync"
    assert argo.health() == "Missing"
    assert argo.resources() == {"ConfigMap/a": "OutOfSync"}
    status = argo.status()
    assert status["sync"]["revision"] == commit
    assert (status["sourceType"], status["controllerNamespace"], status["resourceHealthSource"]) == (
        "Directory", "argocd", "appTree",
    )  # fmt: skip
    assert argo.conditions() == []
