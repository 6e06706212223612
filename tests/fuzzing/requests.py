"""Requests that no well-meaning client sends, and some that it does; the same seed makes the same ones."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fuzzing import bodies, values, words
from fuzzing.documents import NAMES, Documents
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object


@dataclass
class Request:
    """One request.

    Attributes:
        frames: What is sent once a WebSocket is open; None for a request that asks for none.
        raw: Bytes that are sent instead of a request; None for a well-formed one.
    """

    method: str
    target: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    frames: list[bytes] | None = None
    raw: bytes | None = None

    def __str__(self) -> str:
        told = {key: value[:120] for key, value in self.headers}
        return (
            f"{self.method} {self.target[:300]} {told} {self.body[:600]!r}"
            if self.raw is None
            else repr(self.raw[:300])
        )


class Requests:
    """Makes requests.

    Args:
        seed: Everything follows from it.
    """

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._documents = Documents(self._dice)
        self._resources = tuple(Catalog())
        self._makers = {
            self._create: 34, self._patch: 26, self._replace: 12, self._read: 16, self._remove: 4, self._odd_path: 6,
            self._subresource: 8, self._socket: 3, self._raw: 2,
        }  # fmt: skip

    def next(self) -> Request:
        """The next one."""
        [maker] = self._dice.choices(list(self._makers), list(self._makers.values()))
        made: Request = maker()
        if self._chance(0.02):
            made.method = self._dice.choice(
                ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get")
            )
        if self._chance(0.06):
            made.headers.append(self._dice.choice(words.HEADERS))
        if self._chance(0.08):
            made.headers.append(("Accept", self._dice.choice(words.ACCEPTS)))
        return made

    def _create(self) -> Request:
        document = self._documents.some()
        return self._sending("POST", self._path(document, named=False), document)

    def _replace(self) -> Request:
        document = self._documents.some()
        return self._sending("PUT", self._path(document), document)

    def _sending(self, method: str, path: str, document: Any) -> Request:
        body, media = bodies.encoded(self._dice, values.bounded(document))
        query = self._query("dryRun", "fieldManager", "fieldValidation", "pretty")
        return Request(method, path + query, [("Content-Type", media)], body)

    def _patch(self) -> Request:
        document = self._documents.good()
        [media] = self._dice.choices(list(words.PATCHES), list(words.PATCHES.values()))
        path = self._path(document) + self._dice.choice(("", "", "", "/status", "/scale"))
        body = bodies.json_of(values.bounded(self._patch_body(document, media)))
        if self._chance(0.05):
            body = bodies.damaged(self._dice, body)
        query = self._query("dryRun", "fieldManager", "fieldValidation", "force")
        if media.endswith("yaml") and "fieldManager" not in query:
            query += f"{'&' if query else '?'}fieldManager={self._dice.choice(('fuzz', 'other'))}"
        return Request("PATCH", path + query, [("Content-Type", media)], body)

    def _patch_body(self, document: Object, media: str) -> Any:
        if "json-patch" in media:
            return [self._operation(document) for _ in range(self._dice.randint(1, 3))]
        changed = self._documents.damaged(self._documents.some() if self._chance(0.2) else document)
        if "apply" in media or not isinstance(changed, dict) or self._chance(0.2):
            return changed
        kept = self._dice.sample(list(changed), min(len(changed), 2))
        part = {key: changed[key] for key in kept if key not in ("apiVersion", "kind")}
        if self._chance(0.3):
            part[self._dice.choice(values.KEYS)] = values.value(self._dice)
        return part

    def _operation(self, document: Object) -> Object:
        made = {
            "op": self._dice.choice(("add", "replace", "remove", "test", "move", "copy", "frob")),
            "path": self._documents.pointer(document),
            "value": values.value(self._dice) if self._chance(0.6) else self._documents.good().get("spec", 1),
        }
        if made["op"] in ("move", "copy"):
            made["from"] = self._documents.pointer(document)
        if self._chance(0.1):
            made.pop(self._dice.choice(list(made)))
        return made

    def _read(self) -> Request:
        document = self._documents.good()
        path = self._path(document, named=self._chance(0.4))
        query = self._query(
            "labelSelector", "fieldSelector", "resourceVersion", "resourceVersionMatch", "limit", "continue", "watch",
            "allowWatchBookmarks", "sendInitialEvents", "pretty", "includeObject", chance=0.25,
        )  # fmt: skip
        return Request("GET", path + query + ("&timeoutSeconds=1" if query else "?timeoutSeconds=1"))

    def _remove(self) -> Request:
        document = self._documents.good()
        path = self._path(document, named=not self._chance(0.1))
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "x"}, "gracePeriodSeconds": 0}
        body = bodies.json_of(self._documents.damaged(options)) if self._chance(0.5) else b""
        query = self._query("gracePeriodSeconds", "propagationPolicy", "orphanDependents", "dryRun", "labelSelector")
        return Request("DELETE", path + query, [("Content-Type", bodies.JSON)] if body else [], body)

    def _odd_path(self) -> Request:
        path = self._dice.choice(words.OTHER_PATHS)
        return Request("GET", path + ("" if "?" in path else self._query(*self._dice.sample(list(words.QUERIES), 3))))

    def _subresource(self) -> Request:
        """One of the paths below an object, known or not, with a body that may be meant for it."""
        document = self._documents.some()
        resource = self._resource_of(document)
        subs = resource.subresources if resource else ()
        known = [sub.name for sub in subs if sub.name != "proxy"]  # who lies behind it answers as it likes
        name = self._dice.choice([*known, "status", "scale", "token", "nonsense"])
        wanted: dict[str, Object] = {
            "eviction": {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}},
            "binding": {
                "apiVersion": "v1",
                "kind": "Binding",
                "metadata": {"name": "a"},
                "target": {"kind": "Node", "name": "lab-worker"},
            },
            "token": {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {"expirationSeconds": 600},
            },
            "scale": {
                "apiVersion": "autoscaling/v1",
                "kind": "Scale",
                "metadata": {"name": "a"},
                "spec": {"replicas": 1},
            },
        }
        sent = wanted.get(name, document)
        if self._chance(0.5):
            sent = self._documents.damaged(sent)
        made = self._sending(
            self._dice.choice(("POST", "PUT", "PUT", "GET", "DELETE")), f"{self._path(document)}/{name}", sent
        )
        if name in ("log", "exec", "attach", "portforward"):
            made.target = made.target.partition("?")[0] + self._query(
                "container", "command", "tailLines", "sinceTime", "limitBytes", chance=0.4
            )
        return made

    def _socket(self) -> Request:
        """A WebSocket into a pod, and rubbish on it."""
        name = self._dice.choice(("exec", "exec", "attach", "portforward", "log", "nonsense"))
        query = self._query("container", "command", "stdin", "stdout", "tty", "ports", chance=0.6)
        if name in ("exec", "attach") and "stdout" not in query:
            query += f"{'&' if query else '?'}stdout=true&command=cat&stdin=true"
        protocols = (
            "v5.channel.k8s.io",
            "v4.channel.k8s.io",
            "SPDY/3.1+portforward.k8s.io",
            "base64.channel.k8s.io",
            "",
            "x",
        )
        asked = [("Sec-WebSocket-Protocol", protocol) for protocol in self._dice.sample(protocols, 1) if protocol]
        frames = [self._frame() for _ in range(self._dice.randint(0, 4))]
        pod = self._dice.choice(("web", "web", "web", *NAMES))
        return Request("GET", f"/api/v1/namespaces/fuzz/pods/{pod}/{name}{query}", asked, frames=frames)

    def _frame(self) -> bytes:
        content = self._dice.choice(
            (
                b"",
                b"\x00ls\n",
                b"\x04{}",
                b'\x04{"Width":-1,"Height":9e99}',
                b"\xff\x00",
                b"\xff\x09",
                b"\x80\x03\x00\x01\x00\x00\x00\x00",
            )
        )
        content += self._dice.randbytes(self._dice.choice((0, 0, 3, 40)))
        first = self._dice.choice(
            (0x82, 0x82, 0x82, 0x81, 0x80, 0x02, 0x88, 0x89, 0x8A, 0x83, 0xF2, self._dice.randrange(256))
        )
        if self._chance(0.1):
            return self._dice.randbytes(12)
        length = bytes([0x80 | len(content)]) if len(content) < 126 else b"\xfe" + len(content).to_bytes(2, "big")
        return bytes([first]) + length + b"\0\0\0\0" + content

    def _raw(self) -> Request:
        return Request("", "", raw=self._dice.choice((*words.RAW, self._dice.randbytes(200))))

    def _resource_of(self, document: Any) -> Resource | None:
        if not isinstance(document, dict):
            return None
        wanted = (document.get("apiVersion"), document.get("kind"))
        return next((found for found in self._resources if (found.api_version, found.kind) == wanted), None)

    def _path(self, document: Any, *, named: bool = True) -> str:
        """Where the document belongs; now and then elsewhere."""
        resource = self._resource_of(document)
        if resource is None or self._chance(0.03):
            if isinstance(document, dict) and document.get("kind") == "Thing":
                return f"/apis/fuzz.example.com/v1/namespaces/fuzz/things{self._name(document) if named else ''}"
            resource = self._dice.choice(self._resources)
        prefix = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        namespace = self._dice.choice(words.NAMESPACES) if resource.namespaced or self._chance(0.02) else ""
        inside = f"/namespaces/{namespace}" if namespace else ""
        return f"{prefix}{inside}/{resource.plural}{self._name(document) if named else ''}"

    def _name(self, document: Any) -> str:
        metadata = document.get("metadata") if isinstance(document, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if not isinstance(name, str) or self._chance(0.04):
            name = self._dice.choice((*NAMES, "lab-worker", "default", "kubernetes", *values.TEXTS))
        return "/" + quote(name.encode("utf-8", "replace")[:500], safe="" if self._chance(0.9) else "/")

    def _query(self, *names: str, chance: float = 0.12) -> str:
        pairs = [(name, self._dice.choice(words.QUERIES[name])) for name in names if self._chance(chance)]
        if self._chance(0.02):
            pairs.append((self._dice.choice(values.KEYS), self._dice.choice(values.TEXTS)[:2000]))
        told = "&".join(
            f"{quote(name.encode('utf-8', 'replace'))}={quote(value.encode('utf-8', 'replace'))}"
            for name, value in pairs
        )
        return f"?{told}" if told else ""

    def _chance(self, of: float) -> bool:
        return self._dice.random() < of


def pod() -> bytes:
    """The pod that WebSockets are opened into."""
    containers = [{"name": "c", "image": "nginx:1.27", "ports": [{"containerPort": 80}]}]
    return json.dumps({"metadata": {"name": "web"}, "spec": {"containers": containers}}).encode()
