"""``spec.recurseSubmodules``: the files of other repositories, at the commits that this one names."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping

import pytest
from flux_cluster import GIT, Flux, config_map
from projects import Project
from serving_forge import ServedForge

from gitopslab.errors import GitError
from gitopslab.gitops.git.remote import checkout
from gitopslab.gitops.git.speaking import Address
from gitopslab.gitops.git.submodules import with_submodules

MODULES = '[submodule "{name}"]\n\tpath = {path}\n\turl = {url}\n'


def named(project: Project, path: str = "mods/sub", url: str = "") -> str:
    """The text of ``.gitmodules`` that names a project."""
    return MODULES.format(name=path, path=path, url=url or project.url)


@pytest.fixture
def sub(forge: ServedForge, project: Project) -> Project:
    """A project beside the other one, with a file in it."""
    found = Project(forge, f"{project.path}-sub")
    found.commit({"inner.yaml": config_map("inner")})
    return found


def combined(project: Project, module: Project, text: str, files: Mapping[str, str] = {}) -> str:
    """Commit a submodule at ``mods/sub``; the id of the commit."""
    project.submodules["mods/sub"] = module.head
    return project.commit({"a.yaml": config_map("a"), ".gitmodules": text, **files})


def test_they_are_left_out_unless_they_are_asked_for(flux: Flux, project: Project, sub: Project) -> None:
    combined(project, sub, named(sub))
    flux.repository(project.url)
    assert flux.files() == ["a.yaml"]
    assert "observedRecurseSubmodules" not in flux.status(GIT)


def test_their_files_are_at_the_commit_that_is_named(flux: Flux, project: Project, sub: Project) -> None:
    combined(project, sub, named(sub))
    sub.commit({"later.yaml": config_map("later")})
    flux.repository(project.url, recurseSubmodules=True)
    assert flux.files() == ["a.yaml", "mods/sub/.git", "mods/sub/inner.yaml"]
    assert flux.status(GIT)["observedRecurseSubmodules"] is True


def test_each_comes_with_the_file_that_leads_git_to_it(flux: Flux, project: Project, sub: Project) -> None:
    combined(project, sub, named(sub))
    flux.repository(project.url, recurseSubmodules=True)
    (archive,) = flux.artifacts()
    with tarfile.open(archive) as found:
        link = found.extractfile("mods/sub/.git")
        assert link is not None
        assert link.read() == b"gitdir: ../../.git/modules/mods/sub\n"


def test_asking_for_them_later_stores_the_same_commit_anew(flux: Flux, project: Project, sub: Project) -> None:
    commit = combined(project, sub, named(sub))
    flux.repository(project.url)
    flux.change(GIT, "app", {"recurseSubmodules": True})
    assert flux.files() == ["a.yaml", "mods/sub/.git", "mods/sub/inner.yaml"]
    assert flux.status(GIT)["artifact"]["revision"] == f"main@sha1:{commit}"
    flux.change(GIT, "app", {"recurseSubmodules": False})
    assert flux.files() == ["a.yaml"]


@pytest.mark.parametrize("url", ["../NAME.git", "./../NAME.git", "../../waal/NAME.git"])
def test_a_url_with_dots_is_beside_the_repository(flux: Flux, project: Project, sub: Project, url: str) -> None:
    combined(project, sub, named(sub, url=url.replace("NAME", sub.path.partition("/")[2])))
    flux.repository(project.url, recurseSubmodules=True)
    assert flux.files() == ["a.yaml", "mods/sub/.git", "mods/sub/inner.yaml"]


def test_those_of_submodules_are_followed(flux: Flux, project: Project, forge: ServedForge, sub: Project) -> None:
    innermost = Project(forge, f"{project.path}-innermost")
    innermost.commit({"deep.yaml": config_map("deep")})
    combined(sub, innermost, named(innermost))
    combined(project, sub, named(sub))
    flux.repository(project.url, recurseSubmodules=True)
    assert "mods/sub/mods/sub/deep.yaml" in flux.files()


def test_what_they_hold_is_applied(flux: Flux, project: Project, sub: Project) -> None:
    combined(project, sub, named(sub))
    flux.repository(project.url, recurseSubmodules=True)
    flux.kustomization(path="./mods")
    assert flux.find("configmaps", "inner") is not None


def test_one_that_is_not_there_fails_and_mends(flux: Flux, project: Project, sub: Project) -> None:
    combined(project, sub, named(sub, url="../no-such-project.git"))
    flux.repository(project.url, recurseSubmodules=True)
    ready = flux.condition(GIT)
    assert ready is not None
    assert ready[1] == "GitOperationFailed"
    doing = f"failed to checkout and determine revision: unable to clone '{project.url}'"
    assert ready[2].startswith(f"{doing}: repository not found")
    combined(project, sub, named(sub))
    flux.sync()
    assert flux.files() == ["a.yaml", "mods/sub/.git", "mods/sub/inner.yaml"]


def test_one_that_is_only_named_fails(flux: Flux, project: Project, sub: Project) -> None:
    project.commit({"a.yaml": config_map("a"), ".gitmodules": named(sub)})
    flux.repository(project.url, recurseSubmodules=True)
    ready = flux.condition(GIT)
    assert ready is not None
    assert ready[2].endswith(": entry not found")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("git@example.com:waal/sub.git", 'unsupported scheme "ssh"'),
        ("ssh://git@example.com/waal/sub.git", 'unsupported scheme "ssh"'),
        ("file:///etc", 'unsupported scheme "file"'),
        ("/etc", 'unsupported scheme "file"'),
        ("ext::sh -c id", 'unsupported scheme "ext"'),
        ("http://[::1", 'parse "http://[::1": Invalid IPv6 URL'),
    ],
)
def test_a_url_that_leads_elsewhere_is_told(flux: Flux, project: Project, sub: Project, url: str, why: str) -> None:
    combined(project, sub, named(sub, url=url))
    flux.repository(project.url, recurseSubmodules=True)
    ready = flux.condition(GIT)
    assert ready is not None
    assert (ready[1], ready[2].endswith(why)) == ("GitOperationFailed", True)


def test_more_than_can_be_fetched_in_time_is_left(forge: ServedForge, project: Project) -> None:
    inner = Project(forge, f"{project.path}-0")
    inner.commit({"a.yaml": config_map("a")})
    for level in range(1, 7):
        outer = Project(forge, f"{project.path}-{level}")
        paths = [f"m{number}" for number in range(9)]
        outer.submodules.update(dict.fromkeys(paths, inner.head))
        outer.commit({".gitmodules": "".join(named(inner, path) for path in paths)})
        inner = outer
    address = Address(inner.url, timeout=1)
    with pytest.raises(GitError, match="context deadline exceeded"):
        with_submodules(address, checkout(address, inner.head))
