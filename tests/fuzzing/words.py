"""What hostile requests are made of: queries, paths, headers, and bytes that are no requests at all."""

from __future__ import annotations

NAMESPACES = (*["fuzz"] * 30, "default", "default", "kube-system", "nowhere", "")
PATCHES = {
    "application/json-patch+json": 3,
    "application/merge-patch+json": 3,
    "application/strategic-merge-patch+json": 3,
    "application/apply-patch+yaml": 3,
    "application/apply-patch+cbor": 1,
    "application/json": 1,
}
_FLAGS = ("true", "false", "1", "0", "", "maybe", "TRUE")
_SELECTORS = (
    "app=web", "app!=web", "app in (web,b)", "app notin ()", "!app", "app", "a=b,c", "=", ",", "a in (", "(", "a>1",
    "a==b==c", "é=1",
    "a=" + "b" * 70, "metadata.name=a", "metadata.namespace!=x", "spec.nodeName=", "status.phase=Running", "nothing=1",
    "a\\,b=c",
    "metadata.name=a,metadata.name!=a", "a=b" + ",c=d" * 400,
)  # fmt: skip
# None that is still to come: such a request is good, and waits in vain for what it asks (504, tests/http).
_VERSIONS = (
    "",
    "0",
    "1",
    "5",
    "-1",
    "x",
    "0x1",
    "18446744073709551616",
    "1.5",
    "٣",
    "1" * 80,
)
_TOKENS = (
    "x", "e30", "bnVsbA", "W10", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYSJ9",
    "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSw",
    "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi8uLi8ifQ", "%00", "a" * 4000,
    "eyJ2Ijp7fSwicnYiOltdLCJzdGFydCI6bnVsbH0",
)  # fmt: skip
QUERIES: dict[str, tuple[str, ...]] = {
    "labelSelector": _SELECTORS,
    "fieldSelector": _SELECTORS,
    "resourceVersion": _VERSIONS,
    "resourceVersionMatch": ("Exact", "NotOlderThan", "Nonsense", ""),
    "limit": ("0", "1", "3", "-1", "x", "99999999999999999999", "1e3"),
    "continue": _TOKENS,
    "watch": _FLAGS,
    "allowWatchBookmarks": _FLAGS,
    "sendInitialEvents": _FLAGS,
    "pretty": _FLAGS,
    "includeObject": ("None", "Object", "Metadata", "All"),
    "dryRun": ("All", "Some", "", "All,All"),
    "fieldManager": ("fuzz", "other", "", "a" * 129, "\x01", "\ud800"),
    "fieldValidation": ("Strict", "Warn", "Ignore", "Lax", ""),
    "force": _FLAGS,
    "gracePeriodSeconds": ("0", "1", "-1", "x", "99999999999999999999"),
    "propagationPolicy": ("Foreground", "Background", "Orphan", "Sideways"),
    "orphanDependents": _FLAGS,
    "container": ("c", "x", ""),
    "command": ("ls", "sh", "cat /etc/hosts", "", "\x00", "while true; do :; done"),
    "stdin": _FLAGS,
    "stdout": _FLAGS,
    "tty": _FLAGS,
    "tailLines": ("1", "-1", "x", "0"),
    "sinceSeconds": ("1", "0", "-5", "x"),
    "sinceTime": ("2026-01-01T00:00:00Z", "yesterday"),
    "limitBytes": ("1", "0", "x"),
    "previous": _FLAGS,
    "timestamps": _FLAGS,
    "ports": ("80", "0", "70000", "x", "80,81"),
    "timeout": ("1s", "x", "-1s", "0"),
}
OTHER_PATHS = (
    "/", "/api", "/apis", "/api/v1", "/api/v2", "/apis/apps", "/apis/apps/v1", "/apis/apps/v9", "/apis/nothing/v1",
    "/version", "/healthz",
    "/livez/ping", "/readyz?verbose", "/readyz?exclude=etcd&exclude=x", "/metrics", "/openapi/v2", "/openapi/v3",
    "/openapi/v3/api/v1",
    "/openapi/v3/apis/fuzz.example.com/v1", "/openapi/v3/x", "/.well-known/openid-configuration", "/openid/v1/jwks",
    "//api//v1//pods",
    "/api/v1/../v1/pods", "/api/v1/%2e%2e/pods", "/api/v1/pods%00", "/api/v1/namespaces/%00/pods",
    "/api/v1/namespaces/%ff/pods/%c0%af",
    "/api/v1/watch/pods", "/api/v1/watch/namespaces/fuzz/pods/a", "/api/v1/namespaces/fuzz/pods/a/b/c/d/e",
    "/api/v1/" + "a/" * 500,
    "/api/v1/namespaces/" + "a" * 5000, "/apis//v1/pods", "/api/v1/namespaces//pods", "/logs", "/debug/pprof",
    "/api/v1/nodes/lab-worker/proxy/",
    "/apis/metrics.k8s.io/v1beta1/pods", "/apis/metrics.k8s.io/v1beta1/nodes/lab-worker", "*", "/%", "/api/v1?%",
    "/api/v1/pods?&&&=&=a&a",
    "/apis/events.k8s.io/v1/events",
)  # fmt: skip
ACCEPTS = (
    "application/json", "application/yaml", "*/*", "", "text/html", "application/json;as=Table;v=v1;g=meta.k8s.io",
    "application/json;as=Table;v=v9;g=meta.k8s.io,application/json",
    "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "application/vnd.kubernetes.protobuf,*/*;q=0.1",
    "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io", ";;;,,,=;q=", "application/cbor",
    "a" * 3000,
)  # fmt: skip
HEADERS: tuple[tuple[str, str], ...] = (
    ("Impersonate-User", "jane"), ("Impersonate-User", ""), ("Impersonate-Group", "system:masters"),
    ("Impersonate-Uid", "\x7f"),
    ("Impersonate-Extra-a%zz", "b"), ("Authorization", "Bearer x"), ("Authorization", "Basic YTpi"),
    ("Authorization", "Bearer"),
    ("Authorization", "Bearer a.b.c"), ("Authorization", "Bearer " + "eyJhbGciOiJub25lIn0." * 3),
    ("User-Agent", "x" * 9000),
    ("User-Agent", "\xff/1"), ("If-None-Match", '"x"'), ("Accept-Encoding", "gzip, br;q=x"), ("Expect", "100-continue"),
    ("Cookie", "a=b" * 900),
    ("X-Forwarded-For", "1.2.3.4"), ("Content-Encoding", "gzip"), ("Range", "bytes=0-1"), ("Host", "evil.example.com"),
    ("Upgrade", "SPDY/3.1"),
    ("Kubectl-Command", "kubectl\x01"),
)  # fmt: skip
_GET = b"GET /version HTTP/1.1\r\nHost: x\r\n"
_POST = b"POST /api/v1/namespaces/fuzz/configmaps HTTP/1.1\r\nHost: x\r\nAuthorization: TOKEN\r\n"
RAW = (
    b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n", b"\x00" * 64,
    b"\x16\x03\x01\x00\xa5",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", _GET + b"A: b\x00c\r\n\r\n", _GET + b"A\r\n\r\n", _GET + b" A: b\r\n\r\n",
    _GET + b"Content-Length: x\r\n\r\n", _GET + b"Content-Length: -1\r\n\r\n",
    _GET + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
    _GET + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    _POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    _POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    _POST + b"Transfer-Encoding: nonsense\r\n\r\n{}",
    _POST + b"Content-Length: 99999999999999999999\r\n\r\n{}", _POST + b"Content-Length: 10\r\n\r\n{}",
    _GET * 3 + b"\r\n",
    _GET + b"\r\n" + _GET + b"\r\n", _GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    _GET + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\n\r\n",
    _GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 99\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", _GET + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
    _GET + b"X: " + b"a" * 1_500_000 + b"\r\n\r\n", _GET + b"".join(b"X-%d: a\r\n" % n for n in range(3000)) + b"\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
)  # fmt: skip
"""What stands on the wire where a request should; TOKEN becomes the token."""
