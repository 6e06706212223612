"""Statements of the tiny shell: conditions, loops, outputs, sums, and the commands that they are made with."""

from __future__ import annotations

import pytest

from gitopslab.controlplane.kubelet.session import Printed
from gitopslab.controlplane.kubelet.shell import Shell

WC = "2 /f\n2 3 6 /f\n2 /f\n"


def printed(text: str, files: dict[str, str] | None = None, **variables: str) -> tuple[str, int]:
    """All that a script prints, and its exit code; it has to take no time."""
    session = Shell(variables, "web-0", files={} if files is None else files)
    pieces = [piece for piece in session.play(["sh", "-c", text]) if isinstance(piece, Printed)]
    assert session.at == 0.0
    return "".join(piece.text + piece.end for piece in pieces if piece.text is not None), session.code


@pytest.mark.parametrize(
    ("text", "out", "code"),
    [
        pytest.param("if true; then echo a; else echo b; fi", "a\n", 0, id="if"),
        pytest.param("if false; then echo a; elif [ 1 -lt 2 ]; then echo b; else echo c; fi", "b\n", 0, id="elif"),
        pytest.param("if false; then echo a; elif false; then echo b; else exit 4; fi", "", 4, id="else"),
        pytest.param("if false; then echo a; fi; echo $?", "0\n", 0, id="if that does nothing"),
        pytest.param("if ! false && [ a = a ]\nthen\n  echo a\nfi", "a\n", 0, id="a list as a condition"),
        pytest.param("if true; then if false; then echo a; else echo b; fi; fi", "b\n", 0, id="if in if"),
        pytest.param("if false; then echo a; else echo b; fi > /f; cat /f", "b\n", 0, id="output of if"),
        pytest.param("if true; then echo a; exit 3; fi > /f", "", 3, id="exit out of a redirection"),
        pytest.param("! true; echo $?", "1\n", 0, id="not"),
        pytest.param("i=0; while [ $i -lt 3 ]; do echo $i; i=$((i + 1)); done", "0\n1\n2\n", 0, id="while"),
        pytest.param("i=0; until [ $i -ge 2 ]; do i=$(expr $i + 1); echo $i; done", "1\n2\n", 0, id="until"),
        pytest.param("while false; do echo a; done; echo $?", "0\n", 0, id="while that does nothing"),
        pytest.param("while true; do i=1$i; [ $i -gt 50 ] && break; done; echo $i", "111\n", 0, id="break"),
        pytest.param("for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done", "1\n3\n", 0, id="continue"),
        pytest.param("for i in 1 2; do for j in a b; do break 2; done; done; echo $i$j", "1a\n", 0, id="break 2"),
        pytest.param("for i in 1 2; do for j in a b; do continue 2; done; echo no; done", "", 0, id="continue 2"),
        pytest.param("break; echo a", "a\n", 0, id="break out of nothing"),
        pytest.param("false ||\necho a", "a\n", 0, id="a list over two lines"),
        pytest.param("false || { echo a; exit 2; }", "a\n", 2, id="group"),
        pytest.param("case abc in x|a*) echo a;; *) echo b;; esac", "a\n", 0, id="case"),
        pytest.param("case $NAME in\n  a) echo a ;;\n  *)\n    echo other\n    ;;\nesac", "other\n", 0, id="case *"),
        pytest.param("X=' a  b '; echo x${X}y; echo \"$X\"", "x a b y\n a  b \n", 0, id="words fall apart"),
        pytest.param('for n in "a b" c; do echo $n; done', "a b\nc\n", 0, id="quoted words stay together"),
        pytest.param('X=$(echo a; echo b); echo $X; echo "$X"', "a b\na\nb\n", 0, id="output"),
        pytest.param("X=$(exit 3); echo $?; Y=1; X=$(Y=2; echo $Y); echo $X$Y", "3\n21\n", 0, id="subshell"),
        pytest.param("echo $(echo $(echo deep)) `echo tick`", "deep tick\n", 0, id="output of output"),
        pytest.param("echo ${GONE:-$(echo b)}", "b\n", 0, id="output as a default"),
        pytest.param("echo $((7 / 2)) $((-7 / 2)) $((-7 % 3)) $(( (1 + 2) * NAME ))", "3 -3 -1 9\n", 0, id="sums"),
        pytest.param("echo $((2 < 3)) $((2 == 3 || 0)) $((!5))", "1 0 0\n", 0, id="comparing sums"),
        pytest.param("echo a; echo $((1 / 0)); echo b", "a\nsh: divide by zero\n", 2, id="division by zero"),
        pytest.param("expr 7 % 2; expr 2 + 3 '*' 4; expr \\( 2 + 3 \\) \\* 4", "1\n14\n20\n", 0, id="expr"),
        pytest.param("n=0; for i in $(seq 5000); do n=$((n + i)); done; echo $n", "12502500\n", 0, id="many rounds"),
        pytest.param("expr 8 % 2", "0\n", 1, id="expr of nothing"),
        pytest.param("expr a + 1; expr 1 / 0", "expr: non-integer argument\nexpr: divide by zero\n", 2, id="bad expr"),
        pytest.param("for i in $(seq 2 4); do echo $i; done; seq 3 -2 1", "2\n3\n4\n3\n1\n", 0, id="seq"),
        pytest.param("echo 'a b' > /f; echo c >> /f; wc -l /f; wc /f; X=$(wc -l /f); echo $X", WC, 0, id="wc"),
        pytest.param("echo ab > /f; echo cd >> /f; grep b /f; grep -v b /f; grep -c c /f", "ab\ncd\n1\n", 0, id="grep"),
        pytest.param("echo ab > /f; grep -q b /f && echo y; grep -qi B /f && echo y", "y\ny\n", 0, id="grep -q"),
        pytest.param("echo ab > /f; grep -q c /f", "", 1, id="grep finds nothing"),
        pytest.param(
            "echo 'a(b)' > /f; grep -c . /f; grep -c '^a(b)$' /f; grep -cE '(b|c)' /f", "1\n" * 3, 0, id="pattern"
        ),
        pytest.param(
            "echo 'a.b+' > /f; grep -cF .b+ /f; grep -cF a+ /f; grep -c 'a.b+' /f", "1\n0\n1\n", 0, id="grep -F"
        ),
        pytest.param("echo a > /f; grep '[' /f", "grep: bad regex '['\n", 2, id="bad pattern"),
        pytest.param("x=$((010)); echo $x $((0x10 + x)) $((-0x10))", "8 24 -16\n", 0, id="octal and hexadecimal"),
        pytest.param("echo $((08)); echo b", "sh: arithmetic syntax error\n", 2, id="no octal"),
        pytest.param("a=3; b=-1; echo $(($a-$b)) $((a - -1))", "4 4\n", 0, id="minus minus"),
        pytest.param("printf '%s-%s\\n' a b c; printf 'x\\n' a", "a-b\nc-\nx\n", 0, id="printf goes round"),
        pytest.param("echo >&2 a b; echo 2>&1 c d > /f e; cat /f", "a b\nc d e\n", 0, id="words behind a redirection"),
        pytest.param("echo a > /f b 2> /g c; cat /f", "a b c\n", 0, id="words behind files"),
        pytest.param("x=1; x=2 printenv x; echo $x; x=3 echo $x", "2\n1\n1\n", 0, id="a variable of one command"),
        pytest.param("y=2 printenv y; echo ${y:-none}", "2\nnone\n", 0, id="a new variable of one command"),
        pytest.param("false; x=$?; echo $x$?; x=$(false) y=1; echo $?", "10\n1\n", 0, id="codes of assignments"),
        pytest.param('case "a" in "*") echo b;; "a"*) echo c;; esac', "c\n", 0, id="quoted pattern"),
        pytest.param("x='*'; case abc in \"$x\") echo a;; $x) echo b;; esac", "b\n", 0, id="pattern of a variable"),
        pytest.param("echo a > /d/x; cd /d; echo * \"*\" '?' \\*", "x * ? *\n", 0, id="glob"),
        pytest.param(
            "touch /d/a.txt /d/b.txt /d/c /d/.h; echo /d/*.txt; cd /; echo d/? /d/.*; echo Is it? [a-c]",
            "/d/a.txt /d/b.txt\nd/c /d/.h\nIs it? [a-c]\n",
            0,
            id="globs",
        ),
        pytest.param(
            "touch /d/e/a /d/f/a; echo /d/*/a /*; for i in /d/e/*; do echo $i; done; rm /d/f/*; ls /d/f/a",
            "/d/e/a /d/f/a /d\n/d/e/a\nls: /d/f/a: No such file or directory\n",
            1,
            id="deep globs",
        ),
        pytest.param("echo $a[; [ -d / ] && echo '$@' \"a$\"", "[\n$@ a$\n", 0, id="signs that are none"),
        pytest.param("grep a /nope", "grep: /nope: No such file or directory\n", 2, id="grep of nothing"),
    ],
)
def test_statements(text: str, out: str, code: int) -> None:
    assert printed(text, NAME="3") == (out, code)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        pytest.param("-e /f -a -f /f -a -r /f -a -w /f", True, id="a file"),
        pytest.param("-s /f", False, id="an empty file"),
        pytest.param("-s /d/full", True, id="a file with something in it"),
        pytest.param("-x /f", False, id="a file that is no program"),
        pytest.param("-x /bin/sh", True, id="a program"),
        pytest.param("-d /d -a ! -f /d", True, id="a directory"),
        pytest.param("-e /nope -o -n ''", False, id="neither"),
        pytest.param("-z '' -a -n a -a a", True, id="texts"),
        pytest.param("! a = b", True, id="not the same"),
        pytest.param("a == a -a a != b", True, id="same and not the same"),
        pytest.param("2 -eq 02 -a 2 -ne 3 -a 2 -lt 10 -a 2 -le 2 -a 10 -gt 9 -a 9 -ge 9", True, id="numbers"),
        pytest.param("10 -lt 9", False, id="numbers are no texts"),
        pytest.param("( a = b -o a = a ) -a b = b", True, id="parentheses"),
    ],
)
def test_condition(condition: str, holds: bool) -> None:
    files = {"/f": "", "/d/full": "x", "/bin/sh": ""}
    single = condition.replace("(", "\\(").replace(")", "\\)")
    assert printed(f"[ {single} ]", files) == ("", 0 if holds else 1)
    double = condition.replace(" -a ", " && ").replace(" -o ", " || ")
    assert printed(f"[[ {double} ]] && echo yes", files) == ("yes\n" if holds else "", 0 if holds else 1)


def test_number_that_is_none_is_complained_of() -> None:
    assert printed("[ a -lt 1 ]") == ("sh: a: bad number\n", 2)


def test_random_numbers_are_drawn_from_the_sessions_chance() -> None:
    drawn = [printed("echo $RANDOM $RANDOM")[0] for _ in range(2)]
    assert drawn[0] == drawn[1]
    first, second = map(int, drawn[0].split())
    assert first != second
    assert 0 <= min(first, second) <= max(first, second) < 32_768


@pytest.mark.parametrize(("index", "code"), [("0", 0), ("1", 1), ("2", 0), ("3", 1)])
def test_odd_indexes_fail(index: str, code: int) -> None:
    text = "if [ $(expr ${JOB_COMPLETION_INDEX} % 2) -ne 0 ]; then exit 1; else exit 0; fi"
    assert printed(text, JOB_COMPLETION_INDEX=index) == ("", code)


def test_script_over_several_lines_fails_once_and_then_succeeds() -> None:
    files: dict[str, str] = {}
    text = "\nif [[ -r /data/foo ]]\nthen\n  exit 0\nelse\n  touch /data/foo\n  exit 1\nfi\n"
    assert [printed(text, files), printed(text, files)] == [("", 1), ("", 0)]
