"""The decision as a widget: its snapshot, its twins, and what it asks Python for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decision_samples import a_choice, nowhere, one_left

from gitopslab.errors import LabError
from gitopslab.views.decision import Explained
from gitopslab.views.decision_svg import decision_svg
from gitopslab.views.decision_text import decision_text
from gitopslab.widgets.decision import DecisionView


def view(answer: Explained | LabError | None = None) -> tuple[DecisionView, list[Mapping[str, Any]]]:
    asked: list[Mapping[str, Any]] = []

    def rethink(wish: Mapping[str, Any]) -> Explained:
        asked.append(wish)
        if isinstance(answer, LabError):
            raise answer
        return answer or one_left()

    return DecisionView(nowhere(), rethink=rethink, cluster=("lab", "embedded")), asked


def test_the_snapshot_is_the_decision_as_it_was() -> None:
    made, _ = view()
    assert made._snapshot["decision"] == nowhere().as_dict()
    assert (made._snapshot["live"], made._snapshot["cluster"]) == ("static", "lab")


def test_it_has_a_text_and_a_picture_for_those_who_see_no_widget() -> None:
    made, _ = view()
    data, _ = made._repr_mimebundle_()
    assert data["text/plain"] == decision_text(nowhere())
    assert data["image/svg+xml"] == decision_svg(nowhere())


def test_a_what_if_is_decided_again_and_taken_back() -> None:
    made, asked = view(a_choice())
    wish = {"do": "what-if", "cpu": "500m", "memory": "", "tolerates": []}
    made._received(made, wish, [])
    assert asked == [wish]
    assert made._snapshot["decision"]["node"] == "lab-worker3"
    assert made.text() == decision_text(a_choice())
    made._received(made, {"do": "what-is"}, [])
    assert made._snapshot["decision"] == nowhere().as_dict()


def test_a_wrong_what_if_is_told_in_the_widget() -> None:
    made, _ = view(LabError("'x' is no amount of cpu", 'write it as "500m"'))
    made._received(made, {"do": "what-if", "cpu": "x"}, [])
    assert "'x' is no amount of cpu" in made._snapshot["error"]
    assert made._snapshot["decision"] == nowhere().as_dict()
    made._received(made, {"do": "what-is"}, [])
    assert made._snapshot["error"] == ""
