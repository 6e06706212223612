"""Kills an embedded cluster at random moments under load: ``python scripts/crash.py --kills 200``.

Writers, watchers and controllers are at work meanwhile; a part of the kills hits it while it starts. What is proved,
each time: every acknowledged write is there, with the resourceVersion it was acknowledged with, and nothing that nobody
asked for; a resourceVersion never comes again; a watch that goes on from its last revision sees every change once and
in order. And in the end: what the watches tell is what the writers did, what they hold is what a list shows, and the
controllers have finished what they were killed in.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from crashing.run import Crash

from gitopslab.clusters import Options, ports
from gitopslab.clusters.embedded import EmbeddedCluster


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        os.environ["GITOPSLAB_HOME"] = home
        cluster = EmbeddedCluster("crash")
        cluster.up(options=Options(bare=True, port=ports.free(())))
        try:
            report = asyncio.run(Crash(cluster, options.seed).run(options.kills, _say))
        finally:
            cluster.down(delete=True)
    print(f"{report}; {time.monotonic() - began:.0f} s")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
