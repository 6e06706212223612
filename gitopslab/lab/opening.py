"""Opening the lab: which cluster, is it up, does the machine have what it takes.

Called by the first cell of every notebook, again and again; the cluster is started by ``clusters``.
"""

from __future__ import annotations

import os
import time

from gitopslab.clusters import State
from gitopslab.clusters import cluster as cluster_named
from gitopslab.clusters.base import silent
from gitopslab.course.edition import speak_as
from gitopslab.course.prerequisites import Verdict, examine
from gitopslab.course.progress import working_folder
from gitopslab.errors import NEXT
from gitopslab.lab.answers import say
from gitopslab.lab.facade import Lab
from gitopslab.machinery.language import _
from gitopslab.widgets.notebook import show_readable_errors

_opened: dict[tuple[str, str], Lab] = {}


def open(cluster: str | None = None, name: str | None = None) -> Lab:
    """The lab on a cluster, which is started if it is down; says in one line which cluster, and why that one.

    Args:
        cluster: ``embedded``, ``kind``, ``k3d``, ``kwok`` or ``context:NAME``; default ``$GITOPSLAB_CLUSTER``, else
            embedded.
        name: Which one of that kind; default ``$GITOPSLAB_NAME``, else ``lab``.

    Example:
        >>> lab = gitopslab.open()
        embedded cluster "lab": 4 of 4 nodes Ready at https://127.0.0.1:37565 (the default; it was running)
    """
    show_readable_errors()
    speak_as(working_folder())
    chosen = cluster or os.environ.get("GITOPSLAB_CLUSTER") or "embedded"
    called = name or os.environ.get("GITOPSLAB_NAME") or "lab"
    # `gitopslab lab` always sets the variable; where it says what is so anyway, a beginner need not hear of it
    default = _("the default") if chosen == "embedded" else _("GITOPSLAB_CLUSTER says so")
    why = _("as you asked") if cluster else default
    made = cluster_named(chosen, called)
    ran = made.status().state is State.RUNNING
    began = time.monotonic()
    # The tools behind kind and k3d take long and must be seen to work; the embedded cluster is there in a moment.
    made.up(silent if ran or made.kind == "embedded" else say)
    lab = _opened.get((chosen, called))
    if lab is None or lab.is_closed or not lab.is_current:
        if lab is not None:
            lab.close()
        lab = _opened[chosen, called] = Lab(made, still=bool(os.environ.get("GITOPSLAB_STATIC")))
    started = _("started in {seconds} s").format(seconds=f"{time.monotonic() - began:.1f}")
    say(f"{lab.describe()} ({why}; {_('it was running') if ran else started})")
    if os.environ.get("GITOPSLAB_PRESENT"):
        _show(lab.present())
    if (minutes := os.environ.get("GITOPSLAB_IDLE_MINUTES")) and not os.environ.get("GITOPSLAB_STATIC"):
        _show(lab.warn_when_idle(float(minutes)))
    return lab


def _show(view: object) -> None:
    from IPython.display import display

    display(view)


def check_machine() -> None:
    """Say whether this machine has what the lab needs, and what to do about what it lacks."""
    troubles = [one for one in examine() if one.verdict in (Verdict.WARNING, Verdict.PROBLEM)]
    for one in troubles:
        say(f"{one.name}: {one.message}" + (NEXT + one.fix if one.fix else ""))
    stopped = any(one.verdict is Verdict.PROBLEM for one in troubles)
    needs = "This machine has what the lab needs."
    say("The lab cannot run here until that is mended." if stopped else needs)
