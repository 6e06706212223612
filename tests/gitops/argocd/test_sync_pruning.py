"""Pruning: only when asked, waves backwards, confirmed where that is wanted. Cases: ``sync_context_test.go``."""

from __future__ import annotations

import pytest
from argocd_syncs import Syncs, note
from builders import config_map, deployment

WEB = config_map("web")


def test_what_is_not_in_git_any_more_stays_unless_pruning_is_asked_for(syncs: Syncs) -> None:
    syncs.have(WEB)
    assert syncs.sync() == ("Succeeded", "successfully synced (all tasks run)")
    assert syncs.results["web"] == ("PruneSkipped", "Succeeded", "ignored (requires pruning)")
    assert syncs.get("configmaps", "web")


def test_it_goes_when_pruning_is_asked_for(syncs: Syncs) -> None:
    syncs.have(WEB)
    syncs.git = [config_map("new")]
    assert syncs.sync(prune=True) == ("Succeeded", "successfully synced (all tasks run)")
    assert syncs.results["web"] == ("Pruned", "Succeeded", "pruned")
    assert syncs.get("configmaps", "web") is None
    assert syncs.get("configmaps", "new")


@pytest.mark.parametrize(
    ("own", "of_sync", "pruned"),
    [
        ("Prune=false", [], False),
        ("", ["Prune=false"], False),
        ("Prune=true", ["Prune=false"], True),
        ("Prune=false", ["Prune=true"], False),
        ("Validate=false", [], True),
    ],
)
def test_prune_false_keeps_an_object_and_its_own_word_counts_more(
    syncs: Syncs, own: str, of_sync: list[str], pruned: bool
) -> None:
    syncs.have(note(WEB, options=own))
    syncs.sync(prune=True, syncOptions=of_sync)
    code, message = syncs.results["web"][0], syncs.results["web"][2]
    assert (code, message) == (("Pruned", "pruned") if pruned else ("PruneSkipped", "ignored (no prune)"))
    assert (syncs.get("configmaps", "web") is None) is pruned


@pytest.mark.parametrize(("own", "of_sync"), [("Prune=confirm", []), ("", ["Prune=confirm"])])
def test_prune_confirm_waits_for_somebody(syncs: Syncs, own: str, of_sync: list[str]) -> None:
    syncs.have(note(WEB, options=own))
    syncs.git = [config_map("new")]
    assert syncs.sync(prune=True, syncOptions=of_sync) == (
        "Running",
        "waiting for pruning confirmation of /ConfigMap/web",
    )
    assert syncs.get("configmaps", "new") is None
    syncs.approve()
    assert syncs.go()[0] == "Succeeded"
    assert syncs.get("configmaps", "web") is None


def test_an_approval_of_before_the_sync_does_not_count(syncs: Syncs) -> None:
    syncs.have(note(WEB, options="Prune=confirm"))
    syncs.approve()
    syncs.plane.advance(5)
    assert syncs.sync(prune=True)[0] == "Running"


def test_the_last_wave_is_pruned_first_and_waited_for(syncs: Syncs) -> None:
    syncs.have(*(note(config_map(name), wave) for name, wave in (("a", "1"), ("b", "2"), ("c", "3"))))
    syncs.api.patch("configmaps", "b", {"metadata": {"finalizers": ["example.com/held"]}}, "default")
    assert syncs.sync(prune=True) == ("Running", "waiting for deletion of /ConfigMap/b")
    assert syncs.done == ["c", "b"]
    assert syncs.get("configmaps", "a")
    syncs.api.patch("configmaps", "b", {"metadata": {"finalizers": []}}, "default")
    assert syncs.go()[0] == "Succeeded"
    assert syncs.done == ["c", "b", "a"]


def test_within_a_wave_pruning_comes_first(syncs: Syncs) -> None:
    syncs.have(config_map("z"))
    syncs.git = [config_map("a")]
    syncs.sync(prune=True)
    assert syncs.done == ["z", "a"]


def test_prune_last_comes_when_all_else_is_well(syncs: Syncs) -> None:
    syncs.have(WEB)
    syncs.git = [deployment("new")]
    syncs.sync(prune=True, syncOptions=["PruneLast=true"])
    assert syncs.outcome == ("Succeeded", "successfully synced (all tasks run)")
    assert syncs.done == ["new", "web"]
    assert syncs.results["new"][1] == "Succeeded"


@pytest.mark.parametrize(
    ("option", "kept"), [("foreground", False), ("background", False), ("orphan", True), ("", False)]
)
def test_what_an_object_owns_goes_with_it_unless_it_is_orphaned(syncs: Syncs, option: str, kept: bool) -> None:
    syncs.have(deployment("web"))
    options = [f"PrunePropagationPolicy={option}"] if option else []
    syncs.sync(prune=True, syncOptions=options)
    syncs.plane.settle()
    assert syncs.get("deployments.apps", "web") is None
    assert bool(syncs.api.list("replicasets.apps", "default")) is kept


@pytest.mark.parametrize(("option", "is_there"), [("", True), ("foreground", True), ("background", False)])
def test_an_owner_waits_for_what_it_owns_unless_that_goes_in_the_background(
    syncs: Syncs, option: str, is_there: bool
) -> None:
    syncs.have(deployment("web"))
    (owned,) = syncs.api.list("replicasets.apps", "default")
    held = {"metadata": {"finalizers": ["example.com/held"]}}
    syncs.api.patch("replicasets.apps", owned["metadata"]["name"], held, "default")
    syncs.sync(prune=True, syncOptions=[f"PrunePropagationPolicy={option}"] if option else [])
    syncs.plane.settle()
    assert (syncs.get("deployments.apps", "web") is not None) is is_there
