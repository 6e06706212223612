"""Probes: what one sees, and what a row of results means.

``play`` advances the probes of a running container; ``check_of`` says what a single try sees, ``advance`` counts
successes and failures against the thresholds as the kubelet's probe workers do (``pkg/kubelet/prober``). Leaves to
others: restarting a container whose liveness or startup probe failed.

Simplified: nothing is connected to. A probe passes unless it obviously cannot: its port is neither declared nor one
the image serves, its path has a word of ``unserved`` in ``images.yaml``, its command fails in the tiny shell.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, replace
from math import ceil
from random import Random

from gitopslab.controlplane.kubelet.images import parse, table
from gitopslab.controlplane.kubelet.programs import Program
from gitopslab.controlplane.kubelet.session import Printed
from gitopslab.controlplane.kubelet.shell import Shell
from gitopslab.controlplane.kubelet.words import NotUnderstoodError
from gitopslab.machinery.objects import Object

_LISTENS_AFTER = 0.2  # a program needs a moment before the first try


@dataclass(frozen=True, slots=True)
class Check:
    """What one try saw.

    Attributes:
        passed: Whether it succeeded.
        message: What the event says of a failure.
        until: Seconds after the start at which the answer may change; None when it never does.
        answered: Whether the program answered at all, be it with an error.
        at: When a real try was over, in seconds after the start; None when it took no time.
    """

    passed: bool
    message: str = ""
    until: float | None = None
    answered: bool = True
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Tries:
    """A probe's row of tries.

    Attributes:
        next: Seconds after the start of the next try; None when no further try can change anything.
        passes: Successes in a row.
        failures: Failures in a row.
        result: What they mean so far: whether the container is ready, alive, or started.
        messages: Failures seen in this advance, to be said in events.
        waits: Whether a real try is under way, whose answer is not known yet.
    """

    next: float | None
    passes: int = 0
    failures: int = 0
    result: bool = False
    messages: tuple[str, ...] = ()
    waits: bool = False


def begin(probe: Object, *, result: bool, at: float = 0.0) -> Tries:
    """A probe that begins ``at`` seconds after its container's start.

    Args:
        probe: The probe.
        result: What holds before the first try: True for liveness, False for readiness and startup.
        at: When the startup probe allowed it.
    """
    return Tries(max(float(probe.get("initialDelaySeconds") or 0), at, _LISTENS_AFTER), result=result)


def advance(tries: Tries, probe: Object, check: Callable[[float], Check | None], seconds: float) -> Tries:
    """All tries that are due until ``seconds`` after the start, and of real ones the first whose answer is awaited."""
    period = max(1, probe.get("periodSeconds") or 10)
    tries = replace(tries, messages=(), waits=False)
    while tries.next is not None and tries.next <= seconds:
        seen = check(tries.next)
        if seen is None:
            return replace(tries, waits=True)
        tries = _counted(tries, probe, seen)
        tries = replace(tries, next=_following(tries, seen, period))
    return tries


def _counted(tries: Tries, probe: Object, seen: Check) -> Tries:
    if seen.passed:
        passes = tries.passes + 1
        result = tries.result or passes >= (probe.get("successThreshold") or 1)
        return replace(tries, passes=passes, failures=0, result=result)
    failures = tries.failures + 1
    result = tries.result and failures < (probe.get("failureThreshold") or 3)
    return replace(tries, passes=0, failures=failures, result=result, messages=(*tries.messages, seen.message))


def _following(tries: Tries, seen: Check, period: float) -> float | None:
    """When to try again: every period, but while all is well only when the answer may have changed."""
    assert tries.next is not None
    if seen.at is not None:
        return max(tries.next, seen.at) + period
    if not (seen.passed and tries.result):
        return tries.next + period
    if seen.until is None:
        return None
    return tries.next + period * max(1, ceil((seen.until - tries.next) / period))


def check_of(
    probe: Object,
    container: Object,
    program: Program,
    seconds: float,
    address: str,
    files: MutableMapping[str, str] | None = None,
) -> Check:
    """What a single try sees in a simulated container.

    Args:
        probe: The probe.
        container: The container's entry in the pod's spec.
        program: What runs in it.
        seconds: Since its start.
        address: The pod's.
        files: The container's files, where somebody has been inside; default what its program has made by now.
    """
    if "exec" in probe:
        words, timeout = probe["exec"].get("command") or [], probe.get("timeoutSeconds") or 1
        session = Shell(
            dict(program.place.variables),
            program.place.hostname,
            files=program.files_at(seconds) if files is None else files,
            began=program.place.began + seconds,
            names=program.place.names,
            chance=Random(f"{program.place.seed}/{seconds}"),
        )
        seen = _command(words, timeout, session)
        until = next((at for at, _, _ in program.history if at > seconds), None)
        return replace(seen, until=until if files is None else seconds)
    for kind in ("httpGet", "tcpSocket", "grpc"):
        if kind in probe:
            return _connection(kind, probe[kind], container, program, address)
    return Check(True)


def _command(words: list[str], timeout: int, session: Shell) -> Check:
    lines: list[str] = []
    try:
        for line in session.play(words):
            if isinstance(line, Printed):
                if line.at > timeout:  # which the rounds of a loop tell, too
                    break
                lines += [line.text] if line.text is not None else []
    except NotUnderstoodError:
        return Check(True)
    if session.at > timeout:
        return Check(False, f'command timed out: "{" ".join(words)}" timed out after {timeout}s')
    return Check(session.code == 0, "\n".join(lines))


def _connection(kind: str, target: Object, container: Object, program: Program, address: str) -> Check:
    ports = container.get("ports") or ()
    port = target.get("port", 80)
    named = {entry.get("name"): entry["containerPort"] for entry in ports}
    number = port if isinstance(port, int) else named.get(port, int(port) if str(port).isdigit() else None)
    host = target.get("host") or address
    if number is None:
        return Check(False, f'strconv.Atoi: parsing "{port}": invalid syntax', answered=False)
    if not listens(container, program, number):
        refused = f"dial tcp {host}:{number}: connect: connection refused"
        if kind == "httpGet":
            scheme, path = str(target.get("scheme", "HTTP")).lower(), target.get("path", "/")
            refused = f'Get "{scheme}://{host}:{number}{path}": {refused}'
        return Check(False, refused, answered=False)
    path = str(target.get("path", "/")).lower()
    if kind == "httpGet" and any(word in path for word in table()["unserved"]):
        return Check(False, "HTTP probe failed with statuscode: 404")
    return Check(True)


def listens(container: Object, program: Program, port: int) -> bool:
    """Whether the program listens on a port: one its image serves, or one that is declared; any, if nobody knows."""
    image = parse(container.get("image", ""))
    served = set(image.server.get("listens", ())) if image and not program.words else set()
    served |= {entry["containerPort"] for entry in container.get("ports") or ()}
    return not served or port in served
