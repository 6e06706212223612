"""Which sentences the lab's code says to a learner with names filled in: errors, hints, progress, findings.

``scripts/translations.py`` asks. A sentence is an f-string, with ``{name}`` where a name is filled in, so that its
translation may have another order of words; ``machinery.messages`` recognises it when it is shown. Found are the texts
given to whatever shows them, be it by way of a variable, a constant or a function of the same module.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import islice, product
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gitopslab"
_OBSERVED = re.compile(r'observed\.(?:put|see|until)\(\\"([^"\\]+)\\"')
_HINTS = PACKAGE / "ci" / "hints.yaml"

_SPEAKERS = ("say", "note", "progress", "step", "_say", "fail")
"""Functions that show the text they are given."""
_SPEAKING = ("lab", "course", "clusters", "cli", "widgets", "views", "background")
"""Rooms that show texts; below them ``say`` is a job's or a tool's."""
_OTHERS = ("gitops/flux", "gitops/argocd", "gitops/render", "gitops/source", "images/docker", "ci/entries")
"""What is said there is said in the words of Flux, Argo CD, kustomize, docker or GitLab, as on a real cluster."""
_OF_OTHERS = ("ApiError", "GitError", "RenderError")
"""Errors whose message is another's, by their definition."""
_FINDINGS = ("Finding", "Problem")
_FAULT, _FAILURE, _MARKS = "Fault", "_row", ("sentence", "told")
_OURS = ("ci/runner", "ci/explain", "ci/pipeline", "ci/event")
"""What is said of a ``.gitlab-ci.yml`` elsewhere is GitLab's, but for what to do about it."""
_COMMAND = re.compile(
    r"((?:gitopslab|docker|kubectl)(?! is | runs | build without )|sudo|pip|export|set|\{executable\}) [^;,]*"
    r"|lab\.[\w.]+\([^()]*\)"
)
"""What is typed, which is the same in every language."""
_MOST = 24
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_PLACE = re.compile(r"\{\w+\}")
_WORD = re.compile(r"[A-Za-z]{2}")


def messages() -> Iterator[tuple[str, str]]:
    """Every sentence, with the file it stands in; of those that differ only in the names of their parts, the first."""
    first: dict[str, str] = {}
    for text, place in _all():
        yield first.setdefault(_PLACE.sub("{}", text), text), place


def _all() -> Iterator[tuple[str, str]]:
    errors = _errors()
    for row in yaml.safe_load(_HINTS.read_text(encoding="utf-8")):
        yield re.sub(r"\\(\d)", r"{\1}", row["hint"]), "gitopslab/ci/hints.yaml"
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for question in _OBSERVED.findall(notebook.read_text(encoding="utf-8")):
            yield question, f"notebooks/{notebook.name}"
    for path in (*sorted((ROOT / "notebooks").glob("*.py")), *sorted(PACKAGE.rglob("*.py"))):
        room = path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT).as_posix()
        if not room.startswith(_OTHERS):
            place = path.relative_to(ROOT).as_posix()
            for text in _Module(ast.parse(path.read_text(encoding="utf-8"))).shown(room, errors):
                yield text, place


def _errors() -> set[str]:
    """The classes of errors whose words are the lab's own."""
    parents: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                parents.setdefault(node.name, set()).update(ast.unparse(base).split(".")[-1] for base in node.bases)
    found, before = {"LabError"}, 0
    while len(found) > before:
        before = len(found)
        found |= {name for name, bases in parents.items() if bases & found and name not in _OF_OTHERS}
    return found


