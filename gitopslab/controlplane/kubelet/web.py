"""``wget`` and ``curl`` for visitors of played containers.

``commands`` lists them. What answers is what listens in the played pods (``inside.servers``); ``inside.reach`` finds
it. The words are busybox's and curl's.

Simplified: for visitors only, and for what runs at somebody's terminal: a script that asks is not understood. The usual
options only, and GET; nobody outside of the cluster is asked, and no program that really runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitopslab.controlplane.kubelet.session import Answer, Play, Session, lines
from gitopslab.controlplane.kubelet.words import AttendedError, NotUnderstoodError

_URL = re.compile(r"(?:http://)?(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>\d{1,5}))?(?P<path>/\S*)?")
_ADDRESS = re.compile(r"\d+(\.\d+){3}|localhost")
_REASONS = {200: "OK", 404: "Not Found"}
_IGNORED = {"wget": "qcTt", "curl": "sSLkm"}
_WITH_VALUE = {"wget": "OTt", "curl": "om"}


@dataclass(frozen=True, slots=True)
class _Asked:
    host: str
    port: int
    target: str
    options: dict[str, str]
    address: str
    answer: Answer | None


def wget(session: Session, arguments: list[str]) -> Play:
    """``wget URL``, also ``-q``, ``-O FILE`` and ``--spider``."""
    asked = _asked(session, "wget", arguments)
    if not asked.address:
        yield session.complain(f"wget: bad address '{asked.host}'")
        return
    quiet, target = "q" in asked.options, asked.options.get("O", _name_of(asked.target))
    if not quiet:
        yield session.complain(f"Connecting to {asked.host}:{asked.port} ({asked.address}:{asked.port})", 0)
    if asked.answer is None:
        yield session.complain(f"wget: can't connect to remote host ({asked.address}): Connection refused")
    elif asked.answer.code != 200:
        status = f"{asked.answer.code} {_REASONS.get(asked.answer.code, '')}".strip()
        yield session.complain(f"wget: server returned error: HTTP/1.1 {status}")
    elif "spider" in asked.options:
        yield session.complain("remote file exists", 0)
    else:
        yield from _put(session, "wget", target, asked.answer.body)
        if not quiet and target != "-":
            yield session.complain(f"'{target}' saved", 0)


def curl(session: Session, arguments: list[str]) -> Play:
    """``curl URL``, also ``-s``, ``-o FILE``, ``-f`` and ``-I``."""
    asked, failed = _asked(session, "curl", arguments), None
    if not asked.address:
        failed = 6, f"Could not resolve host: {asked.host}"
    elif asked.answer is None:
        failed = 7, f"Failed to connect to {asked.host} port {asked.port} after 0 ms: Could not connect to server"
    elif "f" in asked.options and asked.answer.code >= 400:
        failed = 22, f"The requested URL returned error: {asked.answer.code}"
    if failed is not None:
        session.code = failed[0]
        if "s" not in asked.options or "S" in asked.options:
            yield session.complain(f"curl: ({failed[0]}) {failed[1]}", failed[0])
    elif asked.answer is not None and "I" in asked.options:
        body = asked.answer.body.encode("utf-8", "surrogateescape")
        yield session.say(f"HTTP/1.1 {asked.answer.code} {_REASONS.get(asked.answer.code, '')}\r")
        yield session.say(f"content-type: {asked.answer.media_type}\r")
        yield session.say(f"content-length: {len(body)}\r\n\r")
    elif asked.answer is not None:
        yield from _put(session, "curl", asked.options.get("o", "-"), asked.answer.body)


def _asked(session: Session, command: str, arguments: list[str]) -> _Asked:
    options, urls = _options(command, arguments)
    match = _URL.fullmatch(urls[0]) if len(urls) == 1 else None
    if match is None:
        raise NotUnderstoodError(" ".join([command, *arguments]))
    if session.ask is None:
        raise AttendedError(" ".join([command, *arguments]))
    host, port, target = match["host"], int(match["port"] or 80), match["path"] or "/"
    address = host if _ADDRESS.fullmatch(host) else session.address(host)
    agent = "Wget" if command == "wget" else "curl/8.5.0"
    return _Asked(host, port, target, options, address, session.ask(host, port, target, agent) if address else None)


def _options(command: str, arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options by their sign, and what is no option."""
    options, others, left = dict[str, str](), list[str](), list(arguments)
    while left:
        word = left.pop(0)
        if word == "--spider" or word.startswith("--timeout="):
            options[word.strip("-").partition("=")[0]] = ""
        elif not word.startswith("-") or word == "-":
            others.append(word)
        else:
            signs = word[1:]
            while signs:
                sign, signs = signs[0], signs[1:]
                if sign not in _IGNORED[command] + "OfIo":
                    raise NotUnderstoodError(f"{command} {word}")
                options[sign] = ""
                if sign in _WITH_VALUE[command]:
                    options[sign], signs = signs or (left.pop(0) if left else ""), ""
    return options, others


def _name_of(target: str) -> str:
    return target.partition("?")[0].rpartition("/")[2] or "index.html"


def _put(session: Session, command: str, target: str, body: str) -> Play:
    if target == "-":
        yield from lines(session, body, "")
        return
    try:
        session.write(target, body)
    except OSError as error:
        yield session.complain(f"{command}: can't open '{target}': {error.strerror}")
