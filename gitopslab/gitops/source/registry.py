"""Reads a registry over HTTP: tags, digests, manifests and blobs, as image-reflector- and source-controller do.

What the lab's own images are made of is the images' room; here only the OCI distribution protocol is spoken. Errors are
worded as go-containerregistry words them.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage

from gitopslab.errors import LabError
from gitopslab.gitops.dialling import reason
from gitopslab.machinery.objects import Object

_ACCEPT = ", ".join((
    "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
))  # fmt: skip
_NAME = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*\Z")
_TAG = re.compile(r"\w[\w.-]{0,127}\Z", re.ASCII)
_MOST = 256 * 1024 * 1024
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


class RegistryError(LabError):
    """A registry does not give what was asked of it."""


@dataclass(frozen=True, slots=True)
class Image:
    """A repository of a registry.

    Attributes:
        host: With its port.
        repository: The path in it.
    """

    host: str
    repository: str

    @classmethod
    def read(cls, text: str) -> Image:
        """The repository that ``spec.image`` or an ``oci://`` URL names.

        Raises:
            RegistryError: It is none, or has a tag.
        """
        if "://" in text:
            scheme = text.partition("://")[0]
            raise RegistryError(f"image '{text}' should not include URL scheme; remove '{scheme}://'")
        first, _, rest = text.partition("/")
        is_host = bool(rest) and ("." in first or ":" in first or first == "localhost")
        host, repository = (first, rest) if is_host else ("index.docker.io", text if rest else f"library/{text}")
        bare, colon, tag = repository.partition(":")
        if not _NAME.match(bare.removesuffix("@sha256")) or (colon and not _TAG.match(tag)):
            raise RegistryError(f"could not parse reference: {text}")
        if colon:
            raise RegistryError(f"image '{text}' should not include a tag; remove ':{tag}'")
        return cls("index.docker.io" if host == "docker.io" else host, repository)

    @property
    def name(self) -> str:
        """As ``status.canonicalImageName`` has it."""
        return f"{self.host}/{self.repository}"


class Reader:
    """Asks one registry.

    Args:
        image: Which repository.
        user: Of HTTP Basic; empty for nobody.
        password: Its password.
        timeout: Seconds for each request.
        insecure: Speak plain HTTP; a registry on loopback is spoken to like that anyway.
        place: Host and port that lead there from this machine, where that is not what the image says.
    """

    def __init__(
        self,
        image: Image,
        user: str = "",
        password: str = "",
        *,
        timeout: float = 60.0,
        insecure: bool = False,
        place: str = "",
    ) -> None:
        self._image = image
        self._place = place or image.host
        self._timeout = timeout
        host = image.host.partition(":")[0]
        plain = insecure or host in ("localhost", "127.0.0.1") or host.endswith(".local")
        self._base = f"{'http' if plain else 'https'}://{self._place}/v2/{image.repository}"
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}"} if user or password else {}

    def tags(self) -> list[str]:
        """All tags, in the order of the registry."""
        found: list[str] = []
        url = f"{self._base}/tags/list?n=1000"
        while url:
            body, headers = self._get(url)
            found += json.loads(body).get("tags") or []
            following = _NEXT.search(headers.get("Link", ""))
            url = urllib.parse.urljoin(url, following.group(1)) if following else ""
        return found

    def digest(self, tag: str) -> str:
        """What a tag names now."""
        _, headers = self._get(f"{self._base}/manifests/{tag}", method="HEAD", accept=_ACCEPT)
        return str(headers.get("Docker-Content-Digest", ""))

    def digest_or_why(self, tag: str) -> str:
        """What a tag names now; where it names nothing, the registry is asked once more, to hear why."""
        try:
            return self.digest(tag)
        except RegistryError:
            return self.manifest(tag)[0]

    def manifest(self, reference: str) -> tuple[str, Object]:
        """Digest and manifest that a tag or digest names."""
        body, headers = self._get(f"{self._base}/manifests/{reference}", accept=_ACCEPT)
        read: Object = json.loads(body)
        return str(headers.get("Docker-Content-Digest", "")), read

    def blob(self, digest: str) -> bytes:
        """A layer's bytes."""
        return self._get(f"{self._base}/blobs/{digest}")[0]

    def _get(self, url: str, *, method: str = "GET", accept: str = "*/*") -> tuple[bytes, HTTPMessage]:
        request = urllib.request.Request(url, method=method, headers={**self._headers, "Accept": accept})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=self._timeout) as answer:
                content = answer.read(_MOST + 1)
                if len(content) > _MOST:
                    raise RegistryError(f"{method} {url}: the answer has more than {_MOST} bytes")
                return content, answer.headers
        except urllib.error.HTTPError as error:
            named = url.replace(f"//{self._place}/", f"//{self._image.host}/", 1)
            raise RegistryError(f"{method} {named}: {_told(method, error)}") from error
        except (OSError, HTTPException) as error:
            raise RegistryError("; ".join(self._unreachable(getattr(error, "reason", error)))) from error

    def _unreachable(self, error: object) -> Iterator[str]:
        """What Go says of its first word to a registry, which it speaks with TLS, and without where that is allowed."""
        for scheme in ("https", "http") if self._base.startswith("http:") else ("https",):
            url = f"{scheme}://{self._image.host}/v2/"
            yield f'Get "{url}": {reason(url, error)}'


def _told(method: str, error: urllib.error.HTTPError) -> str:
    """The first error that the registry tells, as ``NAME_UNKNOWN: …``."""
    try:
        first = json.loads(error.read(65536))["errors"][0]
        return f"{first['code']}: {first.get('message', '')}"
    except (ValueError, LookupError, TypeError):
        bodiless = " (HEAD responses have no body, use GET for details)" if method == "HEAD" else ""
        return f"unexpected status code {error.code} {error.reason}{bodiless}"
