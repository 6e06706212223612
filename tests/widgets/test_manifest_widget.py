"""The manifest as a widget: what is wrong as data, checking again, its twins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gitopslab import errors
from gitopslab.views.fields import Fields
from gitopslab.views.sheet import Sheet, sheet
from gitopslab.widgets.base import script
from gitopslab.widgets.manifest import SCRIPT, ManifestView

TEXT = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"


class Server:
    """An API server that refuses until it does not."""

    def __init__(self) -> None:
        self.refuses = True

    def read(self) -> Sheet:
        said = {0: errors.invalid("Pod", "", "web", [("spec", "FieldValueRequired", "Required value")])}
        return sheet(TEXT, lambda *_: Fields({}, "v1", "Pod"), said if self.refuses else {}, checked=True)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def view(server: Server) -> Iterator[ManifestView]:
    made = ManifestView(server.read, cluster=("lab", "embedded"), still=True)
    yield made
    made.close()


def test_its_problems_are_data(view: ManifestView) -> None:
    assert [(each.line, each.text) for each in view.problems] == [(1, "spec: Required value")]


def test_checking_again_looks_at_the_cluster_as_it_is_now(view: ManifestView, server: Server) -> None:
    server.refuses = False
    view._handle_custom_msg({"do": "check"}, [])
    assert view.problems == ()
    assert view._snapshot["sheet"]["is_sound"] is True


def test_a_still_manifest_is_a_picture_with_words(view: ManifestView) -> None:
    bundle = view._repr_mimebundle_()
    assert bundle["text/plain"].startswith("✕ One thing is wrong: line 1.")
    assert "<svg" in bundle["image/svg+xml"]


def test_the_script_imports_nothing_and_asks_nobody() -> None:
    text = script(*SCRIPT)
    assert not any(word in text for word in ("fetch(", "XMLHttpRequest", "http://localhost", "innerHTML"))
    assert text.count("export default") == 1
