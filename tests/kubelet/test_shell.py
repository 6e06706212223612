"""The tiny shell: what it prints, when, and how it ends."""

from __future__ import annotations

import itertools

import pytest

from gitopslab.controlplane.kubelet.session import Printed
from gitopslab.controlplane.kubelet.shell import Shell
from gitopslab.controlplane.kubelet.words import NotUnderstoodError


def played(*words: str, rounds: int = 20, **variables: str) -> tuple[list[tuple[float, str]], Shell]:
    session = Shell(variables, "web-0")
    pieces = itertools.islice(session.play(list(words)), rounds)
    lines = [(piece.at, piece.text) for piece in pieces if isinstance(piece, Printed) and piece.text is not None]
    return lines, session


def script(text: str, **variables: str) -> tuple[list[tuple[float, str]], float, int]:
    lines, session = played("sh", "-c", text, **variables)
    return lines, session.at, session.code


@pytest.mark.parametrize(
    ("text", "lines", "seconds", "code"),
    [
        pytest.param("echo hello", [(0.0, "hello")], 0.0, 0, id="echo"),
        pytest.param("sleep 2; echo late", [(2.0, "late")], 2.0, 0, id="sleep"),
        pytest.param("echo a && false || echo b", [(0.0, "a"), (0.0, "b")], 0.0, 0, id="and, or"),
        pytest.param("false && echo no", [], 0.0, 1, id="and stops"),
        pytest.param("exit 3; echo never", [], 0.0, 3, id="exit"),
        pytest.param("echo $NAME '$NAME' \"${NAME}!\"", [(0.0, "lab $NAME lab!")], 0.0, 0, id="variables and quotes"),
        pytest.param("echo ${GONE:-default}", [(0.0, "default")], 0.0, 0, id="default value"),
        pytest.param("X=1; echo $X", [(0.0, "1")], 0.0, 0, id="assignment"),
        pytest.param("i=4; i=$((i+1)); echo $i", [(0.0, "5")], 0.0, 0, id="sum"),
        pytest.param(
            "i=9; for n in 1 2 3 4 5 6 7; do i=$((i*i)); done; echo $i",
            [(0.0, "-3310041070528564223")],
            0.0,
            0,
            id="huge sum",
        ),
        pytest.param(
            "sleep 99999999999d; date +%Y", [(8639999999913600.0, "9999")], 8639999999913600.0, 0, id="date far away"
        ),
        pytest.param("cd", [(0.0, "sh: cd: can't cd to /gone: No such file or directory")], 0.0, 2, id="no home"),
        pytest.param("test -f /nope || exit", [], 0.0, 1, id="exit as what came before"),
        pytest.param("false; exit", [], 0.0, 1, id="exit after a failure"),
        pytest.param("false; true; exit", [], 0.0, 0, id="exit after a success"),
        pytest.param("if false; then :; else exit; fi", [], 0.0, 1, id="exit after a condition"),
        pytest.param("exit ²", [], 0.0, 0, id="exit with a digit that is none"),
        pytest.param("for n in 1 2; do echo n$n; sleep 1; done", [(0.0, "n1"), (1.0, "n2")], 2.0, 0, id="for"),
        pytest.param("echo hi > /tmp/f; cat /tmp/f", [(0.0, "hi")], 0.0, 0, id="redirection"),
        pytest.param(
            "cat /nowhere", [(0.0, "cat: can't open '/nowhere': No such file or directory")], 0.0, 1, id="cat"
        ),
        pytest.param("hostname", [(0.0, "web-0")], 0.0, 0, id="hostname"),
        pytest.param("printenv NAME", [(0.0, "lab")], 0.0, 0, id="printenv"),
        pytest.param("[ -f /tmp/f ] || exit 9", [], 0.0, 9, id="test"),
        pytest.param("echo one\necho two # not this", [(0.0, "one"), (0.0, "two")], 0.0, 0, id="lines and comments"),
        pytest.param("exec sleep 5", [], 5.0, 0, id="exec"),
        pytest.param("seq 12 > f; tail -n 2 f", [(0.0, "11"), (0.0, "12")], 0.0, 0, id="tail"),
        pytest.param("seq 12 > f; tail -n +12 f", [(0.0, "12")], 0.0, 0, id="tail from a line on"),
        pytest.param("seq 12 > f; head -2 f", [(0.0, "1"), (0.0, "2")], 0.0, 0, id="head"),
        pytest.param(
            "echo a > f; echo b > g; head f g",
            [(0.0, "==> f <=="), (0.0, "a"), (0.0, ""), (0.0, "==> g <=="), (0.0, "b")],
            0.0,
            0,
            id="head of two",
        ),
        pytest.param("trap 'echo bye' TERM SIGINT; trap - 15; echo on", [(0.0, "on")], 0.0, 0, id="trap"),
    ],
)
def test_script(text: str, lines: list[tuple[float, str]], seconds: float, code: int) -> None:
    assert script(text, NAME="lab", HOME="/gone") == (lines, seconds, code)


