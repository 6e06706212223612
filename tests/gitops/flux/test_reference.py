"""Which commit a ref means: commit, name, tag, semver, branch, in that order; and what is said where it means none."""

from __future__ import annotations

import pytest
from flux_cluster import GIT, Flux, config_map
from projects import Project

from gitopslab.machinery.objects import Object


@pytest.mark.parametrize(
    ("ref", "wanted"),
    [
        pytest.param({"branch": "main"}, "main@sha1:{second}", id="a branch"),
        pytest.param({"tag": "v1.0.0"}, "v1.0.0@sha1:{first}", id="a tag"),
        pytest.param({"semver": ">=1.0.0 <2.0.0"}, "v1.1.0@sha1:{second}", id="the newest of a range"),
        pytest.param({"name": "refs/heads/main"}, "refs/heads/main@sha1:{second}", id="a full name"),
        pytest.param({"commit": "{first}"}, "sha1:{first}", id="a commit"),
        pytest.param({"branch": "main", "commit": "{first}"}, "main@sha1:{first}", id="a commit of a branch"),
        pytest.param(
            {"name": "refs/heads/main", "commit": "{first}"},
            "refs/heads/main@sha1:{first}",
            id="a commit named",
        ),
        pytest.param({"branch": "main", "tag": "v1.0.0"}, "v1.0.0@sha1:{first}", id="a tag before a branch"),
        pytest.param({"tag": "v1.0.0", "semver": "1.x"}, "v1.0.0@sha1:{first}", id="a tag before a range"),
        pytest.param(
            {"semver": "1.x", "name": "refs/tags/v1.0.0"}, "refs/tags/v1.0.0@sha1:{first}", id="a name before a range"
        ),
    ],
)
def test_a_ref_means_a_commit(flux: Flux, project: Project, ref: Object, wanted: str) -> None:
    commits = {"first": project.commit({"a.yaml": config_map("a")})}
    project.tag("v1.0.0")
    commits["second"] = project.commit({"b.yaml": config_map("b")})
    project.tag("v1.1.0")
    flux.repository(project.url, ref={key: value.format(**commits) for key, value in ref.items()})
    assert flux.status(GIT)["artifact"]["revision"] == wanted.format(**commits)


NOWHERE = "0123456789012345678901234567890123456789"


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        pytest.param(
            {"branch": "no"}, "unable to clone '{url}': couldn't find remote ref \"refs/heads/no\"", id="branch"
        ),
        pytest.param({"tag": "no"}, "unable to clone '{url}': couldn't find remote ref \"refs/tags/no\"", id="tag"),
        pytest.param({"semver": ">=9.0.0"}, "no match found for semver: >=9.0.0", id="range"),
        pytest.param({"semver": "new"}, 'semver parse error: improper constraint: "new"', id="no range"),
        pytest.param(
            {"name": "HEAD"}, f"unable to resolve commit object for '{'0' * 40}': object not found", id="symbolic"
        ),
        pytest.param(
            {"name": "refs/heads/no"}, "unable to resolve ref 'refs/heads/no' to a specific commit", id="name"
        ),
        pytest.param(
            {"commit": NOWHERE}, f"unable to resolve commit object for '{NOWHERE}': object not found", id="commit"
        ),
        pytest.param(
            {"commit": "0123456"}, "unable to resolve commit object for '0123456': object not found", id="short commit"
        ),
        pytest.param(
            {"branch": "main", "commit": "{other}"},
            "unable to resolve commit object for '{other}': object not found",
            id="a commit of another branch",
        ),
        pytest.param(
            {"branch": "no", "commit": "{other}"},
            "unable to clone '{url}': couldn't find remote ref \"refs/heads/no\"",
            id="a commit of no branch",
        ),
    ],
)
@pytest.mark.parametrize("is_stored", [False, True])
def test_a_ref_that_means_nothing_says_so(
    flux: Flux, project: Project, ref: Object, message: str, is_stored: bool
) -> None:
    project.commit({"a.yaml": config_map("a")})
    first = project.head
    said = {"other": project.commit({"b.yaml": config_map("b")}, branch="other"), "url": project.url}
    project.force(first)
    if is_stored:
        flux.repository(project.url)
    wanted = {key: value.format(**said) for key, value in ref.items()}
    if is_stored:
        flux.change(GIT, "app", {"ref": {"branch": None, **wanted}})
    else:
        flux.repository(project.url, ref=wanted)
    words = f"failed to checkout and determine revision: {message.format(**said)}"
    assert flux.condition(GIT) == ("False", "GitOperationFailed", words)


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ({"tag": "v1"}, "unable to clone: remote repository is empty: git repository: '{url}'"),
        ({"semver": "1.x"}, "unable to clone: remote repository is empty: git repository: '{url}'"),
        ({"name": "refs/heads/main"}, "unable to list remote for '{url}': remote repository is empty"),
    ],
)
def test_an_empty_repository_has_no_tags(flux: Flux, project: Project, ref: Object, message: str) -> None:
    flux.repository(project.url, ref=ref)
    words = f"failed to checkout and determine revision: {message.format(url=project.url)}"
    assert flux.condition(GIT) == ("False", "GitOperationFailed", words)
