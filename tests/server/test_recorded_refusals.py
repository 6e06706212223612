"""Manifests that a real control plane refused are refused with the same words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from builders import ADMIN

from gitopslab.controlplane.server.decode import decode
from gitopslab.controlplane.server.options import WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import InvalidError

RECORDINGS = Path(__file__).parents[1] / "conformance" / "recorded"
MANIFEST = re.compile(r"<<'EOF'\n(.*)EOF", re.DOTALL)


def _refused() -> Iterator[tuple[str, str, str]]:
    for path in sorted(RECORDINGS.glob("*.json")):
        for place, step in enumerate(json.loads(path.read_text())):
            script = step.get("sh", "")
            match = MANIFEST.search(script)
            is_one = script.count("kubectl ") == 1 and "\n---" not in script
            if match and is_one and " is invalid:" in step.get("err", "") and path.stem != "custom-resources":
                yield f"{path.stem}-{place}", match.group(1), step["err"]


REFUSED = list(_refused())


def _causes(text: str) -> list[str]:
    """The causes in kubectl's words, in no order: kubectl lists them in none."""
    body = text.partition(" is invalid:")[2]
    return sorted(" ".join(line.removeprefix("* ").split()) for line in body.strip().splitlines())


@pytest.mark.parametrize(("manifest", "answer"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_refused_manifest_is_refused_in_the_same_words(verbs: Verbs, manifest: str, answer: str) -> None:
    obj = yaml.safe_load(manifest)
    resource = verbs.catalog.of(obj)
    assert resource is not None
    body = json.dumps(obj).encode()
    decoded, _ = decode(resource, body, content_type="application/json", field_validation="Strict")
    with pytest.raises(InvalidError) as refused:
        verbs.create(ADMIN, resource, "default" if resource.namespaced else "", decoded, WriteOptions())
    causes = refused.value.details["causes"]
    lines = [line for cause in causes for line in f"{cause['field']}: {cause['message']}".splitlines()]
    assert sorted(" ".join(line.split()) for line in lines) == _causes(answer)


def test_there_are_refusals_to_compare_with() -> None:
    assert {name.rpartition("-")[0] for name, _, _ in REFUSED} >= {"deployment-bluff", "ingress", "job"}
