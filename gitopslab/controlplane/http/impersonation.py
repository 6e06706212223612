"""The ``Impersonate-*`` headers: whom a request wants to be.

Called by ``security`` for every request; whether it may is for ``server.authorization`` to say. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from gitopslab.controlplane.server.authorization.impersonation import Wanted
from gitopslab.errors import bad_request
from gitopslab.machinery.policyrules import quoted

_PREFIX = b"impersonate-"
_USER, _UID, _GROUP, _EXTRA = "impersonate-user", "impersonate-uid", "impersonate-group", "impersonate-extra-"


def wanted_of(headers: Iterable[tuple[bytes, bytes]]) -> Wanted | None:
    """Whom the headers name; None when they name nobody.

    Args:
        headers: All of them, in lower case: a group or an extra key may come several times.

    Raises:
        ApiError: 400 for groups, a uid or extra values without a user.
    """
    found = [header for header in headers if header[0].startswith(_PREFIX)]
    if not found:
        return None
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in found]
    user = next((value for name, value in pairs if name == _USER), "")
    uid = next((value for name, value in pairs if name == _UID), "")
    groups = tuple(value for name, value in pairs if name == _GROUP)
    extra: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if name.startswith(_EXTRA):
            key = unquote(name.removeprefix(_EXTRA))
            extra[key] = (*extra.get(key, ()), value)
    if not user and (uid or groups or extra):
        shown = _shown(uid, groups, extra)
        raise bad_request(f"requested &user.DefaultInfo{{{shown}}} without impersonating a user name")
    return Wanted(user, uid, groups, tuple(extra.items())) if user else None


def _shown(uid: str, groups: tuple[str, ...], extra: dict[str, tuple[str, ...]]) -> str:
    """As Go prints the struct."""
    listed = _go(groups) if groups else "[]string(nil)"
    mapped = ", ".join(f'"{key}":{_go(values)}' for key, values in sorted(extra.items()))
    return f'Name:"", UID:"{uid}", Groups:{listed}, Extra:map[string][]string' + (f"{{{mapped}}}" if extra else "(nil)")


def _go(values: tuple[str, ...]) -> str:
    return "[]string{" + quoted(values)[1:-1].replace('" "', '", "') + "}"
