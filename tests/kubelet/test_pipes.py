"""Pipes and filters of the tiny shell."""

from __future__ import annotations

import itertools

import pytest
from kubelet_nodes import Nodes

from gitopslab.controlplane.kubelet.session import Printed
from gitopslab.controlplane.kubelet.shell import Shell
from gitopslab.controlplane.kubelet.words import NotUnderstoodError


def printed(text: str, most: int = 40, files: dict[str, str] | None = None) -> tuple[list[str], Shell]:
    session = Shell({}, "web-0", files=dict(files or {}))
    pieces = itertools.islice(session.play(["sh", "-c", text]), most)
    shown = "".join(piece.text + piece.end for piece in pieces if isinstance(piece, Printed) and piece.text is not None)
    return shown.splitlines(), session


@pytest.mark.parametrize(
    ("text", "lines", "code"),
    [
        pytest.param("echo b a | wc -w", ["2"], 0, id="two"),
        pytest.param("seq 5 | grep -v 3 | tail -n 2", ["4", "5"], 0, id="three"),
        pytest.param("echo a | grep -q b || echo none", ["none"], 0, id="code of the last"),
        pytest.param("false | true", [], 0, id="code of the first is nothing"),
        pytest.param("! echo a | grep -q b", [], 0, id="negated as a whole"),
        pytest.param("x=1; echo 2 | read x; echo $x", ["1"], 0, id="variables of its own"),
        pytest.param("cd /tmp; echo | cd /; pwd", ["/tmp"], 0, id="directory of its own"),
        pytest.param("seq 3 | while read n; do echo $((n * 2)); done", ["2", "4", "6"], 0, id="loop that reads"),
        pytest.param("while true; do echo y; done | head -n 2", ["y", "y"], 0, id="endless at the front"),
        pytest.param("for i in 1 2; do echo $i; done | sort -r", ["2", "1"], 0, id="loop that writes"),
        pytest.param("echo $(echo b; echo a) | tr ' ' '\\n' | sort", ["a", "b"], 0, id="in lines"),
        pytest.param("echo a |\n wc -l", ["1"], 0, id="line goes on"),
        pytest.param("exit 3 | cat; echo $?", ["0"], 0, id="exit of a part"),
        pytest.param("cat /nope 2>&1 | wc -l", ["1"], 0, id="errors too"),
        pytest.param("wc -l < /tmp/f", ["3"], 0, id="from a file"),
        pytest.param("while read a b; do echo $b; done < /tmp/f", ["2", "1", "2"], 0, id="loop from a file"),
        pytest.param("cat < /nope", ["sh: can't open /nope: no such file"], 1, id="from no file"),
        pytest.param("sort /tmp/f | uniq -c", ["      1 a 1", "      2 b 2"], 0, id="uniq"),
        pytest.param("printf '10\\n9\\n' | sort -n", ["9", "10"], 0, id="sort of numbers"),
        pytest.param("echo a:b:c | cut -d: -f1,3", ["a:c"], 0, id="cut"),
        pytest.param("echo Hello | tr a-z A-Z", ["HELLO"], 0, id="tr"),
        pytest.param("echo a-b-c | sed 's/-/+/g' | sed s/a/x/", ["x+b+c"], 0, id="sed"),
        pytest.param("echo aabb ccb | tr -s b", ["aab ccb"], 0, id="tr that squeezes"),
        pytest.param("printf 'a  b\\n' | tr -s ' ' _", ["a_b"], 0, id="tr that squeezes what it makes"),
        pytest.param("printf abbb-- | tr -sc a", ["ab-"], 0, id="tr that squeezes others"),
        pytest.param("printf a | cat - /tmp/a | tr -s a", ["a"], 0, id="tr that squeezes pieces"),
        pytest.param("echo a1-b2 | tr -dc a-z", ["ab"], 0, id="tr that keeps"),
        pytest.param("echo a1-b2 | tr -cd '[:digit:]\\n'", ["12"], 0, id="tr that keeps a class"),
        pytest.param("echo 'a,b!' | tr -d '[:punct:]'", ["ab"], 0, id="tr without a class"),
        pytest.param("echo a1-b2 | tr -c '[:alnum:]\\n' _", ["a1_b2"], 0, id="tr of all others"),
        pytest.param("printf aabb | tr -ds a b", ["b"], 0, id="tr that removes and squeezes"),
        pytest.param("echo 'a+b (c)' | sed s/a+/X/", ["Xb (c)"], 0, id="sed of a plus"),
        pytest.param("echo 'a+b (c)' | sed 's/(c)/X/'", ["a+b X"], 0, id="sed of parentheses"),
        pytest.param("echo aab | sed 's/\\(a\\)*b/X/'", ["X"], 0, id="sed of a group"),
        pytest.param("echo aab | sed -E 's/(a)+/X/'", ["Xb"], 0, id="sed of extended expressions"),
        pytest.param("echo 'a|b' | sed 's|a\\|b|X|'", ["X"], 0, id="sed of its own sign"),
        pytest.param("echo ab | sed -e s/a/b/ -e s/b/c/g", ["cc"], 0, id="sed several times"),
        pytest.param("printf 'a  b\\tc\\n' | awk -F ' ' '{print $3}'", ["c"], 0, id="awk of any blanks"),
        pytest.param("printf 'a b\\tc\\n' | awk -F '\\t' '{print $2}'", ["c"], 0, id="awk of tabs"),
        pytest.param("awk '{print $2, $1}' /tmp/f", ["2 b", "1 a", "2 b"], 0, id="awk"),
        pytest.param("rev /tmp/f | head -n 1", ["2 b"], 0, id="rev"),
        pytest.param("echo x | tee /tmp/t; cat /tmp/t", ["x", "x"], 0, id="tee"),
    ],
)
def test_pipe(text: str, lines: list[str], code: int) -> None:
    shown, session = printed(text, most=60, files={"/tmp/f": "b 2\na 1\nb 2\n", "/tmp/a": "a"})
    assert (shown, session.code) == (lines, code)


