"""Requests to one registry: manifests, blobs, tags.

``transfer`` uses it to move images, the commands to list tags and to check a login. Errors are the registry's own words
with its code; a connection that fails says to whom, and what to do. Source: the OCI distribution specification 1.1.
Registries of this machine are spoken to in plain HTTP, as Docker does; all others over TLS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError

from gitopslab.errors import ImageError
from gitopslab.images.client.authentication import Authentication, refused, said_by
from gitopslab.images.client.credentials import Credentials, nobody
from gitopslab.images.content import Content
from gitopslab.images.oci import INDEXES, LARGEST_MANIFEST, MANIFESTS, Descriptor, algorithm_of, digest_of
from gitopslab.images.reference import DOCKER_HUB, Reference, is_digest

_CHUNK = 2**18
_LARGEST_ERROR = 2**16
_TIMEOUT = urllib3.Timeout(connect=5, read=60)
_RETRIES = urllib3.Retry(connect=0, read=0, status=0, other=0, redirect=5)
_MOST_PAGES = 1000
_ERRNO = re.compile(r"\[Errno -?\d+\] ")


class Registry:
    """One registry.

    Args:
        host: As in a reference: ``localhost:5050``.
        credentials: Knows our login there.

    Attributes:
        address: Where requests go: ``http://localhost:5050``.
    """

    def __init__(self, host: str, credentials: Credentials = nobody) -> None:
        self.host = host
        self._pool = urllib3.PoolManager(
            maxsize=4, timeout=_TIMEOUT, retries=_RETRIES, headers={"User-Agent": "gitopslab"}
        )
        self._authentication = Authentication(self._pool, host, credentials(host))
        scheme = "http" if Reference(host, "").is_loopback else "https"
        self.address = f"{scheme}://{'registry-1.docker.io' if host == DOCKER_HUB else host}"

    def check(self) -> None:
        """Ask whether it is there and lets us in.

        Raises:
            ImageError: It is not (no code), or does not (``UNAUTHORIZED``).
        """
        with self._request("GET", "/v2/"):
            pass

    # ---- manifests and tags ----

    def manifest(self, repository: str, version: str) -> tuple[Descriptor, bytes]:
        """A manifest or an index, by tag or digest; its digest is verified.

        Raises:
            ImageError: ``MANIFEST_UNKNOWN``, ``NAME_UNKNOWN``, ``UNAUTHORIZED`` ...
        """
        headers = {"Accept": ", ".join([*MANIFESTS, *INDEXES])}
        with self._request("GET", f"/v2/{repository}/manifests/{version}", headers=headers) as answer:
            data = answer.read(LARGEST_MANIFEST + 1)
            media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
            promised = answer.headers.get("Docker-Content-Digest", "")
        expected = version if is_digest(version) else promised
        digest = digest_of(data, algorithm_of(expected))
        if len(data) > LARGEST_MANIFEST or (is_digest(expected) and digest != expected):
            message = f"The manifest {repository}:{version} of {self.host} is damaged: its digest is {digest}"
            raise ImageError(message, "Pull it again; if it stays so, push it again.", code="DIGEST_INVALID")
        return Descriptor(media_type, digest, len(data)), data

    def push_manifest(self, repository: str, version: str, manifest: Descriptor, data: bytes) -> None:
        """Give the registry a manifest whose blobs it has."""
        headers = {"Content-Type": manifest.media_type}
        with self._request("PUT", f"/v2/{repository}/manifests/{version}", headers=headers, body=data):
            pass

    def tags(self, repository: str) -> list[str]:
        """All tags of a repository.

        Raises:
            ImageError: ``NAME_UNKNOWN``: there is no such repository.
        """
        return self._listed(f"/v2/{repository}/tags/list", "tags")

    def repositories(self) -> list[str]:
        """All repositories that hold an image."""
        return self._listed("/v2/_catalog", "repositories")

    def delete_manifest(self, repository: str, version: str) -> None:
        """Take a tag away, or a manifest by its digest.

        Raises:
            ImageError: ``MANIFEST_UNKNOWN``: it is not there.
        """
        with self._request("DELETE", f"/v2/{repository}/manifests/{version}"):
            pass

    def _listed(self, path: str, key: str) -> list[str]:
        """A list that may come in pages."""
        found: list[str] = []
        for _ in range(_MOST_PAGES):
            with self._request("GET", path) as answer:
                found += _json(answer.read(LARGEST_MANIFEST)).get(key) or []
                link = answer.headers.get("Link", "")
            if 'rel="next"' not in link:
                break
            path = self._own_path(link.partition("<")[2].partition(">")[0])
        return found

    # ---- blobs ----

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether a repository has a blob already."""
        with self._request("HEAD", f"/v2/{repository}/blobs/{digest}", accepted=(200, 404)) as answer:
            return answer.status == 200

    def pull_blob(self, repository: str, blob: Descriptor, content: Content) -> None:
        """Get a blob into the content; nothing is kept of one that is cut off or damaged.

        Raises:
            ImageError: ``BLOB_UNKNOWN``, ``DIGEST_INVALID``, or the connection broke.
            DiskFullError: There is no room.
        """
        with (
            self._request("GET", f"/v2/{repository}/blobs/{blob.digest}") as answer,
            content.upload() as upload,
        ):
            for chunk in answer.stream(_CHUNK):
                if upload.size + len(chunk) > blob.size:
                    break  # more than the manifest promised: the digest will say so
                upload.write(chunk)
            upload.commit(blob.digest)

    def push_blob(self, repository: str, blob: Descriptor, content: Content) -> None:
        """Send a blob."""
        place = self._begin(repository, {})
        assert place  # without a mount the registry always wants the bytes
        join = "&" if "?" in place else "?"
        headers = {"Content-Length": str(blob.size), "Content-Type": "application/octet-stream"}
        with (
            content.open(blob.digest) as file,
            self._request("PUT", f"{place}{join}digest={blob.digest}", headers=headers, body=file),
        ):
            pass

    def mount_blob(self, repository: str, digest: str, origin: str) -> bool:
        """Let a repository have a blob of another one without sending it; gives whether that was possible."""
        place = self._begin(repository, {"mount": digest, "from": origin})
        if place:  # the registry would rather have the bytes: give the upload up, they are sent later
            with self._request("DELETE", place, accepted=(200, 202, 204, 404, 405)):
                pass
        return not place

    def _begin(self, repository: str, fields: Mapping[str, str]) -> str:
        """Begin an upload; gives where to send the bytes, empty when the registry has them already."""
        query = "&".join(f"{name}={value}" for name, value in fields.items())
        with self._request("POST", f"/v2/{repository}/blobs/uploads/?{query}".rstrip("?")) as answer:
            return "" if answer.status == 201 else self._own_path(answer.headers.get("Location", ""))

    # ---- the request ----

    def _own_path(self, location: str) -> str:
        """A place the registry sends us to; our login goes nowhere else, so it must be on this registry."""
        url = urljoin(self.address, location)
        if urlsplit(url)[:2] != urlsplit(self.address)[:2]:
            message = f"{self.host} sends us to {url[:100]!r}, which is another machine"
            raise ImageError(message, "The login would go there too: ask who runs the registry.")
        return url.removeprefix(self.address)

    @contextmanager
    def _request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | IO[bytes] | None = None,
        accepted: tuple[int, ...] = (200, 201, 202, 204),
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """One request, with a second try once a challenge was answered."""
        try:
            answer = self._sent(method, path, headers, body)
            challenge = answer.headers.get("WWW-Authenticate", "") if answer.status == 401 else ""
            if challenge and self._authentication.answer(challenge):
                answer.drain_conn()
                if body is not None and not isinstance(body, bytes):
                    body.seek(0)
                answer = self._sent(method, path, headers, body)
            with answer:
                if answer.status not in accepted:
                    raise self._error(answer)
                yield answer
        except HTTPError as error:
            raise self._broken(method, error) from error

    def _sent(
        self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes | IO[bytes] | None
    ) -> urllib3.BaseHTTPResponse:
        whole = {**(headers or {}), **self._authentication.headers()}
        return self._pool.request(method, self.address + path, headers=whole, body=body, preload_content=False)

    def _error(self, answer: urllib3.BaseHTTPResponse) -> ImageError:
        data = answer.read(_LARGEST_ERROR)
        said, code = said_by(data), _code(data)
        if answer.status == 401:
            return refused(self.host, said)
        if answer.status == 403:
            hint = f"Log in to {self.host} as somebody who may, or choose a repository of your own."
            return ImageError(f"denied: {said or 'requested access to the resource is denied'}", hint, code="DENIED")
        code = code or ("MANIFEST_UNKNOWN" if answer.status == 404 else "")
        words = code.lower().replace("_", " ") or f"HTTP status {answer.status}"
        message = said if said.startswith(words) else f"{words}: {said or words}"
        return ImageError(message, _HINTS.get(code, f"Ask {self.host} again later."), code=code)

    def _broken(self, method: str, error: HTTPError) -> ImageError:
        cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
        words = _ERRNO.sub("", str(cause).rpartition(": ")[2]) or type(cause).__name__
        if "Connection refused" in str(cause) or "Name or service" in str(cause) or "resolve" in str(cause):
            hint = f"Is it running, and is {self.host} its address? The lab's registry starts with: gitopslab up"
            return ImageError(f"The registry {self.host} does not answer: {words}", hint)
        hint = "Do it again: what arrived whole is kept, and nothing half-sent is."
        return ImageError(f"The connection to the registry {self.host} broke during {method}: {words}", hint)


_HINTS = {
    "MANIFEST_UNKNOWN": "See which tags there are, or push the image first.",
    "NAME_UNKNOWN": "Check the repository's name; the first push makes it.",
    "BLOB_UNKNOWN": "Push the image again: the registry lacks a part of it.",
    "MANIFEST_BLOB_UNKNOWN": "Push the image again: the registry lacks a part of it.",
    "UNAVAILABLE": "Free some room where the registry is, and push again; nothing half-sent was kept.",
    "TOOMANYREQUESTS": "Wait a little, or log in: registries give those they know more.",
}


def _code(data: bytes) -> str:
    errors = _json(data).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    return str(first.get("code") or "") if isinstance(first, Mapping) else ""


def _json(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}
