"""The board as a still picture, for exports, GitHub and printed pages.

Called by the board widget and by whoever wants a picture in a page; reads a ``Board`` and nothing else. It draws what
the widget draws, in the same places: the tray on the left, one card a node, tiles in the order of the board.
Shapes, fonts and colours are left to ``svg``, the words to ``board_text``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gitopslab.machinery.language import drawn
from gitopslab.views.board import Board, NodeCard, PodTile
from gitopslab.views.board_text import board_text, summary
from gitopslab.views.palette import STATES
from gitopslab.views.svg import Canvas, Drawing, cut, wrapped

_WIDTH = 940  # small enough that a slide shows it large
_EDGE, _GAP, _PAD = 12.0, 10.0, 9.0
_TRAY = 150.0
_CARD = 178.0
_TILE = 36.0
_HEAD = 118.0  # name, one row of chips, and bars of a card
_CHIP_ROW = 21.0
_ONE_COLUMN_TO = 12  # twice as many as in static/board_node.js, because these cards are narrower
_GLYPHS_FROM, _COUNTS_FROM = 24, 60  # as there


def board_svg(board: Board) -> str:
    """The whole board as one SVG."""
    canvas = Canvas(f"{drawn('Board of cluster')} {summary(board)}", board_text(board))
    return canvas.finish(*draw_board(canvas, board))


def draw_board(canvas: Drawing, board: Board) -> tuple[float, float]:
    """Draw the whole board; gives the width and height of the picture."""
    inner = _WIDTH - 2 * _EDGE - _TRAY - _GAP
    columns = max(1, min(len(board.nodes) or 1, int((inner + _GAP) // (_CARD + _GAP))))
    width = (inner - (columns - 1) * _GAP) / columns
    rows = [board.nodes[at : at + columns] for at in range(0, len(board.nodes), columns)]
    head = _HEAD + _CHIP_ROW * (max((_chip_rows(node, width - 2 * _PAD) for node in board.nodes), default=1) - 1)
    heights = [max(head + _pods_height(node, width) for node in row) for row in rows]
    top = _EDGE + 40
    body = max(sum(heights) + _GAP * max(len(heights) - 1, 0), _tray_height(board), 120)
    canvas.box(0.5, 0.5, _WIDTH - 1, top + body + _EDGE - 1, "back", radius=12)
    _draw_head(canvas, board)
    _draw_tray(canvas, board, top, body)
    y = top
    for row, height in zip(rows, heights, strict=True):
        for at, node in enumerate(row):
            _draw_node(canvas, node, (_EDGE + _TRAY + _GAP + at * (width + _GAP), y, width, height), head)
        y += height + _GAP
    return _WIDTH, top + body + _EDGE


def _draw_head(canvas: Drawing, board: Board) -> None:
    canvas.words(_EDGE, 36, board.cluster or "cluster", size=17, look="bold")
    x = _EDGE + 22 + 10 * len(board.cluster or "cluster")
    size = f"{len(board.nodes)} nodes · {len(board.pods)} pods"
    canvas.words(x, 36, size, look="soft")
    x += 30 + 6.6 * len(size)
    for state, look in STATES.items():
        count = board.counts.get(state)
        if count:
            canvas.glyph(x, 21, state, 19)
            text = f"{count} {look.word}"
            canvas.words(x + 25, 35.5, text, size=13)
            x += 47 + 7.4 * len(text)


def _draw_tray(canvas: Drawing, board: Board, top: float, height: float) -> None:
    canvas.box(_EDGE, top, _TRAY, height, "tray", radius=10)
    x, y, room = _EDGE + 10, top + 22, _TRAY - 20
    count = f" ({len(board.pending)})" if board.pending else ""
    canvas.words(x, y, f"Waiting for a node{count}", look="soft")
    y += 12
    for at, line in enumerate([] if board.pending else wrapped(drawn("Every pod has a node."), room, 12)):
        canvas.words(x, y + 10 + at * 15, line, size=12, look="soft")
    for pod, last in _shared(board.pending):
        _draw_tile(canvas, pod, x, y, room)
        y += _TILE + 5
        for line in wrapped(pod.reason, room, 12) if last else []:
            canvas.words(x + 2, y + 9, line, size=12, look="soft")
            y += 15
        y += 6 if last else 0


def _tray_height(board: Board) -> float:
    lines = sum(len(wrapped(pod.reason, _TRAY - 20, 12)) for pod, last in _shared(board.pending) if last)
    return 44 + len(board.pending) * (_TILE + 11) + lines * 15


def _shared(pods: Sequence[PodTile]) -> list[tuple[PodTile, bool]]:
    """Each pod, and whether it is the last of those that wait for the same reason."""
    follows = [*pods[1:], None][: len(pods)]
    return [
        (pod, after is None or (after.owner, after.reason) != (pod.owner, pod.reason))
        for pod, after in zip(pods, follows, strict=True)
    ]


def _draw_node(canvas: Drawing, node: NodeCard, place: tuple[float, float, float, float], head: float) -> None:
    x, y, width, height = place
    canvas.box(x, y, width, height, "card", radius=10)
    if node.control_plane:
        canvas.box(x, y, width, 3, "band", radius=1.5)
    if node.cordoned:
        canvas.box(x + 2, y + 2, width - 4, height - 4, "cordoned", radius=9)
    left, room = x + _PAD, width - 2 * _PAD
    canvas.glyph(left, y + 12, "ready" if node.ready else "failed", 17, round=True)
    canvas.words(left + 24, y + 25.5, node.name, size=14, look="bold", room=room - 24)
    _draw_chips(canvas, node, left, y + 38, room)
    _draw_bar(canvas, node, "CPU", left, y + head - 52, room)
    _draw_bar(canvas, node, "memory", left, y + head - 26, room)
    _draw_pods(canvas, [pod for pod in node.pods if not pod.system], left, y + head, room)
    system = [pod for pod in node.pods if pod.system]
    if system:
        canvas.words(left, y + height - 16, "system", size=12, look="soft")
        step = min(24.0, (room - 50) / len(system))
        for at, pod in enumerate(system):
            canvas.glyph(left + 50 + at * step, y + height - 30, pod.state, min(20.0, step - 1))


def _draw_chips(canvas: Drawing, node: NodeCard, x: float, y: float, room: float) -> None:
    for word, along, row, width in _chips(node, room):
        canvas.box(x + along, y + row * _CHIP_ROW, width, 17, "tag", radius=5)
        canvas.words(x + along + 6, y + row * _CHIP_ROW + 12.5, cut(word, width - 8, 12), size=12)


def _chips(node: NodeCard, room: float) -> Iterator[tuple[str, float, int, float]]:
    """The chips of a node with their place: how far along, in which row, how wide."""
    words = [node.zone, "control plane" if node.control_plane else "", "" if node.ready else node.status]
    words += ["cordoned" if node.cordoned else "", *(f"⊘ {short}" for short, _ in node.taints)]
    along, row = 0.0, 0
    for word in filter(None, words):
        width = min(len(word) * 7.0 + 12, room)
        if along and along + width > room:
            along, row = 0.0, row + 1
        yield word, along, row, width
        along += width + 5


def _chip_rows(node: NodeCard, room: float) -> int:
    return max((row + 1 for _, _, row, _ in _chips(node, room)), default=1)


def _draw_bar(canvas: Drawing, node: NodeCard, name: str, x: float, y: float, room: float) -> None:
    text, limit = (node.cpu_text, node.cpu) if name == "CPU" else (node.memory_text, node.memory)
    canvas.words(x, y + 8, name, size=12, look="soft")
    canvas.words(x + room, y + 8, text, size=12, anchor="end")
    canvas.box(x, y + 12, room, 9, "card", radius=3)
    at = x + 1
    for pod in node.pods:
        share = (pod.cpu if name == "CPU" else pod.memory) / limit if limit else 0
        if share:
            canvas.box(at, y + 13, max(share * (room - 2) - 1, 1), 7, "hatched" if pod.system else "load", radius=1.5)
            at += share * (room - 2)


def _draw_pods(canvas: Drawing, pods: Sequence[PodTile], x: float, y: float, room: float) -> None:
    if len(pods) > _COUNTS_FROM:
        for at, (owner, count) in enumerate(Counter(pod.owner or pod.name for pod in pods).items()):
            canvas.words(x, y + 14 + 18 * at, f"{count} of {owner}", room=room)
    elif len(pods) > _GLYPHS_FROM:
        across = int(room // 25)
        for at, pod in enumerate(pods):
            canvas.glyph(x + at % across * 25, y + at // across * 25, pod.state, 22)
    else:
        columns = 1 if len(pods) <= _ONE_COLUMN_TO else 2
        width = (room - (columns - 1) * 5) / columns
        for at, pod in enumerate(pods):
            _draw_tile(canvas, pod, x + at % columns * (width + 5), y + at // columns * (_TILE + 5), width)
        if not pods:
            canvas.words(x, y + 14, "no pods of yours", size=12, look="soft")


def _draw_tile(canvas: Drawing, pod: PodTile, x: float, y: float, width: float) -> None:
    canvas.box(x, y, width, _TILE, "card", radius=7)
    canvas.glyph(x + 7, y + 8, pod.state)
    canvas.words(x + 34, y + 15.5, pod.short, size=12.5, look="bold", room=width - 70)
    well = pod.state in ("ready", "running")
    second = (pod.rest or pod.namespace) if well else ("not ready" if pod.state == "notready" else pod.status)
    canvas.words(x + 34, y + 29, second, size=12, look="soft", room=width - (64 if pod.restarts else 42))
    canvas.words(x + width - 8, y + 15.5, f"{pod.ready}/{pod.containers}", size=12, look="soft", anchor="end")
    if pod.restarts:
        canvas.words(x + width - 8, y + 29, f"↻{pod.restarts}", size=12, look="soft", anchor="end")


def _pods_height(node: NodeCard, width: float) -> float:
    pods = [pod for pod in node.pods if not pod.system]
    if len(pods) > _COUNTS_FROM:
        body = 18.0 * len({pod.owner or pod.name for pod in pods}) + 6
    elif len(pods) > _GLYPHS_FROM:
        body = 25.0 * -(-len(pods) // int((width - 2 * _PAD) // 25))
    else:
        rows = len(pods) if len(pods) <= _ONE_COLUMN_TO else -(-len(pods) // 2)
        body = (_TILE + 5) * rows if rows else 22
    return body + (40 if len(pods) < len(node.pods) else 8)
