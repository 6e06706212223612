"""What a cell asks of the lab that the lab does not have: a word that is not there, arguments that it does not take.

Called by ``notebook``. Python's own words for these tell of classes and positions, which a learner has not met; ours
tell what there is instead, and quote the example of the docstring.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from gitopslab.errors import LabError
from gitopslab.machinery.messages import sentence

_OURS = "gitopslab"
_CALLED = r"((?:\S+\.)?(\w+))\(\) "
_MORE = re.compile(_CALLED + r"takes .*positional arguments? but .* given")
_LESS = re.compile(_CALLED + r"missing \d+ required .*arguments?: (.+)")
_OTHER = re.compile(_CALLED + r"got an unexpected keyword argument ('\w+').*")
_EXAMPLE = re.compile(r"^ *>>> (.+)$", re.MULTILINE)


def meant(error: BaseException) -> LabError | None:
    """What to say instead of Python's own error; None when it is not about the lab, or the lab itself is at fault."""
    if _is_raised_in_the_lab(error):
        return None
    return _no_such_word(error) if isinstance(error, AttributeError) else _called_otherwise(str(error))


def _is_raised_in_the_lab(error: BaseException) -> bool:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and str(place.tb_frame.f_globals.get("__name__")).partition(".")[0] == _OURS


def _no_such_word(error: AttributeError) -> LabError | None:
    kind = type(error.obj)
    if kind.__module__.partition(".")[0] != _OURS:
        return None
    there = [name for name in dir(error.obj) if not name.startswith("_")]
    near = ", ".join(get_close_matches(error.name or "", there, n=2))
    hint = f"did you mean {near}?" if near else "type a dot behind it and press Tab to see what there is"
    return LabError(f"{kind.__name__} has nothing called {error.name!r}", hint)


def _called_otherwise(said: str) -> LabError | None:
    if found := _MORE.fullmatch(said):
        return _misused(found[1], sentence(f"{found[2]} was given more than it takes"))
    if found := _LESS.fullmatch(said):
        return _misused(found[1], sentence(f"{found[2]} was not given {found[3]}"))
    if found := _OTHER.fullmatch(said):
        return _misused(found[1], sentence(f"{found[2]} knows no {found[3]}"))
    return None


def _misused(path: str, what: str) -> LabError | None:
    called = _function(path)
    if called is None:
        return None
    example = _EXAMPLE.search(inspect.getdoc(called) or "")
    hint = f"for example: {example[1]}" if example else f"type {called.__name__}? to see what it takes"
    return LabError(what, hint)


def _function(path: str) -> Callable[..., Any] | None:
    """The lab's function of a qualified name such as ``Lab.kubectl``."""
    owner, _, name = path.rpartition(".")
    for module in [found for key, found in sys.modules.items() if key.partition(".")[0] == _OURS]:
        called = getattr(getattr(module, owner, None) if owner else module, name, None)
        if inspect.isfunction(called) and called.__qualname__ == path:
            return called
    return None
