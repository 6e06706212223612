"""An exercise that needs a tool of GitOps finds it, whether the cluster had it before or not."""

from __future__ import annotations

import pytest

from gitopslab.clusters.client import Client
from gitopslab.clusters.images import Images
from gitopslab.course.tools import KINDS, Install, Tool, prepare


@pytest.mark.parametrize("tool", ["flux", "argocd"])
def test_a_tool_is_installed_once_and_a_login_is_there(
    client: Client, images: Images, install: Install, tool: Tool
) -> None:
    prepare(tool, client, install, images.address(), "default")
    for kind in KINDS[tool]:
        client.list(kind, "default")
    assert set(client.get("secret", "git")["data"]) == {"username", "password"}
    prepare(tool, client, {}, images.address(), "default")
