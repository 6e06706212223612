"""Where others find the key that service account tokens are signed with (OpenID Connect discovery).

Called by ``app``. Whoever trusts this cluster can check its tokens without asking it about each one. Upstream:
``pkg/routes/openidmetadata.go``.
"""

from __future__ import annotations

import orjson

from gitopslab.controlplane.http.answers import JSON, Answer
from gitopslab.controlplane.server.authentication.accounts import ISSUER
from gitopslab.machinery.jwt import ALGORITHM, SigningKey

CONFIGURATION = "/.well-known/openid-configuration"
KEYS = "/openid/v1/jwks"
_MAY_BE_KEPT = ((b"cache-control", b"public, max-age=3600"),)


def openid(path: str, key: SigningKey) -> Answer | None:
    """The answer at one of the two paths; None at any other."""
    if path == CONFIGURATION:
        found = {
            "issuer": ISSUER,
            "jwks_uri": f"{ISSUER}{KEYS}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }
        return Answer(200, orjson.dumps(found), JSON, headers=_MAY_BE_KEPT)
    if path == KEYS:
        keys = orjson.dumps({"keys": [key.public()]})
        return Answer(200, keys, b"application/jwk-set+json", headers=_MAY_BE_KEPT)
    return None
