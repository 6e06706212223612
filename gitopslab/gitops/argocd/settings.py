"""What ``argocd-cm`` and ``argocd-cmd-params-cm`` say to the application controller.

Source: ``util/settings/settings.go``.

Simplified: of their many settings these count here: how often Git is looked at, how objects are tracked, differences
that all Applications ignore, in which namespaces Applications are, whether they hold the health of their resources, and
whether ApplicationSets sync them step by step.
Argo CD reads how often, and all of ``argocd-cmd-params-cm``, only when it starts.
"""

from __future__ import annotations

from typing import Protocol

from gitopslab.errors import LabError
from gitopslab.gitops.argocd.glob import is_listed
from gitopslab.gitops.argocd.kinds import NAMESPACE
from gitopslab.gitops.argocd.tracking import Method
from gitopslab.machinery import cron
from gitopslab.machinery.golang import is_true
from gitopslab.machinery.manifests import load
from gitopslab.machinery.objects import Object

NAME, PARAMETERS = "argocd-cm", "argocd-cmd-params-cm"

_RESYNC, _JITTER = 120.0, 60.0
_ALL_IGNORED = "resource.customizations"
_IGNORED = f"{_ALL_IGNORED}.ignoreDifferences."
_LISTS = ("jsonPointers", "jqPathExpressions", "managedFieldsManagers")


class SettingsError(LabError):
    """A setting that cannot be read, without which nothing can be compared."""


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
        """Differences to ignore, in the words of ``spec.ignoreDifferences``.

        Raises:
            SettingsError: They cannot be read.
        """
        try:
            return [_rule(name, text) for name, text in sorted(self._customized().items())]
        except ValueError as error:
            raise SettingsError(f"Failed to load resource overrides: {error}") from error

    def _customized(self) -> dict[str, str]:
        """What is ignored of a kind, by ``group/Kind``; a key of its own counts more than the one of all kinds."""
        kinds = _mapping(self._data.get(_ALL_IGNORED, "")).items()
        found = {name: each.get("ignoreDifferences") or "" for name, each in kinds if isinstance(each, dict)}
        own = ((key.removeprefix(_IGNORED), text) for key, text in self._data.items() if key.startswith(_IGNORED))
        return {**found, **{"*/*" if name == "all" else name.replace("_", "/"): text for name, text in own}}

    @property
    def ignores_aggregated_roles(self) -> bool:
        """Whether the rules of roles that others fill are no difference."""
        try:
            options = _mapping(self._data.get("resource.compareoptions", ""))
        except ValueError as error:
            raise SettingsError(f"Failed to load resource overrides: {error}") from error
        return options.get("ignoreAggregatedRoles") is True

    @property
    def persists_health(self) -> bool:
        """Whether Applications hold the health of each of their resources."""
        return is_true(self._parameters.get("controller.resource.health.persist", ""))

    @property
    def syncs_progressively(self) -> bool:
        """Whether ApplicationSets may sync their Applications step by step."""
        return is_true(self._parameters.get("applicationsetcontroller.enable.progressive.syncs", ""))

    def may_have_applications(self, namespace: str) -> bool:
        """Whether Applications in a namespace are looked at: in Argo CD's own, and in those it is told of."""
        more = self._parameters.get("application.namespaces", "").split(",")
        return namespace == NAMESPACE or is_listed(namespace, filter(None, map(str.strip, more)))

    @property
    def _data(self) -> dict[str, str]:
        return self._read(NAME)

    @property
    def _parameters(self) -> dict[str, str]:
        return self._read(PARAMETERS)

    def _read(self, name: str) -> dict[str, str]:
        found = self._config_maps.get(name, NAMESPACE) or {}
        return found.get("data") or {}

    def _seconds(self, key: str, default: float) -> float:
        try:
            return cron.duration(self._data[key])
        except (KeyError, ValueError):
            return default


def _rule(name: str, text: str) -> Object:
    group, _, kind = name.rpartition("/")
    found = _mapping(text)
    for field in _LISTS:
        paths = found.get(field) or []
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise ValueError(f"{field} of {name} is no list of texts")
    return {**found, "group": group, "kind": kind}


def _mapping(text: str) -> Object:
    found, _ = load(text)
    if not isinstance(found or {}, dict):
        raise ValueError("no mapping of keys to values")
    return found or {}
