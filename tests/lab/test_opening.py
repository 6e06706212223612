"""Opening the lab: which cluster, why, and again and again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

import gitopslab
from gitopslab import errors
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.lab import Lab
from gitopslab.widgets.notebook import message_of, show_readable_errors


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path_factory.mktemp("opening")))
    monkeypatch.delenv("GITOPSLAB_CLUSTER", raising=False)
    monkeypatch.setenv("GITOPSLAB_NAME", "again")
    yield
    EmbeddedCluster("again").down(delete=True)


@pytest.mark.process
def test_the_first_cell_can_be_run_again(
    home: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = gitopslab.open()
    monkeypatch.setenv("GITOPSLAB_CLUSTER", "embedded")  # as in every notebook of `gitopslab lab`
    assert gitopslab.open() is first
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ['embedded cluster "again"'] * 2
    assert "4 of 4 nodes Ready" in lines[0]
    assert "(the default; started in" in lines[0]
    assert lines[1].endswith("(the default; it was running)")
    first.close()
    second = gitopslab.open("embedded")
    assert second is not first
    assert "(as you asked; it was running)" in capsys.readouterr().out
    second.close()


def test_a_kind_of_cluster_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITOPSLAB_CLUSTER", "minikube")
    with pytest.raises(errors.SetupError, match="minikube"):
        gitopslab.open()


def test_every_public_name_is_there() -> None:
    assert all(hasattr(gitopslab, name) for name in gitopslab.__all__)
    assert gitopslab.Lab is Lab
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        gitopslab.opne  # noqa: B018


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "{'kubernetes', 'anywidget', 'matplotlib', 'ipywidgets'}"
    code = f"import sys, gitopslab.lab; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_outside_a_notebook_errors_stay_as_they_are() -> None:
    show_readable_errors()
    error = errors.SetupError("there is no cluster", "gitopslab up")
    assert message_of(error)[0].endswith(": there is no cluster\n  Next: gitopslab up")


def shown_by(cell: str) -> str:
    """What IPython shows of a cell that fails; the lab in it has no cluster."""
    code = f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
from gitopslab.lab import Lab
from gitopslab.widgets.notebook import show_readable_errors
show_readable_errors()
shell.user_ns["lab"] = object.__new__(Lab)
assert not shell.run_cell({cell!r}).success
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("lab.star", "Lab has nothing called 'star'\n  Next: did you mean start?"),
        ("lab.qqq()", "Lab has nothing called 'qqq'\n  Next: type a dot behind it and press Tab to see what there is"),
        ("lab.kubectl('get pod', 'hello')", 'kubectl was given more than it takes\n  Next: for example: lab.kubectl("'),
        ("lab.scale('deployment/web')", "scale was not given 'replicas'\n  Next: for example: lab.scale("),
        ("lab.apply('a.yaml', now=True)", "apply knows no 'now'\n  Next: for example: lab.apply("),
    ],
)
def test_in_a_notebook_what_the_lab_does_not_know_is_told_with_what_it_knows(cell: str, told: str) -> None:
    shown = shown_by(cell)
    assert told in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("cell", ["'text'.star", "(lambda: 1)(2)", "repr(lab)"], ids=["word", "call", "fault of ours"])
def test_in_a_notebook_an_error_that_is_not_about_the_lab_keeps_its_traceback(cell: str) -> None:
    assert "Traceback" in shown_by(cell)


def test_in_a_notebook_an_error_is_its_message_and_the_cell_has_failed(capsys: pytest.CaptureFixture[str]) -> None:
    code = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
from gitopslab.widgets.notebook import show_readable_errors
show_readable_errors()
ran = shell.run_cell("from gitopslab import LabError; raise LabError('no such pod', 'look again')")
assert not ran.success
assert not shell.run_cell("1 / 0").success
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "no such pod\n  Next: look again" in ran.stdout
    assert ran.stdout.count("Traceback") == 1, "only the error that is not ours has one"
