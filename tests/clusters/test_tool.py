"""Running other people's programs: their lines as they come, time-outs, and Ctrl-C."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from gitopslab.clusters.tool import Tool, ToolTimeout, run
from gitopslab.errors import SetupError

ENVIRONMENT = dict(os.environ)


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def test_lines_of_both_streams_reach_progress_and_stay_apart() -> None:
    seen: list[str] = []
    code = "import sys; print('one'); print('\\033[31mtwo\\033[0m', file=sys.stderr); sys.exit(3)"
    answer = run(python(code), environment=ENVIRONMENT, timeout=20, progress=seen.append)
    assert (answer.code, answer.out, answer.err) == (3, "one", "two")
    assert sorted(seen) == ["one", "two"]


def test_standard_input_is_handed_on() -> None:
    answer = run(python("print(input()[::-1])"), environment=ENVIRONMENT, timeout=20, given="abc\n")
    assert answer.out == "cba"


def test_a_program_that_does_not_read_its_input_is_no_error() -> None:
    answer = run(python("print('done')"), environment=ENVIRONMENT, timeout=20, given="x" * 1_000_000)
    assert answer.out == "done"


def test_a_program_may_print_much_before_it_reads_much() -> None:
    code = "import sys; print('y' * 500_000); print(len(sys.stdin.read()))"
    answer = run(python(code), environment=ENVIRONMENT, timeout=20, given="x" * 500_000)
    assert answer.out.endswith("\n500000")


@pytest.mark.skipif(os.name == "nt", reason="there a program is ended at once")
def test_a_program_that_falls_silent_and_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitopslab.clusters.tool._PATIENCE", 0.1)
    code = "import os, time; os.close(1); os.close(2); time.sleep(60)"
    with pytest.raises(ToolTimeout):
        run(python(code), environment=ENVIRONMENT, timeout=20)


def test_a_program_sees_only_the_given_environment() -> None:
    answer = run(python("import os; print(os.environ.get('HOME'))"), environment={"PATH": ""}, timeout=20)
    assert answer.out == "None"


def test_a_program_that_takes_too_long_is_ended() -> None:
    with pytest.raises(ToolTimeout, match="0 s"):
        run(python("import time; time.sleep(100_000)"), environment=ENVIRONMENT, timeout=0.2)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for other processes")
def test_interrupting_lets_the_program_clean_up(tmp_path: Path) -> None:
    cleaned = tmp_path / "cleaned"
    code = (
        "import signal, time, pathlib\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whoever runs the tests may have it ignored
        "try:\n print('ready', flush=True)\n time.sleep(60)\n"
        f"except KeyboardInterrupt: pathlib.Path({str(cleaned)!r}).touch()"
    )

    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(python(code), environment=ENVIRONMENT, timeout=20, progress=interrupt)
    assert cleaned.exists()


def test_no_threads_are_left_behind() -> None:
    before = set(threading.enumerate())
    run(python("print('x')"), environment=ENVIRONMENT, timeout=20)
    for started in set(threading.enumerate()) - before:
        started.join(20)
        assert not started.is_alive(), started


def test_a_missing_tool_is_named_with_the_command_that_installs_it() -> None:
    tool = Tool("no-such-tool", {"linux": "get it here", "darwin": "brew it", "win32": "winget it"})
    with pytest.raises(SetupError, match="no-such-tool is not on this machine's PATH") as raised:
        tool.need({"PATH": "/nowhere"})
    assert tool.install_command() in raised.value.hint
    assert "--cluster embedded" in raised.value.hint
