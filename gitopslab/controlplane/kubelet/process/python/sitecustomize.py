"""The bootstrap of a container that runs in the lab's own Python: ``site`` imports it before the program.

Its folder stands first in ``PYTHONPATH``, so every Python that the program starts has it, too. What is imported here is
ours and small: it gives the program the pod's network and files. Nothing of it is a fence; it is a set of glasses.
"""

import json
import os
import sys

if _where := os.environ.get("GITOPSLAB_POD"):
    try:
        with open(_where, encoding="utf-8") as _file:
            _pod = json.load(_file)
    except OSError:
        pass  # the pod is gone
    else:
        import _gitopslab_network  # type: ignore[import-not-found]
        import _gitopslab_paths  # type: ignore[import-not-found]

        _gitopslab_network.Network(_pod).install()
        if _pod["root"]:  # else the container's files are really there
            _gitopslab_paths.Paths(_pod).install()
            _gitopslab_paths.watch_imports(_pod)
        sys.modules["uvloop"] = None  # type: ignore[assignment]  # it opens sockets where nobody can look