def test_what_is_to_be_done_at_the_end_is_not_understood() -> None:
    with pytest.raises(NotUnderstoodError):
        script("trap 'echo bye' EXIT")


def test_endless_loop_can_be_played_as_far_as_one_likes() -> None:
    lines, _ = played("sh", "-c", "while true; do echo tick; sleep 5; done", rounds=6)
    assert lines == [(0.0, "tick"), (5.0, "tick"), (10.0, "tick")]


def test_loop_that_never_sleeps_does_not_stop_the_clock() -> None:
    lines, session = played("sh", "-c", "while :; do echo tick; done", rounds=100)
    assert len(lines) == 50
    assert session.at > 0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("nginx -g 'daemon off;'", id="a program"),
        pytest.param("echo a; curl http://web", id="a program later"),
        pytest.param("if nope; then echo a; fi", id="a program as a condition"),
        pytest.param("if true; then echo a; else nope; fi", id="a program in a branch that is not taken"),
        pytest.param("if true; then echo a", id="no fi"),
        pytest.param("echo a; fi", id="fi alone"),
        pytest.param("seq 10001", id="a long sequence"),
        *(
            pytest.param(f'echo a; echo "{name}"', id=name)
            for name in ["$1", "$@", "$*", "$#", "$$", "$!", "$-", "${1:-a}", "$($1)", "$(($#+1))"]
        ),
        pytest.param("i=0; echo $((i++))", id="a sum that changes"),
        pytest.param("i=0; echo $((--i))", id="a sum that changes before"),
        pytest.param("grep -o a /f", id="an option of grep"),
        pytest.param("while true; do ! ; done", id="not, alone"),
        pytest.param("echo a & wait", id="background"),
        pytest.param("echo $(nope)", id="a program in an output"),
        pytest.param('echo "$(echo $(nope))"', id="a program in an output of an output"),
        pytest.param("until curl http://db; do sleep 1; done", id="until"),
        pytest.param("echo 'open", id="open quote"),
        pytest.param("while true; do echo a", id="no done"),
    ],
)
def test_what_it_does_not_know_it_refuses_before_printing(text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        played("sh", "-c", text)


@pytest.mark.parametrize("words", [("-ec", "echo a"), ("-uc", "echo a"), ("-c", "echo a", "sh", "b")])
def test_what_changes_how_a_script_is_played_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(NotUnderstoodError):
        played("sh", *words)


def test_plain_words_run_without_a_shell() -> None:
    assert played("echo", "$HOME", ";", "x")[0] == [(0.0, "$HOME ; x")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("while true; do " * 20 + "echo a" + "; done" * 20, id="too deep"),
        pytest.param("echo " + "$(echo " * 200 + ")" * 200, id="outputs too deep"),
        pytest.param("echo " + '"$(echo ' * 200 + ')"' * 200, id="quoted outputs too deep"),
        pytest.param("echo " + "${A:-" * 200 + "}" * 200, id="defaults too deep"),
        pytest.param("echo $((" + "-" * 5_000 + "1))", id="signs too deep"),
        pytest.param("[ " + "( " * 200 + "a" + " )" * 200 + " ]", id="conditions too deep"),
        pytest.param("echo " + "a" * 20_000, id="too long"),
    ],
)
def test_script_beyond_the_bounds_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        played("sh", "-c", text)


def test_nested_loops_end_after_a_bound() -> None:
    words = " ".join("abcdefghij")
    nested = "".join(f"for v{i} in {words}; do " for i in range(8)) + ":" + "; done" * 8
    with pytest.raises(NotUnderstoodError):
        script(nested)
    empty = "".join(f"for v{i} in {words}; do " for i in range(8)) + "; done" * 8
    with pytest.raises(NotUnderstoodError):
        script(empty)


