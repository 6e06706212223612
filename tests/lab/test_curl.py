"""``lab.curl`` on a real cluster, in front of a simulated server: the way in is the API server's on every cluster."""

from __future__ import annotations

import pytest

from gitopslab import errors
from gitopslab.lab import Lab

pytestmark = pytest.mark.process

WEB = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: "nginx:1.27"}]}
---
apiVersion: v1
kind: Service
metadata: {name: front}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: empty}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
"""


@pytest.fixture
def web(lab: Lab) -> Lab:
    """A server behind a Service, and a Service that nobody is behind."""
    lab.apply(WEB)
    lab.wait("pod/web", "ready")
    lab.wait("endpoints/front", lambda found: bool(found.get("subsets")))
    return lab


def test_a_page_is_fetched_by_every_name_and_address_it_has_inside(web: Lab) -> None:
    space = web.current_namespace
    service = web.client.get("services", "front", space)["spec"]["clusterIP"]
    pod = web.client.get("pods", "web", space)["status"]["podIP"]
    for host in ("front", f"front.{space}", f"front.{space}.svc.cluster.local", service, pod, "front:80/?a=b"):
        page = web.curl(f"http://{host}")
        assert page.ok, page
        assert "This is pod web" in page.text


def test_a_page_that_is_not_there_is_shown_as_the_server_says(web: Lab) -> None:
    page = web.curl("http://front/nothing/here")
    assert (page.status, page.ok) == (404, False)
    assert repr(page).startswith("HTTP 404 Not Found\n\n<html>")


def test_what_cannot_be_reached_is_named(web: Lab) -> None:
    with pytest.raises(errors.ApiError, match='no endpoints available for service "empty:80"'):
        web.curl("http://empty")
    with pytest.raises(errors.NotFoundError, match='services "nope" not found'):
        web.curl("nope")
    with pytest.raises(errors.LabError, match="no Service and no pod has the address"):
        web.curl("http://10.96.255.254")
    with pytest.raises(errors.LabError, match="is no name of the cluster"):
        web.curl("http://www.example.org")
