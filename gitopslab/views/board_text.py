"""The board as text: a tree of pods a node, for plain viewers, screen readers and tests.

Called by the board widget for its ``text/plain``; reads a ``Board`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitopslab.machinery.language import drawn
from gitopslab.views.board import Board, NodeCard, PodTile
from gitopslab.views.palette import STATES
from gitopslab.views.words import counted


def board_text(board: Board) -> str:
    """The whole board as lines of text."""
    return "\n".join(_lines(board))


def summary(board: Board) -> str:
    """One line: the cluster, how many nodes and pods, and how the pods are."""
    count = len(board.pods)
    states = ", ".join(
        drawn(f"{board.counts[key]} {look.word}") for key, look in STATES.items() if board.counts.get(key)
    )
    return (
        f"{board.cluster or 'cluster'}: {drawn(counted(len(board.nodes), 'node'))}, {drawn(counted(count, 'pod'))}"
        + (f" ({states})" if states else "")
        + (f", {drawn(counted(len(board.pending), 'pod'))} {drawn('without a node')}" if board.pending else "")
    )


def node_line(node: NodeCard) -> str:
    """One line about a node."""
    words = [node.status, *([drawn("cordoned")] if node.cordoned else []), *node.roles, node.zone]
    words += [
        f"cpu {drawn(node.cpu_text)}",
        f"{drawn('memory')} {drawn(node.memory_text)}",
        *(f"taint {full}" for _, full in node.taints),
    ]
    return f"{node.name}  " + " · ".join(filter(None, words))


def pod_line(pod: PodTile) -> str:
    """One line about a pod."""
    restarts = f", {drawn(counted(pod.restarts, 'restart'))}" if pod.restarts else ""
    line = f"{STATES[pod.state].mark} {pod.namespace}/{pod.name}  {pod.status} {pod.ready}/{pod.containers}{restarts}"
    return f"{line} · {drawn(pod.reason)}" if pod.reason else line


def _lines(board: Board) -> Iterator[str]:
    yield summary(board)
    if board.pending:
        yield drawn("waiting for a node")
        yield from _branches(board.pending)
    for node in board.nodes:
        yield node_line(node)
        yield from _branches(node.pods)


def _branches(pods: Sequence[PodTile]) -> Iterator[str]:
    for number, pod in enumerate(pods, 1):
        yield f" {'└' if number == len(pods) else '├'}─ {pod_line(pod)}"
