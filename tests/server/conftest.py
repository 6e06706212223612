"""An API server without controllers, with the namespaces every cluster has."""

from __future__ import annotations

import pytest
from builders import ADMIN

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery.clock import JumpableClock


@pytest.fixture
def verbs(clock: JumpableClock) -> Verbs:
    """The verbs over an empty store in memory, with namespace and service account ``default``."""
    built = Verbs(Store(), clock)
    api = LocalApi(built, ADMIN)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}})
    return built


@pytest.fixture
def api(verbs: Verbs) -> LocalApi:
    """The same server as the Api protocol, spoken by an administrator."""
    return LocalApi(verbs, ADMIN)