def test_time_that_passes_gives_loops_new_rounds() -> None:
    loops = "i=0; while [ $i -lt 999 ]; do i=$((i+1)); done; for b in $(seq 5000); do :; done"
    text = f"for a in $(seq 8); do {loops}; sleep 1; done; {loops}; echo done"
    lines, session = played("sh", "-c", text, rounds=50_000)
    assert (lines, session.code) == ([(8.0, "done")], 0)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(":;" * 1_600, id="nothing"),
        pytest.param("echo a > /dev/null;" * 500, id="nowhere"),
        pytest.param("x=$(seq 1000);" * 500, id="into a variable"),
        pytest.param("echo a > /f;" * 500, id="into a file"),
    ],
)
def test_work_that_prints_nothing_gives_others_a_turn_and_has_an_end(body: str) -> None:
    session = Shell({}, "web-0")
    play = session.play(["sh", "-c", f"for i in $(seq 1000); do {body} done"])
    seen = []
    with pytest.raises(NotUnderstoodError):
        seen.extend((session.played, item) for item in play)
    counts = [0, *(count for count, _ in seen)]
    assert all(isinstance(item, Printed) and item.text is None for _, item in seen)
    assert len(seen) >= 9
    assert (
        max(after - before for before, after in itertools.pairwise(counts)) <= 5_001
    )  # the last command may count as two


LONG = "x='a a a a '; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do x=$x$x; done; echo $x > /f; "
MANY = "for i in $(seq 2000); do touch /tmp/$i; done; "


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'{LONG} for i in $(seq 5000); do : "$x"; done', id="long arguments"),
        pytest.param(f"{LONG} for i in $(seq 3000); do : $x; done", id="many arguments"),
        pytest.param(f"{LONG} for i in $(seq 5000); do cat /f > /dev/null; done", id="long file"),
        pytest.param(f"{MANY} for i in $(seq 3000); do : /tmp/?x?; done", id="globs over many files"),
        pytest.param(f"{MANY} for i in $(seq 3000); do ls /tmp > /dev/null; done", id="folder of many files"),
        pytest.param(f"{MANY} cd /tmp; for i in $(seq 3000); do [ -d /tmp/a ]; done", id="question of many files"),
    ],
)
def test_long_texts_and_many_files_are_work(text: str) -> None:
    session = Shell({}, "web-0")
    with pytest.raises(NotUnderstoodError, match="too much at once"):
        list(session.play(["sh", "-c", text]))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x=$(for i in $(seq 200); do echo $i$i$i; done); case a in $x*) echo b;; esac", id="case"),
        pytest.param('x=$(for i in $(seq 200); do echo $i$i$i; done); echo a > /f; grep "$x" /f', id="grep"),
        pytest.param('x=ab; for i in $(seq 2000); do x=$x$x; export "x$i=$x"; done', id="variables"),
    ],
)
def test_what_grows_too_long_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        played("sh", "-c", text, rounds=5_000)


def test_text_does_not_grow_without_end() -> None:
    _, session = played("sh", "-c", "X=ab; while true; do X=$X$X$X; done", rounds=60)
    assert len(session.variables["X"]) <= 65_536


@pytest.mark.parametrize(
    ("text", "seconds", "code"),
    [
        pytest.param("i=0; while [ $i -lt 60 ]; do sleep 1; i=$((i+1)); done", 60.0, 0, id="sleeping loop"),
        pytest.param("while true; do i=1$i; sleep 2; if [ $i = 111 ]; then exit 7; fi; done", 6.0, 7, id="exit"),
        pytest.param("i=0; while [ $i -lt 1005 ]; do i=$((i+1)); done", 5.0, 0, id="hasty loop is slowed"),
    ],
)
def test_loop_takes_its_time(text: str, seconds: float, code: int) -> None:
    _, session = played("sh", "-c", text, rounds=2_000)
    assert (session.at, session.code) == (seconds, code)


def test_loop_whose_condition_never_changes_does_not_stop_the_clock() -> None:
    _, session = played("sh", "-c", "until [ -f /nope ]; do :; done", rounds=50)
    assert session.at >= 49


@pytest.mark.parametrize(
    ("text", "lines", "code"),
    [
        ("echo a >/x; mv /x /y; ls /y /x", ["/y", "ls: /x: No such file or directory"], 1),
        ("echo a >/x; mkdir /d; mv -v /x /d; cat /d/x", ["'/x' -> '/d/x'", "a"], 0),
        ("mkdir -p /d; echo a >/d/x; mv /d /e; cat /e/x; ls /d", ["a", "ls: /d: No such file or directory"], 1),
        ("echo a >/x; cp /x /y; cat /x /y", ["a", "a"], 0),
        (
            "mkdir /d; echo a >/d/x; cp /d /e || cp -r /d /e; cat /d/x /e/x",
            ["cp: omitting directory '/d'", "a", "a"],
            0,
        ),
        ("mv /none /tmp/ || true", ["mv: can't rename '/none': No such file or directory"], 0),
        ("cp /none /x", ["cp: can't stat '/none': No such file or directory"], 1),
        ("echo a >/x; cp /x /x; cat /x", ["a"], 0),
    ],
)
def test_files_are_copied_and_moved(text: str, lines: list[str], code: int) -> None:
    found, _, ended = script(text)
    assert ([line for _, line in found], ended) == (lines, code)
