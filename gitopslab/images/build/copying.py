"""The instructions that add files: ``COPY``, ``ADD`` and ``WORKDIR``.

``running`` calls them; what shall be where is worked out as a ``Plan``, which ``layers`` writes. Where the files come
from is left to ``origins``. Source: the Dockerfile reference, "COPY", "ADD" and "WORKDIR".
"""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gitopslab.images.build.origins import ContextOrigin, Group, HeredocOrigin, Item, Origin, TreeOrigin
from gitopslab.images.build.stage import Stage
from gitopslab.images.dockerfile.instructions import Instruction
from gitopslab.images.dockerfile.lines import Fault
from gitopslab.images.layers import Plan, Planned

Owner = tuple[int, int]


def workdir(stage: Stage, instruction: Instruction) -> None:
    """``WORKDIR``: where commands run; made when it is not there."""
    path = _absolute(stage, stage.expanded(instruction, instruction.words[0]))
    stage.settings["WorkingDir"] = path
    stage.layer(instruction, path, path, lambda: _parents(stage, {f"{path.lstrip('/')}/.": Planned("file")}, (0, 0)))


def copy(stage: Stage, instruction: Instruction) -> None:
    """``COPY`` and ``ADD``: files of the context, of another stage, or of the Dockerfile itself."""
    words = [stage.expanded(instruction, word) for word in instruction.words]
    sources, destination = words[:-1], words[-1]
    target = _absolute(stage, destination)
    is_folder = destination.endswith(("/", "/.")) or destination in (".", "..")
    if len(sources) > 1 and not is_folder:
        more = "the destination must be a directory and end with a /"
        problem = f"When using {instruction.keyword} with more than one source file, {more}"
        raise Fault(instruction.line, problem, f"Write {destination}/ at the end.")
    origins = _origins(stage, instruction, sources)
    flags = {name: stage.expanded(instruction, value) for name, value in instruction.flags}
    depends_on = [target, is_folder, flags, [origin.fingerprint() for origin in origins]]

    with tempfile.TemporaryDirectory(prefix="gitopslab-copy-") as scratch:

        def plan() -> Plan:
            groups = [group for origin in origins for group in origin.groups(Path(scratch))]
            into_folder = is_folder or len(groups) > 1
            return _planned(stage, instruction, groups, target, into_folder=into_folder, flags=flags)

        stage.layer(instruction, f"{instruction.text} # gitopslab", depends_on, plan)


def _origins(stage: Stage, instruction: Instruction, sources: Sequence[str]) -> list[Origin]:
    heredocs = {each.name: each for each in instruction.heredocs}
    here = [
        name for name in (source.lstrip("<-").strip("'\"") for source in sources if "<<" in source) if name in heredocs
    ]
    paths = [source for source in sources if "<<" not in source]
    found: list[Origin] = [
        HeredocOrigin(name, _heredoc(stage, instruction, heredocs[name].text, heredocs[name].expand)) for name in here
    ]
    origin = stage.expanded(instruction, instruction.flag("from"))
    if origin and paths:
        found.append(TreeOrigin(stage.bench.content, stage.bench.image_of(origin, instruction), paths, instruction))
    elif paths:
        found.append(ContextOrigin(stage.bench.context, paths, instruction))
    return found


def _heredoc(stage: Stage, instruction: Instruction, text: str, expand: bool) -> str:
    """A text of the Dockerfile with its variables filled in; quotes in it are quotes."""
    if not expand:
        return text
    kept = text.replace("'", "\\'").replace('"', '\\"')
    return stage.expanded(instruction, kept)


def _planned(
    stage: Stage,
    instruction: Instruction,
    groups: Sequence[Group],
    target: str,
    *,
    into_folder: bool,
    flags: dict[str, str],
) -> Plan:
    root = stage.tree.resolve(target)
    there = stage.tree.at(target)
    into_folder = into_folder or (there is not None and there.kind == "folder")
    owner = _owner(stage, instruction, flags.get("chown", ""))
    mode = _mode(instruction, flags.get("chmod", ""))
    plan: dict[str, Planned] = {}
    for group in groups:
        if group.is_folder and there is not None and there.kind != "folder":
            raise Fault(instruction.line, f"cannot copy to non-directory: {target}", "Choose another destination.")
        base = root if group.is_folder or not into_folder else posixpath.join(root, group.name)
        for path, item in group.items:
            place = _place(stage, posixpath.join(base, path) if path else base)
            if item.kind != "folder" or stage.tree.nodes.get(place) is None:
                plan[place] = _piece(item, owner, mode)
    plan.pop("", None)  # the root itself
    return {**_parents(stage, plan, owner or (0, 0)), **plan}


def _place(stage: Stage, path: str) -> str:
    """Where a path ends up when the folders above it are links."""
    folder, name = posixpath.split(path)
    return posixpath.join(stage.tree.resolve(folder), name) if folder else name


def _piece(item: Item, owner: Owner | None, mode: int | None) -> Planned:
    bits = item.mode if mode is None or item.kind == "link" else mode
    return Planned(item.kind, bits, item.owner if owner is None else owner, item.data, item.target)


def _parents(stage: Stage, plan: Plan, owner: Owner) -> dict[str, Planned]:
    """The folders above a plan that are not there yet."""
    missing: dict[str, Planned] = {}
    for path in plan:
        folder = posixpath.dirname(path)
        while folder and folder not in plan and folder not in missing and stage.tree.at(folder) is None:
            missing[folder] = Planned("folder", 0o755, owner)
            folder = posixpath.dirname(folder)
    return missing


def _absolute(stage: Stage, path: str) -> str:
    """A path of the image; a relative one begins at the working directory."""
    joined = posixpath.join("/", stage.settings.get("WorkingDir") or "/", path)
    return "/" + posixpath.normpath(joined).lstrip("/")


def _mode(instruction: Instruction, text: str) -> int | None:
    if not text:
        return None
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o7777:
        # Simplified: --chmod takes octal digits only; BuildKit takes u=rwX,go=rX too.
        raise Fault(instruction.line, f"invalid chmod parameter: '{text}'", "Write octal digits, such as --chmod=755.")
    return mode


def _owner(stage: Stage, instruction: Instruction, text: str) -> Owner | None:
    """Who ``--chown`` names, looked up in the image's own ``/etc/passwd`` and ``/etc/group``."""
    if not text:
        return None
    user, colon, group = text.partition(":")
    uid, own_group = _looked_up(stage, instruction, user, "passwd")
    gid = _looked_up(stage, instruction, group, "group")[0] if colon and group else own_group
    return uid, gid


def _looked_up(stage: Stage, instruction: Instruction, name: str, file: str) -> tuple[int, int]:
    """The number of a user or group, and the group of a user."""
    if name.isdigit() and int(name) < 2**31:
        return int(name), int(name)
    for line in stage.tree.text(f"etc/{file}").splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) > 3 - (file == "group") and fields[2].isdigit():
            return int(fields[2]), int(fields[3]) if file == "passwd" and fields[3].isdigit() else 0
    what = "user" if file == "passwd" else "group"
    problem = f"unable to find {what} {name}: no matching entries in {file} file"
    raise Fault(
        instruction.line, problem, f"Write a number, such as --chown=1000:1000, or use a base with that {what}."
    )


COPYING: dict[str, Callable[[Stage, Instruction], Any]] = {"ADD": copy, "COPY": copy, "WORKDIR": workdir}
"""What adds files, by keyword."""
