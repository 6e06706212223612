"""``status.history[].digest`` is that of what kustomize prints, so it is the same on every cluster."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from flux_cluster import KS, Flux
from projects import Project

TEXTS = """apiVersion: v1
data:
  a: "1"
  lines: |
    one
    two
  name: NAME
kind: ConfigMap
metadata:
  name: NAME
  namespace: default
"""


def written(name: str) -> str:
    """A ConfigMap as somebody may write it: in another order, with a comment."""
    data = '{name: "NAME", lines: "one\\ntwo\\n", a: "1"}'
    head = '# mine\nkind: ConfigMap\napiVersion: v1\nmetadata: {namespace: default, name: "NAME"}\n'
    return f"{head}data: {data}\n".replace("NAME", name)


def digest(*names: str) -> str:
    """Of ConfigMaps, as kustomize prints them."""
    text = "---\n".join(TEXTS.replace("NAME", name) for name in names)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@pytest.mark.parametrize(
    ("files", "spec", "names"),
    [
        pytest.param({"z.yaml": written("a"), "a.yaml": written("b")}, {}, ("b", "a"), id="in the order of the files"),
        pytest.param(
            {"a.yaml": written("${x}")}, {"postBuild": {"substitute": {"x": "web"}}}, ("web",), id="filled in"
        ),
        pytest.param(
            {"a.yaml": written("a"), "b.yaml": written("${x}"), "c.yaml": written("c")},
            {"postBuild": {"substitute": {"x": "web"}}}, ("a", "web", "c"), id="one of them filled in",
        ),
    ],
)  # fmt: skip
def test_it_is_of_the_text(
    flux: Flux, project: Project, files: dict[str, str], spec: dict[str, Any], names: tuple[str, ...]
) -> None:
    project.commit(files)
    flux.repository(project.url)
    flux.kustomization(**spec)
    (entry,) = flux.status(KS)["history"]
    assert entry["digest"] == digest(*names)


def test_a_kustomization_may_ask_for_another_order(flux: Flux, project: Project) -> None:
    wanted = "resources: [z.yaml, a.yaml]\nsortOptions: {order: legacy}\n"
    project.commit({"z.yaml": written("z"), "a.yaml": written("a"), "kustomization.yaml": wanted})
    flux.repository(project.url)
    flux.kustomization()
    (entry,) = flux.status(KS)["history"]
    assert entry["digest"] == digest("a", "z")
