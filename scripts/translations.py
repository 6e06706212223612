"""Brings ``translations/`` up to date with notebooks, exercises and code; ``--check`` only says what is missing.

What was translated stays; a text that changed keeps its old translation, marked ``fuzzy``, which counts as missing
until somebody has looked at it. Edit a ``.po`` file with any editor for such files, then run this again.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from messages import messages

from gitopslab.course.translation import texts, texts_of_exercise
from gitopslab.views.components import CONTROLLERS, OTHERWISE, PARTS
from gitopslab.views.drift.model import FATES
from gitopslab.views.drift.model import STATES as FIELDS
from gitopslab.views.lanes.model import OUTCOMES
from gitopslab.views.palette import STATES
from gitopslab.views.path_controllers import CONTROLLED
from gitopslab.views.pipeline import STATUSES
from gitopslab.views.plugin_words import FILTERS, SCORES
from gitopslab.views.reasons import LEAVING, PLAIN
from gitopslab.views.relations import MEANINGS, PASSIVE, VERBS
from gitopslab.views.tree.model import COLUMNS

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "translations"
_WIDTH = 100


def main() -> int:
    """Update every file of every language, or check them; the exit code is 1 when something is missing."""
    only_check = "--check" in sys.argv[1:]
    missing = 0
    for folder in sorted(path for path in TRANSLATIONS.iterdir() if path.is_dir()):
        for name, template in templates().items():
            path = folder / f"{name}.po"
            known = catalog(path, folder.name)
            known.update(template, no_fuzzy_matching=only_check, update_creation_date=False)
            if not only_check:
                with path.open("wb") as file:
                    write_po(file, known, width=_WIDTH, ignore_obsolete=True, omit_header=False)
            lacking = [each for each in known if each.id and (not each.string or each.fuzzy)]
            missing += len(lacking)
            if lacking:
                print(f"{path.relative_to(ROOT)}: {len(lacking)} of {len(template)} texts lack a translation")
    return 1 if missing else 0


def catalog(path: Path, language: str) -> Catalog:
    """What a file holds, or an empty one."""
    if not path.is_file():
        return Catalog(language, project="gitopslab", fuzzy=False, header_comment=f"# gitopslab, language {language}.")
    with path.open("rb") as file:
        return read_po(file, language)


def templates() -> dict[str, Catalog]:
    """All texts there are, by the name of the file that translates them."""
    found = {"lab": _of_code(), "messages": _of_messages(), "widgets": _of_widgets()}
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        told = texts(json.loads(notebook.read_text(encoding="utf-8")))
        for folder in sorted((ROOT / "exercises").glob(f"{notebook.name[:2]}-*")):
            content = yaml.safe_load((folder / "exercise.yaml").read_text(encoding="utf-8"))
            told += texts_of_exercise(folder.name, content, (folder / "task.md").read_text(encoding="utf-8"))
        found[notebook.stem] = made = Catalog(project="gitopslab")
        for text, place in told:
            made.add(text, auto_comments=[place])
    return found


def _of_code() -> Catalog:
    made = Catalog(project="gitopslab")
    for path in sorted((ROOT / "gitopslab").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)) if "machinery.language import" in source else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
                (text,) = node.args
                if isinstance(text, ast.Constant):
                    made.add(text.value, auto_comments=[path.relative_to(ROOT).as_posix()])
    return made


def _of_messages() -> Catalog:
    made = Catalog(project="gitopslab")
    for text, place in messages():
        made.add(text, auto_comments=[place])
    return made


_LITERAL = re.compile(r'"([^"\\\n]*)"')
_TEXT = re.compile(r"(?=.*[a-z]{2})(?=[A-Z✓+,]|.* )[^{}\[\]=<>#_|]+")
_KEY = re.compile(r"(Escape|PageDown|PageUp|Home|End|Enter|Arrow\w+|Node/|[A-Z][a-z]+[A-Z]\w*)")
_NO_TEXT = re.compile(r"gl-|^\.|tbody|textarea|translate|-space|: (reduce|[\d.])|^[MLQ]\d")
_STORIES = ("path_writer.py", "path_controllers.py", "path_pods.py", "path_trail.py")
_WRITERS = (
    *("views/drift/compare.py", "views/drift/judge.py", "views/lanes/argocd.py", "views/lanes/flux.py"),
    *("views/lanes/lanes.py", "views/tree/cards.py", "views/tree/folding.py", "views/tree/marks.py"),
    *("views/tree/tree.py", "views/reconciler.py", "widgets/drift.py"),
    *("views/path_writer.py", "views/path_controllers.py", "views/path_pods.py", "views/path_trail.py"),
    *("views/sheet/sheet.py", "views/sheet/problems.py"),
    *("views/decision.py", "views/anatomy.py", "views/layers.py", "views/pipeline.py", "views/timeline.py"),
    *("views/graph/card.py", "views/graph/folding.py", "views/relations/mounts.py", "views/relations/ownership.py"),
    *("views/relations/placement.py", "views/relations/storage.py", "views/relations/traffic.py"),
)
_PROSE = re.compile(r"[a-z]{2,}[,:]? [a-z*#]|[a-z*] [a-z]{2,}")
_NO_PROSE = re.compile(
    r"(?:\* (?:\*|of|by|on|and|left|from|field|object|shared|is best|refused #|It )|, |no \*|\*s |\*, |It asks for)"
    r"|kubectl |stored artifact|Health check passed|Resource is|Running health|Git repository"
    r"|-o |\(\?P|json: |no matches for kind|(?:unknown|duplicate) field \"\("
    r"|The \*|\* pods|\* refused \* of|All get|\w+ gone, which"
)
"""What only holds names together, and the words of others."""
_STEPS = ("fetched", "applied", "compared", "synced", "healthy")
_VERDICTS = (
    *("none of its rules matches", "rule # matches", "rule # matches and says when: never", "push on branch *"),
    *("push of tag *", "merge request from * to *", "it has no rules, so workflow:rules alone decide"),
    "it has no rules, so it runs for branches and tags",
    "it has no rules, so it runs for branches and tags, not for a *",
    *("taint * is not tolerated", "needs *, * of * free", "needs *, the node has none"),
    *("it asks for *", "it tolerates *", "it wants nodes with *", "it wants no labels of a node", "its priority is *"),
    *("* has no taint *", "* has taint *", "no node has taint *", "* has no label *", "* has label *"),
    *("* is not cordoned", "* is cordoned", "there is a node * with * CPU and * memory"),
    *("* is best with # points.", "* It is there."),
    *(f"* is best with # points, as good as # other {nodes}: chance decides." for nodes in ("node", "nodes")),
    *(f"{who} out, {rest}." for who in ("* and * are", "* are", "* is") for rest in ("# left", "none left")),
    *(
        "* and * get most: # of #.",
        "* get most: # of #.",
        "* gets most: # of #.",
        "All get # of #.",
        "It asks for *. *.",
    ),
    *("# nodes, of which # are looked at", "* refused # of # node.", "* refused # of # nodes.", "# memory", "# out"),
    *("* decides: without it * or * would be best.", "* decides: without it * would be best."),
    "*. * will take it when * is gone, which matters less.",
    "*. * will take it when * are gone, which matter less.",
)
_WORDS = (
    *(f"# of # answer, # {rest}" for rest in ("are a majority: the cluster works", "would be a majority: etcd stops")),
    *("applied by *", "written by *", "you", "The *. *", "resourceVersion #: rises with every write"),
    *(
        "verdict",
        "points",
        "why",
        "was",
        "fitting",
        "not looked at",
        "not there",
        "Step",
        "Start",
        "Outcome",
        "filters",
    ),
    *(
        "scores",
        "cordoned",
        "memory",
        "# restart",
        "# restarts",
        "waiting for a node",
        "control nodes",
        "lost",
        "stopped",
    ),
    *(
        "now",
        "outcome",
        "Layer",
        "Size",
        "Created by",
        "shared",
        "everything through",
    ),
    *("# layer from # steps, * to pull", "# layers from # steps, * to pull", "# control plane, # workers"),
    *(f"{layers} shared, * to pull for the second; *" for layers in ("# layer", "# layers")),
    *("# files and # settings differ", "# file and # setting differ", "# files and # setting differ"),
    "# file and # settings differ",
)
_TOLD_BY = ("title", "sentence", "sees", "writes")
_COUNTED = (
    *("# node", "# nodes", "# pod", "# pods", "# object", "# objects", "# field", "# fields", "and # more"),
    *("Waiting for a node (#)", "Needs attention (#)", "# of # ready", "# of #", "# points", "Pods (#)"),
    *(
        "no pods of yours",
        "system",
        "and # other pod",
        "and # other pods",
        "# other pod",
        "# other pods",
        "and # more lanes",
        "nothing has happened yet",
        "no commits yet",
    ),
    *("free", "stop", "start", "back", "next", "step # of #", "chosen", "fits", "refused", "picks nodes"),
    *("starts containers", "keeps every object", "checks every request; all others speak only with it"),
    *(
        *(f"{kind} controller" for kind in CONTROLLED.values()),
        "kubectl applies *",
        "# pods",
        "# pods ready",
        "# pod ready",
        "a node",
        "nodes",
        "sees",
        "writes",
    ),
    *("asks for *", "and", "copy", "copied", "fit", "# of # updated"),
    *("# differences from Git", "# difference from Git", "# difference", "# differences", "push", "pushed by *"),
    *("works", "fails", "health", "revision", "count", "drifted", "by", "at", "not in Git", "set by *"),
    *("at its next reconcile", "within *", "There is no * here yet; it shows as soon as there is."),
)
"""Texts that a script puts numbers into."""


def _of_widgets() -> Catalog:
    """The texts that widgets draw: those written in their scripts, and the fixed ones that Python sends along."""
    made = Catalog(project="gitopslab")
    for path in sorted((ROOT / "gitopslab" / "widgets" / "static").glob("*.js")):
        code = re.sub(r"(?m)^\s*(//|/?\*).*$", "", path.read_text(encoding="utf-8"))
        for text in _LITERAL.findall(code):
            if _TEXT.fullmatch(text) and not _NO_TEXT.search(text) and not _KEY.fullmatch(text):
                for part in text.split(" · "):
                    made.add(part.strip(), auto_comments=[path.name])
    for text in _sent():
        made.add(text, auto_comments=["sent by Python"])
    return made


def _sent() -> Iterator[str]:
    yield from _COUNTED
    yield from (*_VERDICTS, *_WORDS)
    for _, one, many in PLAIN:
        yield from (f"# {words}".replace(r"\1", "*") for words in (one, many))
    yield from (f"{why}; it disappears when its containers have ended." for why in (*LEAVING.values(), "Told to stop"))
    yield from (text for _, word in STATUSES.values() for text in (word, f"# {word}"))
    yield from (words for table in (MEANINGS, PASSIVE, VERBS) for words in table.values())
    yield from _told_of_pods()
    yield from _told_by_views()
    for name in _STORIES:
        yield from _told((ROOT / "gitopslab" / "views" / name).read_text(encoding="utf-8"))
    for look in STATES.values():
        yield from (look.word, f"# {look.word}")
    for part in PARTS.values():
        yield from (part.title, part.role, part.without, part.home)
    yield from (*CONTROLLERS.values(), OTHERWISE)
    yield from FILTERS.values()
    yield from SCORES.values()
    yield "No node fits: *"


def _told(source: str) -> Iterator[str]:
    """The sentences that a view makes, with a ``*`` where it puts a name in."""
    for node in ast.walk(ast.parse(source)):
        given: list[ast.expr | None] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("add", "stalled", "Ending"):
            given = [*node.args, *(word.value for word in node.keywords if word.arg in _TOLD_BY)]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("words", "who", "why"):
            given = [node.value]
        for value in given:
            yield from (text for text in _texts_of(value) if re.search(r"[a-z] |[a-z]\.$", text))


def _told_of_pods() -> Iterator[str]:
    """What is said of a pod that does not run."""
    tree = ast.parse((ROOT / "gitopslab" / "views" / "reasons.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Return):
            found = _texts_of(
                node.value.args[0] if isinstance(node.value, ast.Call) and node.value.args else node.value
            )
            yield from (text for text in found if re.search(r"[a-z] .*\.$", text))


def _told_by_views() -> Iterator[str]:
    """What views say in sentences of their own."""
    for what in ("# field of # object differs", "# fields of # object differ", "# fields of # objects differ"):
        yield from (f"{what} from Git.", f"{what}: commit * is not there yet.")
    yield from (word for _, word in (*FIELDS.values(), *OUTCOMES.values()))
    yield from (word for _, word in FATES.values() if word)
    yield from ("put back *", "removed: *", "stays: *", "left alone: *", "# old *", "# more *", "prunes", "suspended")
    yield from (text for step in _STEPS for text in (step, f"not {step}"))
    yield from COLUMNS
    for name in _WRITERS:
        yield from _prose((ROOT / "gitopslab" / name).read_text(encoding="utf-8"))
    for path in sorted((ROOT / "gitopslab").rglob("*.py")):
        yield from _drawn(path.read_text(encoding="utf-8"))


def _prose(source: str) -> Iterator[str]:
    """Every text of a module in which words follow each other, but what documents it."""
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    inside |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in inside:
            yield from (text for text in _texts_of(node) if _PROSE.search(text) and not _NO_PROSE.match(text))


def _drawn(source: str) -> Iterator[str]:
    """What a module has translated where it says it."""
    for node in ast.walk(ast.parse(source)) if "import drawn" in source else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "drawn":
            yield from (text for text in _texts_of(node.args[0]) if re.search(r"[a-z]{2}", text))


def _texts_of(value: ast.expr | None) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from _texts_of(one)
            yield from _texts_of(other)


if __name__ == "__main__":
    sys.exit(main())