class _Module:
    """One file, and what its names stand for."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._functions: dict[str, list[ast.expr]] = {}
        self._constants = _assigned(tree.body)
        for node in ast.walk(tree):
            if isinstance(node, _FUNCTIONS):
                given = [one.value for one in _own(node) if isinstance(one, ast.Return | ast.Yield) and one.value]
                self._functions.setdefault(node.name, []).extend(given)

    def shown(self, room: str, errors: set[str]) -> Iterator[str]:
        """The texts that are given to what shows them."""
        for scope in (self._tree, *(node for node in ast.walk(self._tree) if isinstance(node, _FUNCTIONS))):
            nodes = _own(scope)
            names = self._constants | _assigned(nodes)
            calls = (node for node in nodes if isinstance(node, ast.Call))
            given = (
                text for call in calls for value in _told(call, room, errors) for text in self._texts(value, names)
            )
            yield from (_numbered(text) for text in given if _is_told(text))

    def _texts(self, value: ast.expr, names: dict[str, list[ast.expr]], depth: int = 0) -> list[str]:
        """All that a text may be, with ``{name}`` where something is filled in."""
        found = self._alternatives(value, names, depth) if depth < 6 else []
        return list(dict.fromkeys(islice(found, _MOST)))

    def _alternatives(self, value: ast.expr, names: dict[str, list[ast.expr]], depth: int) -> Iterator[str]:
        def of(*parts: ast.expr) -> list[list[str]]:
            return [self._texts(part, names, depth + 1) for part in parts]

        match value:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=parts):
                yield from self._joined(parts, names, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from map("".join, product(*of(left, right)))
            case ast.IfExp(body=one, orelse=other):
                yield from (text for texts in of(one, other) for text in texts)
            case ast.BoolOp(values=values):
                yield from (text for texts in of(*values) for text in texts)
            case ast.Name(id=name) if name in names:
                yield from (text for texts in of(*names[name]) for text in texts)
            case ast.Call(func=ast.Name(id="_" | "N_" | "told"), args=[inner]):
                yield from of(inner)[0]
            case ast.Call(func=ast.Name(id=name)) if name in self._functions:
                yield from (text for texts in of(*self._functions[name]) for text in texts)
            case ast.Subscript(value=ast.Dict(values=values)):
                yield from (text for texts in of(*values) for text in texts)
            case ast.Call(func=ast.Attribute(value=ast.Dict(values=values), attr="get"), args=[_, other]):
                yield from (text for texts in of(*values, other) for text in texts)
            case _:
                yield f"{{{_called(value)}}}"

    def _joined(self, parts: Sequence[ast.expr], names: dict[str, list[ast.expr]], depth: int) -> Iterator[str]:
        pieces: list[list[str]] = []
        for part in parts:
            if isinstance(part, ast.Constant):
                pieces.append([str(part.value)])
            elif isinstance(part, ast.FormattedValue):
                inner = part.value
                is_choice = isinstance(inner, ast.IfExp | ast.BoolOp | ast.JoinedStr)
                pieces.append(self._texts(inner, names, depth + 1) if is_choice else [f"{{{_called(inner)}}}"])
        yield from ("".join(texts) for texts in product(*pieces))


def _told(call: ast.Call, room: str, errors: set[str]) -> Iterator[ast.expr]:
    """Which arguments of a call are shown."""
    name = ast.unparse(call.func).split(".")[-1]
    named = {word.arg: word.value for word in call.keywords if word.arg}
    if name in errors:
        is_gitlabs = room.startswith("ci/") and not room.startswith(_OURS)
        yield from call.args[is_gitlabs:2]
        yield from (named[word] for word in ("hint", "problem") if word in named)
    elif name in _FINDINGS:
        if room.startswith("ci/"):  # a level, a message, its place, and what to do
            yield from call.args[1:2] if ast.unparse(call.args[0]) == "'note'" else ()
        yield from call.args[3:] if room.startswith("ci/") else call.args
        yield from (named[word] for word in ("hint", "message", "fix") if word in named)
    elif name == _FAULT and room.startswith("images/"):
        yield from call.args[2:]  # what is wrong is told in docker's words
    elif name == "_note" and room.startswith("ci/"):
        yield from (call.args[0], call.args[2])
    elif name == _FAILURE and room.startswith("clusters/"):
        yield from call.args[1:]
    elif name in _MARKS or (name in _SPEAKERS and room.startswith(_SPEAKING)):
        yield from call.args[:1]


def _is_told(text: str) -> bool:
    """Whether there is something to translate."""
    return bool(_WORD.search(_PLACE.sub("", text))) and not _COMMAND.fullmatch(text)


def _own(scope: ast.AST) -> list[ast.AST]:
    """The nodes of a scope, without those of the functions in it."""
    found: list[ast.AST] = []
    for node in ast.iter_child_nodes(scope):
        found.append(node)
        if not isinstance(node, _FUNCTIONS):
            found += _own(node)
    return found


def _assigned(nodes: Sequence[ast.AST]) -> dict[str, list[ast.expr]]:
    """What the names of a scope stand for."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            pairs = [(node.target, node.value)]
        for target, value in pairs:
            both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            for one, given in zip(target.elts, value.elts, strict=False) if both else [(target, value)]:
                if isinstance(one, ast.Name):
                    found.setdefault(one.id, []).append(given)
    return found


def _called(value: ast.expr) -> str:
    """A name for what is filled in."""
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").lower() or "it"
        case ast.Call(func=ast.Attribute(attr="join"), args=[ast.GeneratorExp(elt=inner)]):
            return _called(inner)
        case ast.Call(func=ast.Attribute(attr="join" | "get"), args=[inner, *_]):
            return _called(inner)
        case ast.Call(args=[inner, *_]) | ast.Subscript(value=inner) | ast.Call(func=ast.Attribute(value=inner)):
            return _called(inner)
        case ast.BinOp(left=inner) | ast.BoolOp(values=[inner, *_]) | ast.Call(func=inner):
            return _called(inner)
        case ast.Constant(value=str(text)) if text.isidentifier():
            return text.lower()
        case _:
            return "it"


def _numbered(text: str) -> str:
    """The same text with a name of its own for each place."""
    seen: dict[str, int] = {}

    def name(place: re.Match[str]) -> str:
        called = place[0][1:-1]
        seen[called] = seen.get(called, 0) + 1
        return place[0] if seen[called] == 1 or called.isdigit() else f"{{{called}{seen[called]}}}"

    return _PLACE.sub(name, text)


if __name__ == "__main__":
    for text, place in messages():
        print(f"{place}: {text}")