@pytest.mark.parametrize(
    ("text", "shown", "code"),
    [
        pytest.param("head -n 1 /a /b", "==> /a <==\n1\n\n==> /b <==\n3\n", 0, id="head"),
        pytest.param("tail -n 1 /a /b", "==> /a <==\n2\n\n==> /b <==\n4\n", 0, id="tail"),
        pytest.param(
            "echo x | head -n 1 /a - /b", "==> /a <==\n1\n\n==> standard input <==\nx\n\n==> /b <==\n3\n", 0, id="input"
        ),
        pytest.param(
            "head -n 1 /nope /a", "head: /nope: No such file or directory\n==> /a <==\n1\n", 1, id="one is not there"
        ),
        pytest.param("head -n 1 /odd; tail -n 1 /odd", "x\fy\u2028z\nx\fy\u2028z\n", 0, id="other ends"),
        pytest.param("sort /odd; grep z /odd", "x\fy\u2028z\nx\fy\u2028z\n", 0, id="filters and other ends"),
    ],
)
def test_lines_of_files(text: str, shown: str, code: int) -> None:
    session = Shell({}, "web-0", files={"/a": "1\n2\n", "/b": "3\n4\n", "/odd": "x\fy\u2028z\n"})
    pieces = [piece for piece in session.play(["sh", "-c", text]) if isinstance(piece, Printed)]
    assert ("".join(f"{piece.text or ''}{piece.end}" for piece in pieces), session.code) == (shown, code)


@pytest.mark.parametrize(
    "text",
    ["tr -x a b", "tr -d a b", "tr '[:odd:]' a", "sed -n s/a/b/", "sed s/a/b/p", "awk -F '[:,]' '{print $1}'"],
)
def test_filters_with_other_options_are_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        printed(f"echo a | {text}")


def test_output_is_in_its_file_as_it_comes() -> None:
    _, session = printed("while true; do date; sleep 1; done > /tmp/log", most=6)
    assert session.files["/tmp/log"].count("\n") >= 4


def test_command_whose_file_cannot_be_made_is_not_run(nodes: Nodes) -> None:
    nodes.run_container(
        image="busybox:1.36", command=["sh", "-c", "echo $(exit 3) > /x; exit $?"],
        securityContext={"readOnlyRootFilesystem": True}, spec={"restartPolicy": "Never"},
    )  # fmt: skip
    nodes.advance(5)
    assert nodes.pod()["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 1


def test_sidecar_shows_what_is_written_at_the_end_of_a_file(nodes: Nodes) -> None:
    mount = [{"name": "data", "mountPath": "/opt"}]
    scripts = {"shipper": "tail -F /opt/log", "app": "for i in 1 2 3; do echo $i >> /opt/log; sleep 5; done; sleep 100"}
    containers = [
        {"name": name, "image": "alpine", "command": ["sh", "-c", text], "volumeMounts": mount}
        for name, text in scripts.items()
    ]
    nodes.run(spec={"containers": containers, "volumes": [{"name": "data", "emptyDir": {}}]})
    nodes.advance(20)
    lines = [text for _, text in nodes.kubelets.logs.read("default", "web", "shipper") or []]
    assert lines[-3:] == ["1", "2", "3"]
