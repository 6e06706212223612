"""Which moment a list shows: what ``resourceVersion``, its match, ``limit`` and ``continue`` mean together.

``reading`` asks for every list, ``verbs`` for watches and gets. Pure but for the bounds of the store's history.
Upstream: ``apiserver/pkg/storage`` (``continue.go``, ``cacher/delegator``, ``etcd3/store.go``).
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass

from gitopslab.controlplane.server.records import Key
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.wire import SyntaxFaultError, from_json
from gitopslab.errors import ApiError, GoneError, bad_request, gone

_FORMAT = "meta.k8s.io/v1"
_LARGEST = 2**64 - 1
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9_-]")
_LATEST = -1  # in a token: go on with what is there now, which no longer fits what was listed before
_EXPIRED_TOKEN = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What part of a list is wanted, and as of when.

    Attributes:
        revision: Of the state that is listed.
        start: The key to begin with; None begins at the first.
        limit: The most objects in the answer; 0 for all.
    """

    revision: int
    start: Key | None = None
    limit: int = 0


def moment(store: Store, *, limit: int, continue_: str, resource_version: str, match: str) -> Moment:
    """The moment that the options of a list mean.

    Raises:
        ApiError: 400 for a token or version that is none, 504 for a version that is not there yet.
        GoneError: That history is compacted.
    """
    if resource_version == "0":
        limit = 0  # "whatever is at hand" comes from the real server's cache, which does not cut
    if continue_:
        return _next_chunk(store, continue_, resource_version, max(limit, 0))
    wanted = version_of(resource_version, "invalid resource version: ")
    if wanted > store.revision:
        raise too_large(wanted, store.revision)
    # With a limit, a version without a match is exact: so it was before there was ``resourceVersionMatch``.
    if wanted and (match == "Exact" or (not match and limit > 0)):
        if wanted < store.compacted:
            raise gone("The resourceVersion for the provided list is too old.")
        return Moment(wanted, None, max(limit, 0))
    return Moment(store.revision, None, max(limit, 0))


def _next_chunk(store: Store, token: str, resource_version: str, limit: int) -> Moment:
    revision, start = _read(token)
    if resource_version not in ("", "0"):
        raise bad_request("specifying resource version is not allowed when using continue")
    if revision == _LATEST:
        return Moment(store.revision, start, limit)
    if not 0 < revision <= store.revision:
        raise _no_token("the token is not one this server gave out")
    if revision < store.compacted:
        raise GoneError(410, "Expired", _EXPIRED_TOKEN, metadata={"continue": token_for(_LATEST, start)})
    return Moment(revision, start, limit)


def version_of(text: str, prefix: str = "") -> int:
    """A ``resourceVersion`` parameter as a number; empty is 0.

    Simplified: for gets and watches the real server answers 500 with the same words.

    Raises:
        ApiError: 400 when it is not a number.
    """
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise _unreadable(text, prefix, "invalid syntax")
    if len(text) > len(str(_LARGEST)) or int(text) > _LARGEST:
        raise _unreadable(text, prefix, "value out of range")
    return int(text)


def _unreadable(text: str, prefix: str, why: str) -> ApiError:
    return bad_request(f'{prefix}resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": {why}')


def too_large(wanted: int, current: int) -> ApiError:
    """504: somebody asks for a revision that is not there yet (``storage.NewTooLargeResourceVersionError``).

    Simplified: the real server waits three seconds for it to come.
    """
    return ApiError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {wanted}, current: {current}",
        details={
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
    )


def token_for(revision: int, start: Key) -> str:
    """The ``continue`` token of a list at a revision that goes on at a key."""
    value = {"v": _FORMAT, "rv": revision, "start": "/".join(filter(None, start))}
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def _read(token: str) -> tuple[int, Key]:
    odd = _first_odd(token)
    if odd is not None:
        raise _no_token(f"illegal base64 data at input byte {odd}")
    try:
        value = from_json(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        version, revision, start = value["v"], int(value["rv"]), str(value["start"])
    except SyntaxFaultError as error:
        raise _no_token(str(error)) from None
    except (ValueError, KeyError, TypeError):
        raise _no_token("the token is not one this server gave out") from None
    if version != _FORMAT:
        raise _no_token(f"server does not recognize this encoded version {version}")
    namespace, _, name = start.rpartition("/")
    return revision, (namespace, name)


def _first_odd(token: str) -> int | None:
    """Where a token stops to be unpadded base64; None when it is, whole."""
    found = _NOT_BASE64.search(token)
    if found is not None:
        return found.start()
    return len(token) - 1 if len(token) % 4 == 1 else None


def _no_token(why: str) -> ApiError:
    return bad_request(f"invalid continue token: continue key is not valid: {why}")
