"""Container engines, played by programs that write down what they were asked and hand over a prepared archive."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

from gitopslab.images.image import host_platform

ENGINE = """#!{python}
import json, shutil, sys
words = sys.argv[1:]
with open({notes!r}, "a") as notes:
    notes.write(json.dumps(words) + "\\n")
if words[0] == "build":
    print("STEP 1/2: FROM \\x1b[1mdebian\\x1b[0m")
    sys.exit({code})
if words[0] == "save":
    shutil.copy({archive!r}, words[words.index("--output") + 1])
if words[0] == "push":
    shutil.copy({archive!r}, words[2].removeprefix("docker-archive:"))
"""


def archive(path: Path, *, damaged: bool = False) -> Path:
    """What ``docker save`` writes of an image with one file, in one layer."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as inner:
        header = tarfile.TarInfo("made")
        header.size = 5
        inner.addfile(header, io.BytesIO(b"made\n"))
    diff_id = "0" * 64 if damaged else hashlib.sha256(layer.getvalue()).hexdigest()
    config = {
        "architecture": host_platform().architecture,
        "os": "linux",
        "config": {"Env": ["A=1"]},
        "container_config": {"Hostname": "x"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
        "history": [{"created_by": "RUN make"}],
    }
    manifest = [{"Config": "config.json", "Layers": ["layer.tar"], "RepoTags": ["x:1"]}]
    with tarfile.open(path, "w") as outer:
        files = {"manifest.json": _json(manifest), "config.json": _json(config), "layer.tar": layer.getvalue()}
        for name, data in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            outer.addfile(header, io.BytesIO(data))
    return path


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


class Engines:
    """Where the played engines are, and what they were asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._notes = folder / "notes"

    def install(self, name: str, code: int = 0) -> None:
        program = self._folder / name
        made = archive(self._folder / "image.tar")
        text = ENGINE.format(python=sys.executable, notes=str(self._notes), archive=str(made), code=code)
        program.write_text(text)
        program.chmod(0o755)

    def asked(self) -> list[list[str]]:
        return [json.loads(line) for line in self._notes.read_text().splitlines()]
