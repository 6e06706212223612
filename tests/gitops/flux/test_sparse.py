"""``spec.sparseCheckout``: only the files whose paths begin like one of its folders go into the artifact."""

from __future__ import annotations

import pytest
from flux_cluster import GIT, Flux
from projects import Project

FILES = {"root.yaml": "a: 1\n", "keep/a.yaml": "a: 1\n", "keeper/b.yaml": "b: 1\n", "x/y/z.yaml": "z: 1\n"}


@pytest.mark.parametrize(
    ("folders", "kept"),
    [
        pytest.param(["x"], ["x/y/z.yaml"], id="without the files of the root"),
        pytest.param(["keep"], ["keep/a.yaml", "keeper/b.yaml"], id="whatever begins like it"),
        pytest.param(["./keep/"], ["keep/a.yaml"], id="with a slash at its end"),
        pytest.param(["x/y", "keep/"], ["keep/a.yaml", "x/y/z.yaml"], id="two of them"),
    ],
)
def test_a_folder_is_the_beginning_of_paths(flux: Flux, project: Project, folders: list[str], kept: list[str]) -> None:
    project.commit(FILES)
    flux.repository(project.url, sparseCheckout=folders)
    assert flux.files() == kept


def test_a_folder_that_is_not_there_is_told_with_where_it_was_looked_for(flux: Flux, project: Project) -> None:
    project.commit(FILES)
    flux.repository(project.url, sparseCheckout=["kee"])
    ready = flux.condition(GIT)
    assert ready is not None
    words = "failed to sparse checkout directories : sparse checkout dir 'kee' does not exist in repository: lstat "
    assert ready[2].startswith(words)
    assert "/gitrepository-flux-system-app-" in ready[2]
    assert ready[2].endswith("/kee: no such file or directory")
