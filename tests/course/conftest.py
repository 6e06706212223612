"""One cluster for all exercises, on a clock that is jumped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fast_cluster import FastCluster, fast_cluster

from gitopslab.clusters.client import Client


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
