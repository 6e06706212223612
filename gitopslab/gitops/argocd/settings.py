"""What the ConfigMap ``argocd-cm`` says to the application controller. Source: ``util/settings/settings.go``.

Simplified: of its many settings these count here: how often Git is looked at, how objects are tracked, and differences
that all Applications ignore; Argo CD reads how often only when it starts.
"""

from __future__ import annotations

from typing import Protocol

from gitopslab.gitops.argocd.kinds import NAMESPACE
from gitopslab.gitops.argocd.tracking import Method
from gitopslab.machinery import cron
from gitopslab.machinery.manifests import load
from gitopslab.machinery.objects import Object

NAME = "argocd-cm"

_RESYNC, _JITTER = 120.0, 60.0
_IGNORED = "resource.customizations.ignoreDifferences."


class ConfigMaps(Protocol):
    """Where ConfigMaps are found: an informer's cache, or a cluster's API."""

    def get(self, name: str, namespace: str) -> Object | None:
        """The one of a name, or None."""
        ...


class Settings:
    """The settings as they are now.

    Args:
        config_maps: All ConfigMaps.
    """

    def __init__(self, config_maps: ConfigMaps) -> None:
        self._config_maps = config_maps

    @property
    def resync(self) -> float:
        """Seconds after which Git is looked at again; 0 for never."""
        return self._seconds("timeout.reconciliation", _RESYNC)

    @property
    def jitter(self) -> float:
        """Seconds that are added to it at most, by chance."""
        return self._seconds("timeout.reconciliation.jitter", _JITTER)

    @property
    def tracking(self) -> Method:
        """How objects are marked as an Application's."""
        words = (self._data.get(f"application.{key}", "") for key in ("resourceTrackingMethod", "instanceLabelKey"))
        return Method.named(*words)

    @property
    def ignored(self) -> list[Object]:
        """Differences to ignore, in the words of ``spec.ignoreDifferences``; what cannot be read is not one."""
        found = []
        for key, text in sorted(self._data.items()):
            if key.startswith(_IGNORED) and (rule := _read(text)):
                group, _, kind = key.removeprefix(_IGNORED).rpartition("_")
                everything = key == f"{_IGNORED}all"
                found.append({**rule, "group": "*" if everything else group, "kind": "*" if everything else kind})
        return found

    @property
    def ignores_aggregated_roles(self) -> bool:
        """Whether the rules of roles that others fill are no difference."""
        return _read(self._data.get("resource.compareoptions", "")).get("ignoreAggregatedRoles") is True

    @property
    def _data(self) -> dict[str, str]:
        found = self._config_maps.get(NAME, NAMESPACE) or {}
        return found.get("data") or {}

    def _seconds(self, key: str, default: float) -> float:
        try:
            return cron.duration(self._data[key])
        except (KeyError, ValueError):
            return default


def _read(text: str) -> Object:
    try:
        found, _ = load(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
