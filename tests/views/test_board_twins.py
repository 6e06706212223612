"""The board in words and as a still picture says what the live one says."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from board_samples import believable, crowd, node, pod

from gitopslab.views.board import Board, board
from gitopslab.views.board_svg import board_svg
from gitopslab.views.board_text import board_text, summary

SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_the_text_is_a_tree_of_pods_a_node() -> None:
    lines = board_text(board([node("a")], [pod("web", "a"), pod("new")], cluster="lab (embedded)")).splitlines()
    assert lines == [
        "lab (embedded): 1 node, 2 pods (1 ready, 1 pending), 1 pod without a node",
        "waiting for a node",
        " └─ ⋯ demo/new  Pending 0/1 · Waiting for the scheduler.",
        "a  Ready · zone-a · cpu 0 of 4 · memory 0 of 8Gi",
        " └─ ✓ demo/web  Running 1/1",
    ]


def test_the_text_names_every_pod() -> None:
    whole = board(*believable())
    assert all(f"{found.namespace}/{found.name}" in board_text(whole) for found in whole.pods)


@pytest.mark.parametrize(
    "whole", [board([], []), board(*believable()), board(*crowd())], ids=["empty", "some", "500 pods"]
)
def test_the_picture_is_sound_and_loads_nothing(whole: Board) -> None:
    svg = board_svg(whole)
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert (root.get("aria-label") or "").endswith(summary(whole))
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert "href" not in svg
    assert "url(http" not in svg


def test_the_picture_shows_every_node_and_why_pods_wait() -> None:
    seen = words(board_svg(board(*believable())))
    assert {"lab-control-plane", "lab-worker", "lab-worker2", "lab-worker3", "0.65 of 4"} <= set(seen)
    assert "No node fits: 1 has a taint" in " ".join(seen)


def test_the_picture_follows_the_theme_of_the_reader() -> None:
    assert "@media(prefers-color-scheme:dark)" in board_svg(board([], []))


def test_names_cannot_break_out_of_the_picture() -> None:
    ElementTree.fromstring(board_svg(board([node("a")], [pod('<script>"&', "a")], cluster='"<&>')))


def test_more_pods_than_fit_as_tiles_are_counted_by_owner() -> None:
    pods = [pod(f"web-{number}", "a", owner="ReplicaSet/web") for number in range(61)]
    assert "61 of ReplicaSet/web" in words(board_svg(board([node("a")], pods)))
