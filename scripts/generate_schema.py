"""Generates ``gitopslab/machinery/schema.txt``: the API types of Kubernetes, their fields and how those merge.

Run it after a change of the ``kubernetes`` client or of the table: ``python scripts/generate_schema.py [--check]``. It
reads the model sources of the installed client (names, types, what is required) and ``schema_facts.txt`` beside this
file, which holds what those models do not show: which Go types stand behind, which fields are pointers, how lists
merge, enumerations. ``gitopslab.machinery.schema`` explains the lines it writes; nothing here runs when the package
does.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
import sys
from pathlib import Path

FACTS = Path(__file__).with_name("schema_facts.txt")
TARGET = Path(__file__).resolve().parent.parent / "gitopslab" / "machinery" / "schema.txt"
SIMPLE = {
    "int": "int32",
    "float": "float64",
    "str": "string",
    "bool": "bool",
    "datetime": "meta.v1.Time",
    "object": "runtime.RawExtension",
    "bytes": "[]uint8",
}

Model = dict[str, tuple[str, bool]]
"""A class of the client: the wire name of each field, with the client's type and whether it is required."""


class Facts:
    """The table of what the client does not know.

    Attributes:
        types: Every type name, in order, as ``core.v1.Pod``.
        aliases: Named Go types that are not structs, with what they stand for.
        tokens: The tokens of a type's line.
    """

    def __init__(self, text: str) -> None:
        self.types: list[str] = []
        self.aliases: dict[str, str] = {}
        self.tokens: dict[str, list[str]] = {}
        for line in text.splitlines():
            word, _, rest = line.partition(" ")
            if word == "group":
                package, _, names = rest.partition(": ")
                self.types += [f"{package}.{name}" for name in names.split()]
            elif word == "alias":
                name, _, base = rest.partition(" ")
                self.aliases[name] = base
            elif word and word != "#":
                self.tokens[word] = rest.split()


def models(folder: Path) -> dict[str, Model]:
    """Every model class of the client, read from source without importing it."""
    found: dict[str, Model] = {}
    for path in sorted(folder.glob("*.py")):
        source = path.read_text(encoding="utf-8")
        # Only the declarations: parsing the methods of 800 classes would take most of the time.
        start, end = source.find("\nclass "), source.find("\n    __properties:")
        for node in ast.parse(source[start:end]).body if 0 <= start < end else []:
            if isinstance(node, ast.ClassDef):
                model = _model(node)
                if model is not None:
                    found[node.name] = model
    return found


def _model(node: ast.ClassDef) -> Model | None:
    values: dict[str, ast.expr | None] = {}
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            values[statement.target.id] = statement.value
    if not values.get("openapi_types") or not values.get("attribute_map"):
        return None
    types = ast.literal_eval(values["openapi_types"] or ast.Dict([], []))
    wire = ast.literal_eval(values["attribute_map"] or ast.Dict([], []))
    return {wire[name]: (kind, name in values and _is_required(values[name])) for name, kind in types.items()}


def _is_required(value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Call):
        return value is None
    return not value.args and all(keyword.arg != "default" for keyword in value.keywords)


def classes(types: list[str], found: dict[str, Model]) -> dict[str, str]:
    """Which class of the client is which type: ``V1Pod``, or with the group in front where two groups share a name."""
    chosen = {}
    for name in types:
        group, version, kind = name.split(".") if name.count(".") == 2 else ("", "", "")
        short = version.capitalize() + kind
        chosen[name] = next((cls for cls in (group.capitalize() + short, short) if cls in found), "")
    return chosen


def derived(kind: str, by_class: dict[str, str]) -> str:
    """The Go type that a type of the client suggests."""
    for pattern, prefix in ((r"List\[(.*)\]", "[]"), (r"Dict\[str, (.*)\]", "map[string]")):
        match = re.fullmatch(pattern, kind)
        if match:
            return prefix + derived(match.group(1), by_class)
    return SIMPLE.get(kind) or by_class.get(kind, kind)


def guess(name: str, field: str, model: Model, by_class: dict[str, str]) -> tuple[str, str]:
    """The spelling of a field before the table corrects it: its type and its flags."""
    kind, required = model[field]
    spec = derived(kind, by_class)
    if field == "metadata":
        return spec, ""
    if field == "items" and name.endswith("List"):
        return spec + "!", ";plain"
    if required:
        return spec + "!", ""
    return ("*" + spec if spec in by_class.values() else spec), ""


def lines(found: dict[str, Model], facts: Facts) -> list[str]:
    """The lines of the data file."""
    chosen = classes(facts.types, found)
    by_class = {cls: name for name, cls in chosen.items() if cls}
    result = [f"alias {name} {base}" for name, base in facts.aliases.items()]
    for name in facts.types:
        model = found.get(chosen[name], {})
        fields = {field: guess(name, field, model, by_class) for field in model}
        marks = _corrected(fields, facts.tokens.get(name, []))
        words = [f"{field}:{spec}{flags}" for field, (spec, flags) in sorted(fields.items())]
        result.append(" ".join([name, *marks, *words]))
    return result


def _corrected(fields: dict[str, tuple[str, str]], tokens: list[str]) -> list[str]:
    """Apply a line of the table to the guessed fields; what concerns the whole type is returned."""
    marks = []
    for token in tokens:
        if token.startswith("@"):
            marks.append(token)
        elif token.startswith("-"):
            fields.pop(token[1:], None)
        else:
            head, semicolon, flags = token.partition(";")
            field, _, spec = head.partition("=")
            old = fields.get(field, ("", ""))
            fields[field] = (spec or old[0], semicolon + flags if semicolon else old[1])
    return marks


def main() -> int:
    """Write the data file, or with ``--check`` tell whether it is up to date."""
    parser = argparse.ArgumentParser(description="Generate the schema data of the API types.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file would change")
    arguments = parser.parse_args()
    spec = importlib.util.find_spec("kubernetes")
    if spec is None or not spec.submodule_search_locations:
        print("The kubernetes client is not installed. Next: pip install kubernetes", file=sys.stderr)
        return 1
    folder = Path(spec.submodule_search_locations[0]) / "client" / "models"
    text = "\n".join(lines(models(folder), Facts(FACTS.read_text(encoding="utf-8")))) + "\n"
    if arguments.check:
        return int(text != TARGET.read_text(encoding="utf-8"))
    TARGET.write_text(text, encoding="utf-8")
    print(f"wrote {TARGET.name}: {len(text)} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
