"""One cluster for all exercises, on a clock that is jumped, and one forge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from fast_cluster import FastCluster, fast_cluster
from serving_forge import ServedForge, served_forge

from gitopslab.clusters.base import Progress, silent
from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import Address, Forge
from gitopslab.clusters.images import Images
from gitopslab.course.tools import Install
from gitopslab.gitops.argocd import installation as argocd
from gitopslab.gitops.flux import installation as flux
from gitopslab.gitops.place import git_service
from gitopslab.machinery.objects import Object


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastCluster]:
    """A whole cluster, as a learner has it."""
    with fast_cluster(tmp_path_factory.mktemp("cluster")) as served:
        yield served


@pytest.fixture(scope="session")
def client(cluster: FastCluster) -> Iterator[Client]:
    """Its API."""
    made = Client(cluster.kubeconfig)
    yield made
    made.close()


class ForgeHere(Forge):
    """A forge that this process serves."""

    def __init__(self, served: ServedForge) -> None:
        self._served = served

    def up(self, progress: Progress = silent) -> Address:
        """Where it is."""
        return Address(int(self._served.host.rpartition(":")[2]), self._served.folder.token_file)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    """Images, and a registry for them."""
    home = tmp_path_factory.mktemp("images")
    with served_forge(home / "forge") as served:
        yield Images(ForgeHere(served), environment={"GITOPSLAB_HOME": str(home), "DOCKER_CONFIG": str(home)})


@pytest.fixture(scope="session")
def install(cluster: FastCluster, client: Client, images: Images) -> Install:
    """Installs tools of GitOps, and leads the cluster to the forge of the images."""

    def apply(objects: Iterable[Object]) -> None:
        for obj in objects:
            client.apply(obj)
        cluster.advance(1)
        client.discovery(fresh=True)

    def install_flux() -> None:
        apply([*flux.components(extra=True), *git_service(images.address().port)])

    def install_argocd() -> None:
        apply([argocd.namespace(), *argocd.manifest(), *git_service(images.address().port)])
        apply(argocd.at_start("lab", "lab"))

    return {"flux": install_flux, "argocd": install_argocd}
