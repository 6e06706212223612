"""Sends an API server requests that no client should send: ``python scripts/fuzz.py --requests 50000``.

By default to an embedded cluster of its own, which is removed afterwards. Every request follows from the seed and its
number, so that a finding can be looked at again: ``--seed 7 --show 1234``. What must never happen: an answer of 500
or more, an error without a ``Status``, a request without an answer, a traceback in the log, a connection that stays
behind, an object that was taken and cannot be listed, also not after a restart. What a server can only answer with a
5xx is not asked for: a resourceVersion that is still to come (504) and a proxy with nobody behind it (503) have tests
of their own. And three 500s of the real server and its kubelets are taken at their words: two budgets for one pod, and
a container or a sandbox that does not run.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from fuzzing.requests import Requests
from fuzzing.run import hammer

from gitopslab.clusters import Options, ports
from gitopslab.clusters.embedded import EmbeddedCluster


def main() -> int:
    """Run and print; the exit code is 1 when there were faults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, metavar="NUMBER", help="only print the request with this number")
    options = parser.parse_args()
    if options.show is not None:
        made = Requests(options.seed)
        for _ in range(options.show):
            made.next()
        print(made.next())
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        os.environ["GITOPSLAB_HOME"] = home
        cluster = EmbeddedCluster("fuzz")
        cluster.up(options=Options(bare=True, port=ports.free(())))
        try:
            report = hammer(cluster, options.seed, options.requests, _say)
        finally:
            cluster.down(delete=True)
    print(f"{report}; {time.monotonic() - began:.0f} s")
    print("\n".join(report.faults[:20]))
    return bool(report.faults)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
