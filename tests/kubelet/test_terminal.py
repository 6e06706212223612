"""The line discipline: what keys come to."""

from __future__ import annotations

import pytest

from gitopslab.controlplane.kubelet.inside.terminal import LineDiscipline


@pytest.mark.parametrize(
    ("keys", "echo", "lines"),
    [
        pytest.param(b"ls\r", "ls\r\n", ["ls\n"], id="a line"),
        pytest.param(b"a\nb\n", "a\r\nb\r\n", ["a\n", "b\n"], id="two lines"),
        pytest.param(b"lx\x7fs\r", "lx\b \bs\r\n", ["ls\n"], id="backspace"),
        pytest.param(b"\x7f\r", "\r\n", ["\n"], id="backspace on nothing"),
        pytest.param(b"abc\x15ls\r", "abc" + "\b \b" * 3 + "ls\r\n", ["ls\n"], id="kill the line"),
        pytest.param(b"\x04", "", [None], id="end of input"),
        pytest.param(b"ab\x04", "ab", ["ab"], id="end of an unfinished line"),
        pytest.param(b"l\x1b[As\x1b[1;5C\r", "ls\r\n", ["ls\n"], id="cursor keys"),
        pytest.param(b"\t\x07ls\r", "ls\r\n", ["ls\n"], id="other control keys"),
        pytest.param("é\r".encode(), "é\r\n", ["é\n"], id="a letter of two bytes"),
    ],
)
def test_keys(keys: bytes, echo: str, lines: list[str | None]) -> None:
    typed = LineDiscipline().type(keys)
    assert (typed.echo, typed.lines, typed.interrupts) == (echo, lines, False)


def test_interrupt_voids_what_was_typed() -> None:
    terminal = LineDiscipline()
    typed = terminal.type(b"one\rtwo\x03")
    assert (typed.lines, typed.interrupts) == ([], True)
    assert terminal.type(b"ls\r").lines == ["ls\n"]


def test_letter_may_come_in_two_pieces() -> None:
    terminal = LineDiscipline()
    first, second = "é".encode()[:1], "é".encode()[1:]
    assert terminal.type(first).echo == ""
    assert terminal.type(second).echo == "é"


def test_line_does_not_grow_without_end() -> None:
    terminal = LineDiscipline()
    terminal.type(b"x" * 10_000)
    assert len(terminal.type(b"\r").lines[0] or "") == 4_096
