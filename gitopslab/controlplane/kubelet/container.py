"""What a pod's spec says of one of its containers: its part among them, whether it starts again, what it is given.

Read only; ``containers`` plays its life, ``entry`` writes its status.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gitopslab.controlplane.kubelet.config import mounted
from gitopslab.controlplane.kubelet.environment import before, environment
from gitopslab.controlplane.kubelet.life import Scene
from gitopslab.controlplane.kubelet.mounts import Mounted, identities
from gitopslab.controlplane.kubelet.runtime import Settings
from gitopslab.machinery.objects import Object, namespace_of


@dataclass(frozen=True, slots=True)
class Container:
    """One container of one pod.

    Attributes:
        pod: The pod.
        spec: The container's entry in the pod's spec, the object itself.
    """

    pod: Object
    spec: Object

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.spec["name"])

    @property
    def image(self) -> str:
        """Its image, as the spec names it."""
        return str(self.spec.get("image", ""))

    @property
    def is_init(self) -> bool:
        """Whether it comes before the others."""
        return self._is_among("initContainers")

    @property
    def is_guest(self) -> bool:
        """Whether it is ephemeral, as ``kubectl debug`` makes them."""
        return self._is_among("ephemeralContainers")

    def _is_among(self, field: str) -> bool:
        return any(one is self.spec for one in self.pod["spec"].get(field) or ())

    @property
    def field(self) -> str:
        """``spec.containers{web}``, as events name a container."""
        kind = "initContainers" if self.is_init else "ephemeralContainers" if self.is_guest else "containers"
        return f"spec.{kind}{{{self.name}}}"

    @property
    def counts_as_ready(self) -> bool:
        """An ordinary init container is ready only when it has succeeded, an ephemeral one never."""
        if self.is_guest:
            return False
        return not self.is_init or self.spec.get("restartPolicy") == "Always"

    def restarts(self, code: int) -> bool:
        """Whether it is started again after this exit code, by its own or its pod's policy."""
        if self.is_guest:
            return False
        for rule in self.spec.get("restartPolicyRules") or ():
            codes = rule.get("exitCodes", {})
            if (code in codes.get("values", ())) == (codes.get("operator") == "In"):
                return bool(rule.get("action") == "Restart")
        policy = self.spec.get("restartPolicy") or self.pod["spec"].get("restartPolicy", "Always")
        if policy == "Always" and self.is_init and not self.spec.get("restartPolicy"):
            return code != 0  # an init container runs until it has succeeded once
        return policy == "Always" or (policy == "OnFailure" and code != 0)

    def grace(self, killed: str) -> float:
        """Seconds that it may take to stop; the probe that kills it (``liveness``, ...) may have its own say."""
        own = self.spec.get(f"{killed}Probe", {}).get("terminationGracePeriodSeconds")
        return float(self.pod["spec"].get("terminationGracePeriodSeconds", 30) if own is None else own)

    def settings(self, scene: Scene, address: str, started: float) -> Settings:
        """Its environment, and the files that its volumes bring.

        Args:
            scene: The node, which knows ConfigMaps, Secrets and Services.
            address: The pod's.
            started: When it starts, or did.

        Raises:
            ConfigError: Something that it needs is not there.
        """
        services = before(scene.services(namespace_of(self.pod)), started)
        variables = environment(
            self.pod, self.spec, scene.lookup, services=services, pod_ip=address, host_ip=scene.host
        )
        return variables, mounted(self.pod, self.spec, scene.lookup, variables)

    def volumes(self, scene: Scene, variables: Callable[[], Mapping[str, str]]) -> dict[str, Mounted]:
        """Mount path to what is there of the volumes that containers can write, this one or others."""
        return identities(self.pod, self.spec, variables, scene.lookup)

    def tokens(self, scene: Scene) -> dict[str, str]:
        """Path to token of its service account."""
        return scene.tokens.of(self.pod, self.spec)

    @property
    def user(self) -> Object:
        """Simplified: a container without ``runAsUser`` is shown as root; the real user comes from the image."""
        context = {**(self.pod["spec"].get("securityContext") or {}), **(self.spec.get("securityContext") or {})}
        group = context.get("runAsGroup", 0)
        of_volumes = [context["fsGroup"]] if "fsGroup" in context else []
        groups = sorted({group, *of_volumes, *(context.get("supplementalGroups") or ())})
        return {"uid": context.get("runAsUser", 0), "gid": group, "supplementalGroups": groups}
