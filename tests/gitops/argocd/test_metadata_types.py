"""Metadata of another type than kubectl reads fails the dry run: nothing of the sync is applied then."""

from __future__ import annotations

import re
from typing import Any

import pytest
from argocd_syncs import Syncs
from builders import config_map, merged


@pytest.mark.parametrize(
    ("metadata", "what", "of"),
    [
        ({"labels": {"on": True}}, "bool", "labels of type string"),
        ({"labels": {"n": 1}}, "number", "labels of type string"),
        ({"finalizers": "a"}, "string", "finalizers of type []string"),
    ],
)
def test_metadata_of_another_type_fails_the_dry_run(syncs: Syncs, metadata: dict[str, Any], what: str, of: str) -> None:
    syncs.git = [config_map("good"), merged(config_map("odd"), {"metadata": metadata})]
    assert syncs.sync() == ("Failed", "one or more objects failed to apply (dry run)")
    code, phase, message = syncs.results["odd"]
    why = re.escape(f"json: cannot unmarshal {what} into Go struct field ObjectMeta.metadata.{of}")
    assert (code, phase) == ("SyncFailed", "Failed")
    assert re.fullmatch(rf'unable to decode "/dev/shm/\d+": {why}', message)
    assert syncs.get("configmaps", "good") is None


def test_other_fields_are_the_servers_business(syncs: Syncs) -> None:
    syncs.git = [config_map("good"), config_map("odd", data={"x": 1})]
    phase, message = syncs.sync()
    assert (phase, "dry run" in message) == ("Failed", False)
    assert syncs.get("configmaps", "good") is not None


def test_a_label_without_a_value_is_none(syncs: Syncs) -> None:
    syncs.git = [merged(config_map("odd"), {"metadata": {"labels": {"a": "1"}}})]
    syncs.git[0]["metadata"]["labels"]["empty"] = None
    assert syncs.sync()[0] == "Succeeded"
    assert (syncs.get("configmaps", "odd") or {})["metadata"]["labels"] == {"a": "1"}
