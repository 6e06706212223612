"""One JupyterLab for all tests in a real browser, because starting it is the slowest part of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jupyterlab_in_browser import OpenLab, open_lab


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenLab]:
    """JupyterLab with the learner's folder and a cluster behind it."""
    with open_lab(tmp_path_factory.mktemp("lab")) as opened:
        yield opened
