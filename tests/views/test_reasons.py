"""Why a pod does not run, in one sentence."""

from __future__ import annotations

import pytest
from board_samples import NO_ROOM, finished, pod, running, unschedulable, waiting

from gitopslab.machinery.objects import Object
from gitopslab.views.reasons import plain_verdict, sentence_of


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (NO_ROOM, "No node fits: 1 has a taint it does not tolerate, 3 have too little free CPU."),
        (
            "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, "
            "1 Insufficient memory, 2 node(s) were unschedulable. preemption: 0/4 nodes are available.",
            "No node fits: 1 has a taint it does not tolerate (node-role.kubernetes.io/control-plane), "
            "1 has too little free memory, 2 are cordoned.",
        ),
        (
            "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
            "No node fits: 2 do not match its node selector or affinity.",
        ),
        ("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.", "No node fits: 1 has too little nvidia.com/gpu."),
        ("0/1 nodes are available: 1 of a new kind of trouble.", "No node fits: 1 of a new kind of trouble."),
        ("no nodes available to schedule pods", "no nodes available to schedule pods"),
    ],
    ids=["recorded", "taint with its key", "selector", "another resource", "unknown words stay", "another message"],
)
def test_the_verdict_of_the_scheduler_in_plain_words(message: str, sentence: str) -> None:
    assert plain_verdict(message) == sentence


CRASH = waiting("CrashLoopBackOff", ended={"exitCode": 137, "reason": "OOMKilled"})
NO_CONFIG = waiting("CreateContainerConfigError", message='configmap "x" not found')
EVICTED: Object = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}
GATE: Object = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}


@pytest.mark.parametrize(
    ("obj", "part"),
    [
        (pod("a"), "Waiting for the scheduler."),
        (pod("a", status=unschedulable(NO_ROOM)), "too little free CPU"),
        (pod("a", status={"phase": "Pending", "conditions": [GATE]}), "scheduling gate"),
        (pod("a", "n", image="nginx:1.99", status=waiting("ImagePullBackOff")), "nginx:1.99 of container main"),
        (pod("a", "n", status=CRASH), "keeps ending (out of memory)"),
        (pod("a", "n", status=NO_CONFIG), '"x" not found'),
        (pod("a", "n", status=waiting("ContainerCreating")), "Its node, n, is pulling"),
        (pod("a", "n", status=running(ready=False)), "not ready to receive traffic"),
        (pod("a", "n", status=finished("Failed", 3)), "Container main ended with exit code 3."),
        (pod("a", "n", status=EVICTED), "low on"),
        (pod("a", "n", terminating=True), "Told to stop"),
    ],
    ids=[
        "new", "no room", "gated", "no image", "out of memory", "no ConfigMap", "creating", "not ready", "failed",
        "evicted", "terminating",
    ],
)  # fmt: skip
def test_a_pod_in_waiting_or_trouble_says_why(obj: Object, part: str) -> None:
    assert part in sentence_of(obj)


@pytest.mark.parametrize("obj", [pod("a", "n"), pod("a", "n", status=finished("Succeeded"))], ids=["ready", "done"])
def test_a_pod_that_is_well_needs_no_words(obj: Object) -> None:
    assert sentence_of(obj) == ""


def test_a_sentence_never_fills_the_screen() -> None:
    assert len(plain_verdict("x" * 1000)) <= 220
