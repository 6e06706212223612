"""What an installation of Argo CD brings, and what only its server makes."""

from __future__ import annotations

from collections import Counter

from gitopslab.gitops.argocd.exclusions import is_excluded
from gitopslab.gitops.argocd.installation import at_start, manifest
from gitopslab.machinery.manifests import load


def test_the_manifest_holds_no_project_and_the_server_makes_the_default_one() -> None:
    kinds = Counter(obj["kind"] for obj in manifest())
    assert (kinds.total(), kinds["CustomResourceDefinition"], kinds["AppProject"]) == (59, 3, 0)
    (project,) = [obj for obj in at_start("secret", "secret") if obj["kind"] == "AppProject"]
    assert project["metadata"]["name"] == "default"
    assert project["spec"] == {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }


def test_the_settings_tell_which_kinds_are_left_alone() -> None:
    (settings,) = [obj for obj in manifest() if obj["metadata"]["name"] == "argocd-cm"]
    rows, _ = load(settings["data"]["resource.exclusions"])
    told = [(group, kind) for row in rows for group in row["apiGroups"] for kind in row["kinds"]]
    assert ("", "Endpoints") in told
    assert all(is_excluded(group, kind) for group, kind in told)
