"""``include``: other files of the project, merged below the file that names them (``config/external``).

``load`` calls ``included``. Files come from the project alone.

Simplified: GitLab also fetches from other projects, URLs, templates, artifacts and components; the lab never leaves the
machine, so those are left out and a note says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import re2

from gitopslab.ci import entries, reading
from gitopslab.ci.event import Event
from gitopslab.ci.faults import ConfigurationError, Finding
from gitopslab.ci.files import Files
from gitopslab.ci.inputs import interpolate
from gitopslab.ci.rules import verdict_of
from gitopslab.ci.tree import Map, Place, Seq
from gitopslab.ci.variables import Variables, expand

_MOST = 150
_KINDS = ("local", "project", "remote", "template", "artifact", "component")
_YAML = re.compile(r".+\.(yml|yaml)$", re.IGNORECASE)


@dataclass(slots=True)
class Inclusion:
    """What is known while files are being included.

    Attributes:
        files: The project's.
        event: For ``include:rules``.
        variables: Those that exist before a pipeline does.
        seen: Paths that were included so far.
        notes: What was left out.
        oddities: What is odd about the files.
    """

    files: Files
    event: Event
    variables: Variables
    seen: list[str] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    oddities: list[reading.Oddity] = field(default_factory=list)

    def included(self, root: Map) -> Map:
        """A configuration with everything merged in that it includes.

        Raises:
            ConfigurationError: A file is missing, empty, not YAML, or there are more than 150.
        """
        if root.get("include") is None:
            return root
        place = root.place_of("include")
        merged, is_any = Map(place=root.place), False
        for path, inputs in self._paths(root["include"], place):
            is_any = True
            merged = merged.merged(self._file(path, inputs, place))
        merged = merged.merged(root)
        if is_any:
            merged.pop("include")
        return merged

    def _paths(self, value: Any, place: Place) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        for item in value if isinstance(value, Seq) else [value]:
            location = self._location(item, place)
            if location and self._passes(location, place):
                found += [(path, location.get("inputs")) for path in self._expanded(location["local"])]
        return found

    def _location(self, item: Any, place: Place) -> Map | None:
        """Where a file of this project is; None for one from elsewhere."""
        if isinstance(item, str):
            text = expand(item, self.variables.values())
            item = Map([("remote" if re.match(r"https?://", text) else "local", text)])
        if not isinstance(item, Map):
            raise ConfigurationError("Each include must be a hash or a string", place)
        kinds = [kind for kind in _KINDS if item.get(kind)]
        if not kinds:
            text = json.dumps(item, separators=(",", ":"))
            subkeys = "`, `".join(_KINDS)
            raise ConfigurationError(
                f"`{text}` does not have a valid subkey for include. Valid subkeys are: `{subkeys}`", place
            )
        if len(kinds) > 1:
            raise ConfigurationError(f"Each include must use only one of: `{'`, `'.join(_KINDS)}`", place)
        if kinds != ["local"]:
            hint = "Copy what you need from it into a file of this project and include that with local:."
            self.notes.append(Finding("note", f"include:{kinds[0]} is left out: the lab stays offline", place, hint))
            return None
        found = item.copied()
        if isinstance(item["local"], str):
            found = item.merged(Map([("local", expand(item["local"], self.variables.values()).lstrip("/"))]))
        return found

    def _passes(self, location: Map, place: Place) -> bool:
        rules = location.get("rules")
        if rules is None:
            return True
        errors = entries.include_rules(rules)
        if errors:
            raise ConfigurationError(f"include:{errors[0].message}", place)
        return verdict_of(rules, self.event, self.variables, default="always").passes

    def _expanded(self, path: Any) -> list[str]:
        if not isinstance(path, str) or "*" not in path:
            return [path]
        pattern = re2.escape(path).replace(r"\*\*", ".*?").replace(r"\*", "[^/]*?")
        return [one for one in self.files.paths() if re2.fullmatch(pattern, one) and one not in self.seen]

    def _file(self, path: Any, inputs: Any, place: Place) -> Map:
        if not isinstance(path, str):
            raise ConfigurationError(f"Included file `{path}` needs to be a string", place)
        self.seen.append(path)
        if len(self.seen) > _MOST:
            hint = "A file that includes itself, directly or not, never ends."
            raise ConfigurationError(f"Maximum of {_MOST} nested includes are allowed!", place, hint)
        if not _YAML.match(path.rpartition("/")[2]):
            raise ConfigurationError(f"Included file `{path}` does not have YAML extension!", place)
        text = self.files.read(path)
        if text is None:
            hint = "The path is counted from the root of the project; the file must be committed too."
            raise ConfigurationError(f"Local file `{path}` does not exist!", place, hint)
        if not text.strip():
            raise ConfigurationError(f"Local file `{path}` is empty!", place)
        return self.included(self._read(path, text, inputs if isinstance(inputs, Mapping) else {}))

    def _read(self, path: str, text: str, inputs: Mapping[str, Any]) -> Map:
        try:
            found, odd = reading.documents(text, path)
            value = interpolate(found, inputs, self.variables.values())
        except ConfigurationError as error:
            raise ConfigurationError(f"`{path}`: {error.message}", error.place, error.hint) from error
        self.oddities += odd
        if not isinstance(value, Map):
            raise ConfigurationError(f"`{path}`: Invalid configuration format", Place(1, 1, path))
        if not value:
            raise ConfigurationError(f"Included file `{path}` does not have valid YAML syntax!", Place(1, 1, path))
        return value
