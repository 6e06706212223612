"""What Flux and Argo CD did with a commit, and when: read off the objects as their controllers write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from delivery_samples import ARGO_PLACE, FLUX_PLACE, NEW, OLD, PLACES, Delivered

from gitopslab.machinery.objects import Object
from gitopslab.views.drift import drift
from gitopslab.views.lanes import Lanes, lanes, lanes_svg, lanes_text
from gitopslab.views.lanes.text import after_push
from gitopslab.views.reconciler import ARGO, FLUX, Reconciler, live_objects, reconciler

AUTOMATED = {"prune": True, "selfHeal": True}
UNASKED = ("healthy", "unasked", None)


@pytest.fixture
def shop() -> Iterator[Delivered]:
    made = Delivered()
    yield made
    made.lab.plane.close()


def read(*objects: Object) -> list[Reconciler]:
    """The reconcilers among some objects."""
    followed: dict[str, list[Object]] = {}
    found = []
    for obj in objects:
        followed.setdefault(PLACES[obj["kind"]], []).append(obj)
    for obj in objects:
        if obj["kind"] != "GitRepository":
            one = reconciler(followed, obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"])
            assert one is not None
            found.append(one)
    return found


def told(shop: Delivered, found: Lanes, *, at: int = 0, lane: int = 0) -> list[tuple[str, str, float | None]]:
    """The steps of a commit: word, outcome, and seconds after the push of the newest one."""
    steps = found.commits[at].steps[lane]
    return [(step.word, step.outcome, step.seconds - shop.pushed if step.seconds else None) for step in steps]


def drawn(shop: Delivered, *objects: Object, **more: Any) -> Lanes:
    return lanes("waal/shop", shop.commits(), read(*objects), **more)


def test_a_commit_that_both_have_brought(shop: Delivered) -> None:
    found = drawn(shop, shop.source(), shop.kustomization(), shop.application(AUTOMATED))
    assert [lane.tool for lane in found.lanes] == [FLUX, ARGO]
    assert told(shop, found) == [("fetched", "done", 1.0), ("applied", "done", 2.0), UNASKED]
    assert told(shop, found, lane=1) == [("compared", "done", 2.0), ("synced", "done", 3.0), ("healthy", "done", 6.0)]
    assert [lane.state for lane in found.lanes] == ["ready", "ready"]
    assert found.lanes[1].facts == ("compares every 2 to 3 minutes", "syncs by itself", "prunes", "heals itself")


def test_one_tool_alone_is_one_lane(shop: Delivered) -> None:
    assert [lane.tool for lane in drawn(shop, shop.application()).lanes] == [ARGO]
    assert [lane.tool for lane in drawn(shop, shop.source(), shop.kustomization()).lanes] == [FLUX]
    assert drawn(shop).lanes == ()


def test_an_older_commit_is_told_from_history(shop: Delivered) -> None:
    found = drawn(shop, shop.source(), shop.kustomization(), shop.application())
    assert told(shop, found, at=1) == [("fetched", "done", None), ("applied", "done", -597.0), UNASKED]
    assert told(shop, found, at=1, lane=1)[:2] == [("compared", "done", -599.0), ("synced", "done", -598.0)]
    assert told(shop, found, at=1, lane=1)[2][1] == "untold"


def test_a_commit_that_renders_as_an_older_one_did_is_not_applied_before_it_was_fetched(shop: Delivered) -> None:
    both = {**shop.kustomization()["status"]["history"][0], "firstReconciled": shop.at(-300)}
    found = drawn(shop, shop.source(), shop.kustomization(history=[both]))
    assert told(shop, found)[:2] == [("fetched", "done", 1.0), ("applied", "done", 2.0)], "when it became ready"
    assert found.commits[0].seconds == int(shop.pushed), "and the push is not moved to that"


def test_of_commits_with_the_same_words_each_is_fetched_at_its_own_time(shop: Delivered) -> None:
    source = shop.source(artifact={"revision": "main@sha1:" + "1" * 40, "lastUpdateTime": shop.at(60)})
    same = [
        {
            "metadata": {"annotations": {"source.toolkit.fluxcd.io/revision": f"main@sha1:{sha}"}},
            "involvedObject": {"uid": source["metadata"]["uid"]},
            "reason": "NewArtifact",
            "message": "stored artifact for commit 'Update from image update automation'",
            "firstTimestamp": shop.at(seconds),
            "lastTimestamp": shop.at(seconds + later),
        }
        for sha, seconds, later in ((NEW, 1, 0), (OLD, -599, 659), ("1" * 40, 60, 0))
    ]
    commits = [{**told, "subject": "Update from image update automation"} for told in shop.commits()]
    found = lanes("waal/shop", commits, read(source, shop.kustomization(history=[])), events=same)
    assert [commit.steps[0][0].seconds - shop.pushed for commit in found.commits] == [1.0, -599.0]


def test_health_is_told_when_the_kustomization_waits(shop: Delivered) -> None:
    healthy = {"type": "Healthy", "status": "True", "reason": "Succeeded", "message": "Health check passed in 2s"}
    conditions = [{**healthy, "lastTransitionTime": shop.at(6)}]
    found = drawn(shop, shop.source(), shop.kustomization({"wait": True}, conditions=conditions))
    assert told(shop, found)[1:] == [("applied", "done", 4.0), ("healthy", "done", 6.0)], "two seconds before"


def test_a_commit_that_flux_has_not_fetched_waits(shop: Delivered) -> None:
    old = f"main@sha1:{OLD}"
    source = shop.source(artifact={"revision": old, "lastUpdateTime": shop.at(-599)})
    found = drawn(shop, source, shop.kustomization(lastAppliedRevision=old, lastAttemptedRevision=old, history=[]))
    assert told(shop, found)[:2] == [("fetched", "waiting", None), ("applied", "waiting", None)]
    assert [step.note for step in found.commits[0].steps[0][:2]] == [
        "Git is asked once an interval",
        "after it is fetched",
    ]


def test_a_commit_that_fails_says_why(shop: Delivered) -> None:
    message = "Deployment/shop-flux/web dry-run failed (Invalid): spec.replicas: Invalid value"
    ready = {"type": "Ready", "status": "False", "reason": "ReconciliationFailed", "message": message}
    failed = shop.kustomization(
        lastAppliedRevision=f"main@sha1:{OLD}", conditions=[{**ready, "lastTransitionTime": shop.at(2)}], history=[]
    )
    found = drawn(shop, shop.source(), failed)
    assert told(shop, found)[1] == ("applied", "failed", 2.0)
    assert found.commits[0].steps[0][1].note == message
    assert (found.lanes[0].state, found.lanes[0].sentence) == ("failed", message)


def test_a_sync_that_runs_and_one_that_nobody_started(shop: Delivered) -> None:
    old = [{"id": 0, "revision": OLD, "deployStartedAt": shop.at(-599), "deployedAt": shop.at(-598)}]
    running = {
        "phase": "Running",
        "startedAt": shop.at(3),
        "message": "waiting for healthy state of apps/Deployment/web",
        "operation": {"sync": {"revision": NEW}},
    }
    found = drawn(shop, shop.application(AUTOMATED, history=old, operationState=running))
    assert told(shop, found)[1] == ("synced", "now", 3.0)
    manual = shop.application(history=old, operationState={}, sync={"status": "OutOfSync", "revision": NEW})
    found = drawn(shop, manual)
    assert told(shop, found) == [("compared", "done", 60.0), ("synced", "waiting", None), ("healthy", "waiting", None)]
    assert found.commits[0].steps[0][1].note == "syncs are manual"
    assert found.lanes[0].state == "notready"


def test_a_step_stays_where_it_was_first_seen(shop: Delivered) -> None:
    first = drawn(shop, shop.source(), shop.kustomization(history=[]))
    later = {"type": "Ready", "status": "True", "message": "", "lastTransitionTime": shop.at(602)}
    again = shop.kustomization(history=[], conditions=[later])
    assert told(shop, drawn(shop, shop.source(), again))[1] == ("applied", "done", 602.0)
    assert told(shop, drawn(shop, shop.source(), again, before=first))[1] == ("applied", "done", 2.0)


def test_what_happens_later_is_no_part_of_what_became_of_a_commit(shop: Delivered) -> None:
    first = drawn(shop, shop.application(AUTOMATED))
    scaled = shop.application(AUTOMATED, health={"status": "Progressing", "lastTransitionTime": shop.at(50)})
    second = drawn(shop, scaled, before=first)
    assert told(shop, second)[2] == ("healthy", "done", 6.0)
    assert second.lanes[0].sentence == "Synced to 8c4e02d1, Progressing", "the lane tells how it is now"
    stale = shop.application(AUTOMATED, health={"status": "Healthy", "lastTransitionTime": shop.at(-90)})
    assert told(shop, drawn(shop, scaled, before=drawn(shop, stale)))[2] == ("healthy", "now", 50.0)


def test_the_push_is_never_after_what_followed_it(shop: Delivered) -> None:
    late = [{**told, "seconds": told["seconds"] + 500} for told in shop.commits()]
    found = lanes("waal/shop", late, read(shop.source(), shop.kustomization()))
    assert found.commits[0].seconds == shop.pushed + 1


def test_drift_is_told_in_both_lanes(shop: Delivered) -> None:
    for place in (FLUX_PLACE, ARGO_PLACE):
        shop.scale(place, 5)
    objects = [shop.source(), shop.kustomization(), shop.application(AUTOMATED)]
    several, live = read(*objects), live_objects(shop.objects(*objects))
    places = {FLUX: FLUX_PLACE, ARGO: ARGO_PLACE}
    drifts = {each.tool: drift(each, shop.git(places[each.tool]), live, NEW) for each in several}
    flux, argo = drawn(shop, *objects, drifts=drifts).lanes
    assert [(each.path, each.words, each.owner) for each in flux.drift] == [
        ("spec.replicas", "2 in Git, 5 live", "kubectl (scale)")
    ]
    assert flux.drift[0].fate == "put back at its next reconcile, within 10m0s"
    assert argo.drift[0].fate == "put back at once (selfHeal is on)"


def test_what_argo_cd_says_itself_is_enough_for_drift(shop: Delivered) -> None:
    resources = [
        {
            "group": "apps",
            "version": "v1",
            "kind": "Deployment",
            "namespace": ARGO_PLACE,
            "name": "web",
            "status": "OutOfSync",
        }
    ]
    (argo,) = drawn(shop, shop.application(resources=resources)).lanes
    assert [(each.object, each.words) for each in argo.drift] == [("Deployment/shop-argo/web", "OutOfSync")]


def test_the_twins_say_the_same(shop: Delivered) -> None:
    found = drawn(shop, shop.source(), shop.kustomization(), shop.application(AUTOMATED))
    assert lanes_text(found).splitlines() == [
        "waal/shop: 2 newest commits with Flux and Argo CD",
        "✓ Flux, Kustomization flux-system/shop: Applied revision: main@sha1:8c4e02d1"
        " (asks Git every 1m0s, repairs every 10m0s, prunes)",
        "✓ Argo CD, Application argocd/shop: Synced to 8c4e02d1, Healthy"
        " (compares every 2 to 3 minutes, syncs by itself, prunes, heals itself)",
        "8c4e02d1 Two replicas (Learner)",
        "    Flux: ✓ fetched +1 s · ✓ applied +2 s · ○ healthy not asked"
        " (without spec.wait nobody looks: Ready means applied)",
        "    Argo CD: ✓ compared +2 s · ✓ synced +3 s · ✓ healthy +6 s",
        "3f9a1c27 Open the shop (Learner)",
        "    Flux: ✓ fetched · ✓ applied +3 s · ○ healthy not asked",
        "    Argo CD: ✓ compared +1 s · ✓ synced +2 s · \u2571 healthy not told",
    ]
    picture = lanes_svg(found)
    assert picture.startswith("<svg")
    assert picture.count(">+2 s<") == 2
    assert "Kustomization flux-system/shop" in picture


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "+0 s"), (-3, "+0 s"), (59, "+59 s"), (60, "+1 m"), (65, "+1 m 5 s"), (3725, "+1 h 2 m")],
)
def test_times_are_told_from_the_push_on(seconds: float, words: str) -> None:
    assert after_push(seconds) == words
