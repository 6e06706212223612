"""Tokens of service accounts for the volumes of pods: asked for once, and again when most of their time is over.

``containers`` and ``runs`` ask for what a container's volumes bring. The API issues a token bound to its pod, as
``kubectl create token --bound-object-kind Pod`` does, so it is good as long as the pod is there. Upstream:
``pkg/kubelet/token``.
"""

from __future__ import annotations

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, name_of, namespace_of, uid_of

_SECONDS = 3600
_RENEWED = 0.8


class PodTokens:
    """The tokens of the pods of all simulated nodes.

    Args:
        api: Issues them, as the kubelet.
        clock: The time.
    """

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._kept: dict[str, dict[tuple[str, int], tuple[float, str]]] = {}  # pod uid -> audience and seconds

    def of(self, pod: Object, container: Object) -> dict[str, str]:
        """Path to token, for the tokens that the volumes of a container bring."""
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
        found = {}
        for mount in container.get("volumeMounts") or ():
            for source in volumes.get(mount["name"], {}).get("projected", {}).get("sources") or ():
                if wanted := source.get("serviceAccountToken"):
                    found[f"{mount['mountPath'].rstrip('/')}/{wanted['path']}"] = self._token(pod, wanted)
        return found

    def forget(self, uid: str) -> None:
        """The pod with this uid is gone."""
        self._kept.pop(uid, None)

    def _token(self, pod: Object, wanted: Object) -> str:
        kept = self._kept.setdefault(uid_of(pod), {})
        audience, seconds = wanted.get("audience") or "", int(wanted.get("expirationSeconds") or _SECONDS)
        renew, token = kept.get((audience, seconds), (0.0, ""))
        if self._clock.now() >= renew:
            token = self._issued(pod, audience, seconds)
            kept[audience, seconds] = (self._clock.now() + _RENEWED * seconds, token)
        return token

    def _issued(self, pod: Object, audience: str, seconds: int) -> str:
        """A new token; empty when its account is gone.

        Simplified: the real kubelet does not start a pod until it has its token.
        """
        bound = {"kind": "Pod", "apiVersion": "v1", "name": name_of(pod), "uid": uid_of(pod)}
        spec = {"audiences": [audience] if audience else [], "expirationSeconds": seconds, "boundObjectRef": bound}
        account = pod["spec"].get("serviceAccountName") or "default"
        try:
            return self._api.token(account, namespace_of(pod), spec)
        except ApiError:
            return ""
