"""The HTTP API over an API server in memory."""

from __future__ import annotations

import pytest
from builders import ADMIN
from exchange import TOKEN, Client, FakeLogs

from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery.clock import JumpableClock


@pytest.fixture
def verbs(clock: JumpableClock) -> Verbs:
    """An API server with the namespace and service account ``default``."""
    built = Verbs(Store(), clock)
    built.tokens.know(TOKEN, ADMIN)
    api = LocalApi(built, ADMIN)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}})
    return built


@pytest.fixture
def api(verbs: Verbs) -> LocalApi:
    """The same server without HTTP."""
    return LocalApi(verbs, ADMIN)


@pytest.fixture
def logs() -> FakeLogs:
    """What containers wrote."""
    return FakeLogs()


@pytest.fixture
def client(verbs: Verbs, logs: FakeLogs) -> Client:
    """The HTTP API."""
    return Client(build_app(verbs, logs=logs))
