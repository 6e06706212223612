"""What is said about an object that did not become what was waited for."""

from __future__ import annotations

import pytest
from board_samples import event, pod, waiting

from gitopslab.machinery.objects import Object
from gitopslab.views.words import newest_event, state_words

ROLLOUT: Object = {"spec": {"replicas": 3}, "status": {"readyReplicas": 2, "updatedReplicas": 1}}
DAEMONS: Object = {"status": {"desiredNumberScheduled": 4, "numberReady": 3, "updatedNumberScheduled": 1}}
CONDITION: Object = {"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "KubeletDown"}]}}


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        ({**pod("a", "n", status=waiting("ContainerCreating"))}, "ContainerCreating. Its node, n, is pulling"),
        (ROLLOUT, "2 of 3 replicas ready, 1 up to date"),
        (DAEMONS, "3 of 4 pods ready, 1 up to date"),
        (CONDITION, "Ready is False: KubeletDown"),
        ({"status": {"phase": "Bound"}}, "Bound"),
        ({}, "it exists"),
    ],
    ids=["pod", "workload", "daemons", "condition", "phase", "nothing to say"],
)
def test_an_object_says_how_it_is(obj: Object, words: str) -> None:
    assert state_words(obj).startswith(words)


def test_the_newest_warning_about_what_it_made_says_most() -> None:
    events = [
        event("web-1", "Failed", "no such image", type="Warning", age=9),
        event("web-1", "Pulling", "…", age=1),
        event("webshop-1", "Other", "…", type="Warning", age=0),
    ]
    assert newest_event(events, ["web"]) == "pod/web-1 Failed: no such image"


def test_without_events_there_is_nothing_to_say() -> None:
    assert newest_event([], ["web"]) == ""
