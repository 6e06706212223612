"""``targetRevision`` as the first digits of a commit, and commits that are not there."""

from __future__ import annotations

import pytest
from argocd_cluster import Argo, config_map
from projects import Project


def test_an_abbreviated_commit_stays_abbreviated_and_is_found_far_from_a_branch(argo: Argo, project: Project) -> None:
    first = project.commit({"a.yaml": config_map("first")})
    for number in range(3):
        project.commit({"a.yaml": config_map(f"later-{number}")})
    argo.application(project.url, source={"targetRevision": first[:8]})
    assert argo.resources() == {"ConfigMap/first": "OutOfSync"}
    assert argo.status()["sync"]["revision"] == first[:8]


@pytest.mark.parametrize(
    ("revision", "fatal"),
    [
        ("0" * 40, f"remote error: upload-pack: not our ref {'0' * 40}"),
        ("0" * 9, f"couldn't find remote ref {'0' * 9}"),
    ],
)
def test_a_commit_that_is_not_there(argo: Argo, project: Project, revision: str, fatal: str) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, source={"targetRevision": revision})
    ((kind, message),) = argo.conditions()
    git = f"`git fetch origin {revision} --tags --force --prune` failed exit status 128: fatal: {fatal}"
    assert kind == "ComparisonError"
    assert message.endswith(f"Failed to checkout revision {revision}: {git}")
