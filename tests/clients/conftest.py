"""One bare embedded cluster for the whole folder, and a namespace a test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from kubernetes import client, config
from watching import first

from gitopslab.clusters import Options
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.controlplane.server.store import Store

_NUMBERS = count(1)


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    """The cluster, with a data folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITOPSLAB_HOME", str(tmp_path_factory.mktemp("clients")))
        made = EmbeddedCluster("clients")
        made.up(options=Options(bare=True))
    yield made
    made.down(delete=True)


@pytest.fixture(scope="package")
def kubeconfig(cluster: EmbeddedCluster) -> Path:
    """Its kubeconfig."""
    return cluster.kubeconfig


@pytest.fixture
def official(kubeconfig: Path) -> Iterator[client.ApiClient]:
    """The official client's connection."""
    with config.new_client_from_config(config_file=str(kubeconfig)) as made:
        yield made


@pytest.fixture
def core(official: client.ApiClient) -> client.CoreV1Api:
    """Its typed calls of the core group."""
    return client.CoreV1Api(official)


@pytest.fixture
def namespace(core: client.CoreV1Api, request: pytest.FixtureRequest) -> str:
    """A namespace that nobody else uses, in which pods can be made."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())
    name = f"{words[:50].strip('-')}-{next(_NUMBERS)}"
    core.create_namespace({"metadata": {"name": name}})
    first(bool, core.list_namespaced_service_account, name, field_selector="metadata.name=default")
    return name


@pytest.fixture
def forget_history(cluster: EmbeddedCluster) -> Callable[[], None]:
    """Restarts the cluster with all history compacted, as a real one compacts every five minutes."""

    def forget() -> None:
        cluster.down()
        store = Store(cluster.kubeconfig.parent / "store.db")
        store.compact(store.revision)
        store.close()
        cluster.up()

    return forget
