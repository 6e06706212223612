"""One bare embedded cluster for the whole folder, and a lab on it with a namespace a test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from gitopslab.clusters import Options
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.lab import Lab

_NUMBERS = count(1)


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    """The cluster, with a data folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITOPSLAB_HOME", str(tmp_path_factory.mktemp("lab")))
        made = EmbeddedCluster("facade")
        made.up(options=Options(bare=True))
        yield made
        made.down(delete=True)


@pytest.fixture(scope="package")
def opened(cluster: EmbeddedCluster) -> Iterator[Lab]:
    """The lab on it, connected once."""
    made = Lab(cluster)
    yield made
    made.close()


@pytest.fixture
def lab(opened: Lab, capsys: pytest.CaptureFixture[str]) -> Iterator[Lab]:
    """The lab in a namespace that nobody else uses."""
    with opened.namespace(f"lab-{next(_NUMBERS)}"):
        opened.wait("serviceaccount/default", "create")
        capsys.readouterr()
        yield opened
