"""The last steps of an apply: the scheduler picks nodes, the kubelets start containers and report.

Called by ``path_controllers``. Why a pod cannot run is worded by ``reasons``.
"""

from __future__ import annotations

from collections.abc import Sequence

from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, condition_of, name_of
from gitopslab.views.path_trail import Ending, Trail, command, made_at, turned_at
from gitopslab.views.pods import state_of
from gitopslab.views.reasons import plain_verdict, sentence_of
from gitopslab.views.words import counted

_SCHEDULER, _KUBELET = "kube-scheduler", "kubelet"


def schedule(trail: Trail, pods: Sequence[Object]) -> Ending:
    """From pods without a node to pods with one, and on to their kubelets."""
    placed = [pod for pod in pods if pod["spec"].get("nodeName")]
    trail.places |= {pod["spec"]["nodeName"] for pod in placed}
    if placed:
        trail.add(
            _SCHEDULER,
            sees=f"{counted(len(placed), 'pod')} without a node",
            writes="a node for each" if len(placed) > 1 else f"node {placed[0]['spec']['nodeName']}",
            title=f"The scheduler picks {'nodes' if len(placed) > 1 else 'a node'}",
            sentence="It leaves out every node that does not fit, gives the others points and takes the best.",
            details=[f"{name_of(pod)} → {pod['spec']['nodeName']}" for pod in placed],
            seconds=max(turned_at(condition_of(pod, "PodScheduled")) for pod in placed),
            command=command("get", placed[0], "-o wide"),
        )
    homeless = [pod for pod in pods if not pod["spec"].get("nodeName")]
    return _homeless(trail, homeless) if homeless else _start(trail, placed)


def _homeless(trail: Trail, pods: Sequence[Object]) -> Ending:
    told = next((one for pod in pods if (one := condition_of(pod, "PodScheduled"))), None)
    if told is None or trail.runs.of(_SCHEDULER) is False:
        return trail.stalled(_SCHEDULER, "Nobody has picked a node", max(map(made_at, pods)))
    gated = told.get("reason") == "SchedulingGated"
    why = sentence_of(pods[0]) if gated else plain_verdict(told.get("message") or "")
    trail.add(
        _SCHEDULER,
        sees=f"{counted(len(pods), 'pod')} without a node",
        writes="nothing",
        title=f"The scheduler finds no node for {counted(len(pods), 'pod')}",
        sentence=why,
        details=[name_of(pod) for pod in pods],
        seconds=turned_at(told),
        command=command("describe", pods[0]),
        state="failed",
    )
    return Ending(_SCHEDULER, "waiting" if gated else "failed", why)


def _start(trail: Trail, pods: Sequence[Object]) -> Ending:
    begun = [pod for pod in pods if pod.get("status", {}).get("startTime")]
    if begun:
        nodes = sorted({pod["spec"]["nodeName"] for pod in begun})
        several = len(nodes) > 1
        who = f"kubelets of {_listed(nodes)} start" if several else f"kubelet of {nodes[0]} starts"
        trail.add(
            _KUBELET,
            sees=f"pods bound to {'their nodes' if several else nodes[0]}",
            writes="status: starting",
            title=f"The {who} containers",
            sentence="Each kubelet pulls the images of the pods on its own node and starts their containers.",
            details=[_kubelet_line(trail, pod) for pod in begun],
            seconds=min(seconds_of(pod["status"]["startTime"]) for pod in begun),
            command=command("describe", begun[0]),
        )
    unwell = [pod for pod in pods if state_of(pod) not in ("ready", "running", "succeeded")]
    return _unwell(trail, unwell, len(pods)) if unwell else _well(trail, pods)


def _well(trail: Trail, pods: Sequence[Object]) -> Ending:
    over = all(state_of(pod) == "succeeded" for pod in pods)
    words = f"{counted(len(pods), 'pod')} {'ended well' if over else 'ready'}"
    trail.add(
        _KUBELET,
        sees="its containers",
        writes="status: Succeeded" if over else "status: Ready",
        title=f"The kubelets report: {words}",
        sentence="The program has done its work." if over else "From now on Services send traffic to these pods.",
        seconds=max(turned_at(condition_of(pod, "Ready")) for pod in pods),
        command=command("get", pods[0]),
    )
    return Ending(_KUBELET, "done", f"The path is complete: {words}.")


def _unwell(trail: Trail, pods: Sequence[Object], of: int) -> Ending:
    silent = sorted({node for pod in pods if not trail.runs.of_kubelet(node := pod["spec"]["nodeName"])})
    if silent:
        words = f"The kubelet of {_listed(silent)} is silent: nobody starts containers there."
        return Ending(_KUBELET, "stopped", words)
    failing = [pod for pod in pods if state_of(pod) == "failed"]
    if failing:
        return Ending(_KUBELET, "failed", sentence_of(failing[0]))
    if trail.runs.held:
        words = f"{of - len(pods)} of {counted(of, 'pod')} ready. The clock is held: step it to go on."
        return Ending(_KUBELET, "waiting", words)
    return Ending(_KUBELET, "waiting", sentence_of(pods[0]))


def _kubelet_line(trail: Trail, pod: Object) -> str:
    said = [words.split(" in ")[0].rstrip(".") for words in trail.said(pod, "Pulled", "Started", "Failed", "BackOff")]
    return f"{name_of(pod)} on {pod['spec']['nodeName']}: {'; '.join(said) or 'begun'}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
