"""How large what a YAML text stands for becomes, before anything of it is built.

libyaml builds nodes by recursion in C, and aliases multiply: whoever reads a text from elsewhere bounds both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml


def measured(text: str | bytes, loader: Any) -> Iterator[tuple[yaml.Event, int, int]]:
    """Each event of a text, with how deep it stands and how many nodes the collection around it has so far.

    An alias counts for all that its anchor holds.
    """
    sizes, names, anchors = [0], [""], dict[str, int]()
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            sizes[-1] += anchors.get(event.anchor or "", 1)
        elif isinstance(event, yaml.ScalarEvent):
            sizes[-1] += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            sizes.append(1)
            names.append(event.anchor or "")
        elif isinstance(event, yaml.CollectionEndEvent):
            size = anchors[names.pop()] = sizes.pop()
            sizes[-1] += size
        yield event, len(sizes), sizes[-1]
