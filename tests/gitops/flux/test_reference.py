"""Which commit a ref means: commit, name, semver, tag, branch, in that order."""

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
        pytest.param({"name": "refs/heads/main", "commit": "{first}"}, "sha1:{first}", id="a commit before a name"),
        pytest.param({"branch": "main", "tag": "v1.0.0"}, "v1.0.0@sha1:{first}", id="a tag before a branch"),
        pytest.param({"tag": "v1.0.0", "semver": "1.x"}, "v1.1.0@sha1:{second}", id="a range before a tag"),
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


def test_a_range_that_nothing_fits_says_so(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, ref={"semver": ">=9.0.0"})
    ready = flux.condition(GIT)
    assert ready is not None
    assert ready[2].endswith("no match found for semver: >=9.0.0")
