"""Notebook 13 in one go: from a changed line to the page, with no Docker and no network; and back by ``git revert``.

Nobody but a controller writes into the cluster after the two tools of GitOps are there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitopslab.clusters import Options, ports
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.lab.facade import Lab
from gitopslab.lab.git import Repository
from gitopslab.machinery.objects import Object

pytestmark = pytest.mark.process

FILES = Path(__file__).parents[2] / "notebooks" / "loop"
BOT = "fluxcdbot"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A lab on an embedded cluster that only this test has."""
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    cluster = EmbeddedCluster("lab", {**os.environ, "GITOPSLAB_HOME": str(tmp_path / "home")})
    cluster.up(options=Options(bare=True, port=ports.free(())))
    made = Lab(cluster, still=True)
    yield made
    made.close()
    cluster.down(delete=True)


def built(lab: Lab, web: Repository) -> str:
    """Wait for the newest commit's pipeline; the tag of the image that it made."""
    pipeline = lab.pipelines("waal/waal-web").latest.wait()
    assert pipeline.status == "success"
    tag = f"dev-{len(lab.pipelines('waal/waal-web'))}-{web.head[:8]}"
    assert tag in lab.registry.tags("waal/waal-web/web")
    return tag


def serves(lab: Lab, tag: str, page: str) -> None:
    """Wait until both tools have rolled out an image, and ask for its page."""

    def has_it(deployment: Object) -> bool:
        return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"]).endswith(f":{tag}")

    for namespace in ("waal", "waal-argo"):
        lab.wait("deployment/waal-web", "create", namespace=namespace)
        lab.wait("deployment/waal-web", has_it, namespace=namespace)
        lab.wait("deployment/waal-web", namespace=namespace)
        assert lab.curl(f"http://waal-web.{namespace}").text == f"<h1>{page}</h1>\n"


def test_a_push_becomes_the_page_by_way_of_git_alone_and_a_revert_takes_it_back(lab: Lab) -> None:
    lab.flux.bootstrap("waal/cluster", "cluster/development", image_automation=True)
    lab.flux.receiver("waal/cluster")
    lab.argocd.install()
    lab.argocd.webhook("waal/cluster")
    wishes = {"automated": True, "prune": True, "self_heal": True, "sync_options": ["CreateNamespace=true"]}

    web = lab.git.clone("waal/waal-web", "web")
    app = (FILES / "app.py").read_text()
    sources = {name: (FILES / name).read_text() for name in ("app.py", "Dockerfile")}
    web.commit("The page", {**sources, ".gitlab-ci.yml": (FILES / "gitlab-ci.yml").read_text()}, push=True)
    first = built(lab, web)

    cluster = lab.git.clone("waal/cluster", "cluster")
    for path in (FILES / "cluster").rglob("*.yaml"):
        text = path.read_text().replace("REGISTRY", str(lab.registry)).replace("TAG", first)
        cluster.write(path.relative_to(FILES / "cluster").as_posix(), text)
    cluster.commit("Deploy waal-web, and follow its images", push=True)
    lab.argocd.create("waal-web", "waal/cluster", "apps/waal-web", namespace="waal-argo", **wishes)
    serves(lab, first, "Waal")

    web.commit("Another title", {"app.py": app.replace('"Waal"', '"Waal and Linge"')}, push=True)
    second = built(lab, web)
    serves(lab, second, "Waal and Linge")
    cluster.pull()
    newest = cluster.log(1)[0]
    assert newest.author == BOT
    assert f"-    newTag: {first}" in cluster.diff(newest.parents[0], newest.sha)
    assert f"+    newTag: {second}" in cluster.diff(newest.parents[0], newest.sha)

    web.revert()
    web.push()
    serves(lab, built(lab, web), "Waal")
    digests = {tag: tag.digest for tag in lab.registry.tags("waal/waal-web/web")}
    assert len(digests) == 3
    assert len(set(digests.values())) == 2, "what was reverted is built to the very image of before"
