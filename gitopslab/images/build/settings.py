"""The instructions that change only how containers are started, and add no layer.

``builder`` finds them in ``SETTINGS`` by keyword. Each reads its arguments, changes the stage's settings in the words
of the OCI image configuration, and records itself in the history.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gitopslab.images.build.stage import Stage, quoted
from gitopslab.images.dockerfile.instructions import Instruction
from gitopslab.images.dockerfile.lines import Fault

_SIGNALS = re.compile(
    r"(?:HUP|INT|QUIT|ILL|TRAP|ABRT|BUS|FPE|KILL|USR[12]|SEGV|PIPE|ALRM|TERM|STKFLT|CHLD|CONT|STOP|TSTP|TTIN|TTOU|URG"
    r"|XCPU|XFSZ|VTALRM|PROF|WINCH|IO|PWR|SYS|RTM(?:IN|AX)(?:[+-]\d+)?)"
)
_PORT = re.compile(r"(\d+)(?:-(\d+))?(?:/([a-zA-Z]+))?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)")
_NANOSECONDS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def _env(stage: Stage, instruction: Instruction) -> None:
    # all values see the environment as it was before the instruction
    pairs = [
        (_word(stage, instruction, name), _word(stage, instruction, value or "")) for name, value in instruction.pairs
    ]
    variables = stage.env | dict(pairs)
    stage.settings["Env"] = [f"{name}={value}" for name, value in variables.items()]
    stage.record(instruction, " ".join(f"{name}={value}" for name, value in pairs))


def _arg(stage: Stage, instruction: Instruction) -> None:
    given = stage.bench.request.args
    told = []
    for name, default in instruction.pairs:
        known = stage.outside.get(name) if default is None else _word(stage, instruction, default)
        value = given.get(name, known)
        if value is not None:
            stage.arguments[name] = value
        told.append(name if value is None else f"{name}={value}")
    stage.record(instruction, " ".join(told))


def _label(stage: Stage, instruction: Instruction) -> None:
    pairs = [
        (_word(stage, instruction, name), _word(stage, instruction, value or "")) for name, value in instruction.pairs
    ]
    stage.settings["Labels"] = {**(stage.settings.get("Labels") or {}), **dict(pairs)}
    stage.record(instruction, " ".join(f"{name}={value}" for name, value in pairs))


def _expose(stage: Stage, instruction: Instruction) -> None:
    ports: dict[str, Any] = dict(stage.settings.get("ExposedPorts") or {})
    for written in instruction.words:
        for word in _word(stage, instruction, written).split():
            ports |= {port: {} for port in _ports(instruction, word)}
    stage.settings["ExposedPorts"] = ports
    stage.record(instruction, instruction.text)


def _ports(instruction: Instruction, word: str) -> list[str]:
    match = _PORT.fullmatch(word)
    first = int(match[1]) if match else 0
    last = int(match[2] or first) if match else 0
    if not match or not 0 < first <= last < 65536:
        raise Fault(instruction.line, f"invalid containerPort: {word}", "Write a port from 1 to 65535, such as 8000.")
    protocol = (match[3] or "tcp").lower()
    if protocol not in ("tcp", "udp", "sctp"):
        raise Fault(instruction.line, f"invalid proto: {protocol}", "Write PORT, PORT/tcp, PORT/udp or PORT/sctp.")
    return [f"{port}/{protocol}" for port in range(first, last + 1)]


def _volume(stage: Stage, instruction: Instruction) -> None:
    paths = [_word(stage, instruction, word) for word in instruction.words]
    if not all(path.strip() for path in paths):
        raise Fault(instruction.line, "VOLUME specified can not be an empty string", "Write a path, such as /data.")
    stage.settings["Volumes"] = {**(stage.settings.get("Volumes") or {}), **{path: {} for path in paths}}
    stage.record(instruction, f"[{' '.join(paths)}]")


def _user(stage: Stage, instruction: Instruction) -> None:
    stage.settings["User"] = _word(stage, instruction, instruction.words[0])
    stage.record(instruction, stage.settings["User"])


def _stopsignal(stage: Stage, instruction: Instruction) -> None:
    word = _word(stage, instruction, instruction.words[0])
    name = word.upper().removeprefix("SIG")
    is_number = word.isdigit() and 0 < int(word) < 65
    if not is_number and not _SIGNALS.fullmatch(name):
        raise Fault(instruction.line, f"invalid signal: {word}", "Write a signal's name or number, such as SIGTERM.")
    stage.settings["StopSignal"] = word
    stage.record(instruction, word)


def _cmd(stage: Stage, instruction: Instruction) -> None:
    stage.settings["Cmd"] = _command(stage, instruction)
    stage.has_command = True
    stage.record(instruction, quoted(stage.settings["Cmd"]))


def _entrypoint(stage: Stage, instruction: Instruction) -> None:
    stage.settings["Entrypoint"] = _command(stage, instruction)
    if not stage.has_command:  # the base's arguments were for the base's program
        stage.settings.pop("Cmd", None)
    stage.record(instruction, quoted(stage.settings["Entrypoint"]))


def _command(stage: Stage, instruction: Instruction) -> list[str]:
    if instruction.is_json or not instruction.words:
        return list(instruction.words)
    return stage.shell(instruction.words[0])


def _shell(stage: Stage, instruction: Instruction) -> None:
    stage.settings["Shell"] = list(instruction.words)
    stage.record(instruction, quoted(list(instruction.words)))


def _healthcheck(stage: Stage, instruction: Instruction) -> None:
    check: dict[str, Any] = {"Test": list(instruction.words)}
    flags = ("interval", "Interval"), ("timeout", "Timeout"), ("start-period", "StartPeriod")
    for flag, field in (*flags, ("start-interval", "StartInterval")):
        if instruction.flag(flag):
            check[field] = _nanoseconds(instruction, flag)
    if instruction.flag("retries"):
        if not instruction.flag("retries").isdigit():
            raise Fault(instruction.line, "--retries must be a number", "Write --retries=3.")
        check["Retries"] = int(instruction.flag("retries"))
    stage.settings["Healthcheck"] = check
    stage.record(instruction, instruction.text)


def _nanoseconds(instruction: Instruction, flag: str) -> int:
    text = instruction.flag(flag)
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Fault(instruction.line, f'time: invalid duration "{text}"', f"Write --{flag}=30s or --{flag}=1m30s.")
    total = sum(float(number) * _NANOSECONDS[unit] for number, unit in parts)
    if 0 < total < 10**6:
        raise Fault(instruction.line, f'Interval "{flag}" cannot be less than 1ms', f"Write --{flag}=1s.")
    return round(total)


def _onbuild(stage: Stage, instruction: Instruction) -> None:
    stage.settings["OnBuild"] = [*(stage.settings.get("OnBuild") or []), instruction.words[0]]
    stage.record(instruction, instruction.words[0])


def _maintainer(stage: Stage, instruction: Instruction) -> None:
    stage.author = instruction.words[0]
    stage.record(instruction, stage.author)


def _word(stage: Stage, instruction: Instruction, word: str) -> str:
    return stage.expanded(instruction, word)


SETTINGS: dict[str, Callable[[Stage, Instruction], None]] = {
    "ARG": _arg,
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "ONBUILD": _onbuild,
    "SHELL": _shell,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
}
"""What changes the settings, by keyword."""
