"""What the stand-ins share: where they keep their clusters, which scenario is on, and how they print.

A test puts ``$STANDIN`` (a folder) into the environment: ``clusters.json`` holds the clusters of the tool,
``scenario`` the word that picks a failure, ``kubeconfig`` what a successful creation hands out, ``calls`` every call
made.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

FOLDER = Path(os.environ["STANDIN"])


def scenario() -> str:
    path = FOLDER / "scenario"
    return path.read_text() if path.exists() else ""


def clusters() -> dict[str, dict[str, object]]:
    path = FOLDER / "clusters.json"
    return json.loads(path.read_text()) if path.exists() else {}


def keep(found: dict[str, dict[str, object]]) -> None:
    beside = FOLDER / "clusters.json.new"
    beside.write_text(json.dumps(found))
    beside.replace(FOLDER / "clusters.json")  # whole: tests read it meanwhile


def note_call(tool: str) -> list[str]:
    arguments = sys.argv[1:]
    with open(FOLDER / "calls", "a") as file:
        file.write(json.dumps([tool, *arguments, f"KUBECONFIG={os.environ.get('KUBECONFIG', '')}"]) + "\n")
    return arguments


def value(arguments: list[str], option: str) -> str:
    return arguments[arguments.index(option) + 1]


def kubeconfig() -> str:
    return (FOLDER / "kubeconfig").read_text()


def err(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr, flush=True)


def end(code: int, *lines: str) -> NoReturn:
    err(*lines)
    sys.exit(code)
