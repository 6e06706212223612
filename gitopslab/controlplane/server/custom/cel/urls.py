"""``url('https://example.com:80/path?k=v')``: addresses of the web, read and refused as Go does it.

``library`` gives them to expressions. Upstream: ``apiserver/pkg/cel/library/urls.go`` and ``net/url``
(``ParseRequestURI``).
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, unquote

from gitopslab.controlplane.server.custom.cel.evaluation.values import Opaque

_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}")
_IN_HOST = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:\[\]<>\"%\x80-\U0010ffff]")
_SCHEME = re.compile("([A-Za-z][A-Za-z0-9+.-]*):")
_OF_PATH = "/-._~!$&'()*+,;=:@"


class URL(Opaque):
    """An address of the web."""

    type_name = "kubernetes.URL"


def url(text: str) -> Opaque:
    """An address, or a path.

    Raises:
        ValueError: It is neither; the message is upstream's.
    """
    problem = problem_of(text)
    if problem:
        raise ValueError(f'URL parse error during conversion from string: parse "{text}": {problem}')
    text = text.partition("#")[0]
    given = text.partition("?")[0]
    scheme, authority, path = _parts(given)
    host = authority.rpartition("@")[2]
    name, port = _divided(host)
    return URL(
        scheme=scheme,
        host=host,
        hostname=name,
        port=port,
        escapedPath=_escaped(path),
        query=_query(text.partition("?")[2]),
        text=text,
    )


def is_url(text: str) -> bool:
    """Whether it is one."""
    return not problem_of(text)


def problem_of(text: str) -> str:
    """Why a text is no such address, in Go's words; empty when it is one."""
    if any(character < " " or character == "\x7f" for character in text):
        return "net/url: invalid control character in URL"
    if not text:
        return "empty url"
    if text.startswith(":"):
        return "missing protocol scheme"
    if _SCHEME.match(text) is None and not text.startswith("/"):
        return "invalid URI for request"
    _, authority, path = _parts(text.partition("?")[0])
    return _host_problem(authority.rpartition("@")[2]) or _escape_problem(path)


def _parts(text: str) -> tuple[str, str, str]:
    """The scheme, the authority and the path of an address without parameters."""
    found = _SCHEME.match(text)
    if found is None:
        return "", "", text
    scheme, rest = found[1].lower(), text[found.end() :]
    if not rest.startswith("/"):
        return scheme, "", ""  # opaque, as ``mailto:`` is
    if not rest.startswith("//"):
        return scheme, "", rest
    authority, slash, path = rest[2:].partition("/")
    return scheme, authority, slash + path


def _host_problem(host: str) -> str:
    if host.startswith("["):
        if "]" not in host:
            return "missing ']' in host"
        port = host.rpartition("]")[2]
    else:
        port = host[host.rfind(":") :] if ":" in host else ""
    if port and not re.fullmatch(":[0-9]*", port):
        return f'invalid port "{port}" after host'
    wrong = _IN_HOST.search(host)
    return f'invalid character "{wrong.group()}" in host name' if wrong is not None else _escape_problem(host)


def _escape_problem(text: str) -> str:
    wrong = _ESCAPE.search(text)
    return f'invalid URL escape "{wrong.group()}"' if wrong is not None else ""


def _divided(host: str) -> tuple[str, str]:
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = host.partition(":")
    return name, port


def _escaped(path: str) -> str:
    """A path as it was written, where that is how it may be; else escaped anew."""
    is_fine = re.fullmatch(r"(?:[A-Za-z0-9/\-._~!$&'()*+,;=:@\[\]]|%[0-9A-Fa-f]{2})*", path) is not None
    return path if is_fine else quote(unquote(path), safe=_OF_PATH)


def _query(text: str) -> dict[str, list[str]]:
    """Its parameters; Go passes over a pair with a semicolon."""
    fine = "&".join(pair for pair in text.split("&") if ";" not in pair)
    return parse_qs(fine, keep_blank_values=True)
