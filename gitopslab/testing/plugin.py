"""Fixtures for pytest. In ``conftest.py``: ``pytest_plugins = ["gitopslab.testing.plugin"]``.

Run by several workers (pytest-xdist), each has a cluster of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gitopslab.clusters import Options
from gitopslab.testing import BARE, Kubernetes, kubernetes

_LONGEST = 50  # of the words of a test in a namespace's name, which has at most 63 characters


@pytest.fixture(scope="session")
def kubernetes_options() -> Options:
    """How the cluster is made; define a fixture of this name to have another, such as one with a seed."""
    return BARE


@pytest.fixture(scope="session")
def kubernetes_cluster(kubernetes_options: Options) -> Iterator[Kubernetes]:
    """The cluster of this test run; its ``kubeconfig`` leads any client to it."""
    with kubernetes(kubernetes_options) as cluster:
        yield cluster


@pytest.fixture
def kubernetes_namespace(kubernetes_cluster: Kubernetes, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a namespace of this test alone, deleted after it."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())
    name = kubernetes_cluster.namespace(words[:_LONGEST].strip("-"))
    yield name
    kubernetes_cluster.delete_namespace(name)
