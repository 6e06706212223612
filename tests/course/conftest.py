"""One cluster for all exercises, on a clock that is jumped, and one forge."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fast_cluster import FastCluster, fast_cluster
from serving_forge import ServedForge, served_forge

from gitopslab.clusters.base import Progress, silent
from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import Address, Forge
from gitopslab.clusters.images import Images
from gitopslab.gitops.flux import installation
from gitopslab.gitops.place import git_service


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
def install_flux(cluster: FastCluster, client: Client, images: Images) -> Callable[[], None]:
    """Installs Flux, and leads the cluster to the forge of the images."""

    def install() -> None:
        for obj in [*installation.components(extra=True), *git_service(images.address().port)]:
            client.apply(obj)
        cluster.advance(1)

    return install
