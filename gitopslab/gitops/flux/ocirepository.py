"""OCIRepository: an artifact in a registry becomes an artifact that Kustomizations apply.

Story of one reconcile: find the tag that the ref means, ask the registry for its digest, and stop if that is stored
already; else pull the manifest and one layer of it, unpack the layer (or copy it as it is), leave out what is ignored,
and store it. ``flux push artifact`` makes such artifacts, ``lab.flux.push`` as well.

Simplified: no signature is checked, so nothing is stored where ``spec.verify`` asks for one; clouds are not logged
in to (``spec.provider``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import GitError, LabError, RenderError
from gitopslab.gitops.flux.artifacts import Artifacts, New
from gitopslab.gitops.flux.credentials import NoSecretError, pull_credentials_of
from gitopslab.gitops.flux.imagerepository import reader
from gitopslab.gitops.flux.kinds import OCI_REPOSITORIES
from gitopslab.gitops.flux.loop import Turn
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.source import archive, ignore
from gitopslab.gitops.source.registry import Image, Reader, RegistryError
from gitopslab.gitops.source.semver import Range, VersionError, parse
from gitopslab.machinery.objects import Object
from gitopslab.machinery.regexes import compiled

LAYER = "application/vnd.cncf.flux.content.v1.tar+gzip"
CONFIG = "application/vnd.cncf.flux.config.v1+json"
"""What ``flux push artifact`` calls the layer and the config of an artifact."""

_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_SOURCE, _REVISION = "org.opencontainers.image.source", "org.opencontainers.image.revision"
_OBSERVED = {"ignore": "observedIgnore", "layerSelector": "observedLayerSelector"}
_LATEST = "latest"
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-./"
_FEWEST_LETTERS, _MOST_LETTERS = 2, 255
_PLATFORM = {"os": "linux", "architecture": "amd64"}


class FetchError(LabError):
    """An artifact cannot be had.

    Attributes:
        reason: Of ``FetchFailed``.
        pulled: What it is, as far as the registry told; None when it did not come so far.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.pulled: Pulled | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """What the registry gave.

    Attributes:
        revision: ``TAG@sha256:…``, or the digest alone.
        reference: What was asked for, as ``HOST/REPOSITORY:TAG``.
        content: The archive; None when it is stored already.
        metadata: The annotations of the manifest.
    """

    revision: str
    reference: str
    content: bytes | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def news(self) -> str:
        """What is said while it is stored."""
        return f"new revision '{self.revision}' for '{self.reference}'"

    @property
    def digest(self) -> str:
        """Of the manifest."""
        return self.revision.rpartition("@")[2]


class OCIRepositoryController:
    """Reconciles OCIRepositories.

    Args:
        given: What every controller works with.
    """

    name = "ocirepository-controller"
    kind = OCI_REPOSITORIES

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._artifacts = Artifacts(given, OCI_REPOSITORIES, "ocirepository", _OBSERVED)
        self.sources: tuple[Source, ...] = (Source(OCI_REPOSITORIES),)

    def reconcile(self, request: Request) -> Result:
        """Bring the artifact to what the ref names now."""
        return self._artifacts.reconcile(request, self._pull)

    def _pull(self, turn: Turn) -> Result:
        spec = turn.obj["spec"]
        try:
            image = image_of(spec["url"])
            credentials = pull_credentials_of(self._artifacts.loop.api, turn.obj, image.host)
        except RegistryError as error:
            message = f"URL validation failed for '{spec['url']}': {error.message}"
            return self._artifacts.failed(turn, "URLInvalid", message, is_stalled=True)
        except GitError as error:
            if isinstance(error, NoSecretError):
                missing = f"auth secret '{spec['secretRef']['name']}' not found"
                self._artifacts.loop.event(turn.obj, "Normal", "AuthenticationFailed", missing)
            return self._artifacts.failed(turn, "AuthenticationFailed", f"failed to get credential: {error.message}")
        stored = self._artifacts.stored(turn.obj)
        registry = reader(self._given, image, credentials, spec)
        what = (turn.cause, image, credentials, stored)
        outcome = self._given.work.ask(self.name, turn.request, what, lambda: pull(registry, image, spec, stored))
        if outcome is None:
            return DONE
        try:
            pulled = outcome.get()
        except FetchError as error:
            if error.pulled is not None:
                turn = self._artifacts.coming(turn, error.pulled.revision, error.pulled.news)
            return self._artifacts.failed(turn, error.reason, error.message)
        if verify := spec.get("verify"):
            turn = self._artifacts.coming(turn, pulled.revision, pulled.news)
            which = f"{spec['url'].removeprefix('oci://')}@{pulled.digest}"
            why = f"no matching signatures were found for '{which}'"
            keyless = "" if verify.get("secretRef") or verify["provider"] != "cosign" else " keyless"
            message = f"failed to verify the signature using provider '{verify['provider']}{keyless}': {why}"
            return self._artifacts.failed(turn, "VerificationError", message, trouble="SourceVerified")
        return self._keep(turn, pulled)

    def _keep(self, turn: Turn, pulled: Pulled) -> Result:
        status = dict(turn.obj.get("status") or {})
        if pulled.content is not None:
            new = New(pulled.revision, f"{pulled.digest}.tar.gz", pulled.content, pulled.news, pulled.metadata)
            kept = self._artifacts.keep(turn, new)
            if kept is None:
                return self._artifacts.later(turn)
            turn, status = kept
            folder = status["artifact"]["url"].rpartition("/")[0]
            status["url"] = f"{folder}/latest.tar.gz"
        else:
            same = f"artifact up-to-date with remote revision: '{pulled.revision}'"
            self._artifacts.loop.event(turn.obj, "Normal", "ArtifactUpToDate", same)
        event = f"stored artifact with revision '{pulled.revision}' from '{turn.obj['spec']['url']}'"
        told = status["artifact"].get("metadata") or {}
        if told.get(_SOURCE) and told.get(_REVISION):
            event += f", origin source '{told[_SOURCE]}', origin revision '{told[_REVISION]}'"
        message = f"stored artifact for digest '{pulled.revision}'"
        return self._artifacts.succeeded(turn, status, message, event)


def image_of(url: str) -> Image:
    """The repository that ``spec.url`` names.

    Raises:
        RegistryError: It names none, or a tag, too.
    """
    if not url.startswith("oci://"):
        raise RegistryError("URL must be in format 'oci://<domain>/<org>/<repo>'")
    text = url.removeprefix("oci://")
    repository = text.partition("/")[2] or text
    if not _MOST_LETTERS >= len(repository) >= _FEWEST_LETTERS:
        bounds = f"between {_FEWEST_LETTERS} and {_MOST_LETTERS} characters in length"
        raise RegistryError(f"repository must be {bounds}: {repository}")
    if not set(repository) <= set(_LETTERS):
        raise RegistryError(f"repository can only contain the characters `{_LETTERS}`: {repository}")
    return Image.read(text)


def pull(registry: Reader, image: Image, spec: Object, stored: str) -> Pulled:
    """Ask for the artifact that a spec means, and for its content unless it is stored already.

    Args:
        registry: Where it is.
        image: Its repository, as the spec names it.
        spec: Of the OCIRepository.
        stored: The revision that is stored; empty for none.

    Raises:
        FetchError: The registry does not answer, or has no such artifact or layer.
    """
    ref, selector = spec.get("ref") or {}, spec.get("layerSelector") or {}
    wanted = ref.get("digest", "")
    if wanted:
        pulled = Pulled(wanted, f"{image.name}@{wanted}")
    else:
        try:
            tag = _newest(registry, ref, selector) if ref.get("semver") else ref.get("tag") or _LATEST
        except (LabError, VersionError) as error:
            said = f"failed to determine the artifact tag for '{spec['url']}': {_words(error)}"
            raise FetchError("ReadOperationFailed", said) from error
        try:
            pulled = Pulled(f"{tag}@{registry.digest_or_why(tag)}", f"{image.name}:{tag}")
        except RegistryError as error:
            said = f"failed to determine artifact digest: {error.message}"
            raise FetchError("OCIArtifactPullFailed", said) from error
    try:
        return pulled if pulled.revision == stored else _content(registry, spec, selector, pulled)
    except FetchError as error:
        error.pulled = pulled
        raise


def _content(registry: Reader, spec: Object, selector: Object, pulled: Pulled) -> Pulled:
    try:
        manifest = _manifest(registry, pulled.digest)
        layer = _layer(manifest, selector.get("mediaType", ""))
        blob = registry.blob(layer["digest"])
    except RegistryError as error:
        message = f"failed to pull artifact from '{spec['url']}': {error.message}"
        raise FetchError("OCIArtifactPullFailed", message) from error
    metadata = manifest.get("annotations") or {}
    if selector.get("operation") == "copy":
        return Pulled(pulled.revision, pulled.reference, blob, metadata)
    try:
        files = archive.read(blob)
    except RenderError as error:
        message = f"failed to extract layer contents from artifact: {error.message}"
        raise FetchError("OCIArtifactLayerOperationFailed", message) from error
    content = archive.pack(ignore.kept(files, spec.get("ignore")))
    return Pulled(pulled.revision, pulled.reference, content, metadata)


def _manifest(registry: Reader, digest: str) -> Object:
    """The manifest, of an index that for Linux, as Flux's own images are pulled."""
    _, manifest = registry.manifest(digest)
    for each in manifest.get("manifests") or ():
        platform = each.get("platform") or {}
        if all(platform.get(key) == value for key, value in _PLATFORM.items()):
            return registry.manifest(each["digest"])[1]
    return manifest


def _layer(manifest: Object, media_type: str) -> Object:
    layers: list[Object] = manifest.get("layers") or []
    if not layers:
        raise FetchError("OCIArtifactLayerOperationFailed", "no layers found in artifact")
    if not media_type:
        return layers[0]
    for layer in layers:
        if layer.get("mediaType") == media_type:
            return layer
    message = f"failed to find layer with media type '{media_type}' in artifact"
    raise FetchError("OCIArtifactLayerOperationFailed", message)


def _newest(registry: Reader, ref: Object, selector: Object) -> str:
    """The tag with the highest version in a range; in those of charts a ``_`` stands for ``+``."""
    tags = registry.tags()
    if pattern := ref.get("semverFilter"):
        tags = [tag for tag in tags if compiled(pattern).search(tag)]
    try:
        allowed = Range.read(ref["semver"])
    except VersionError as error:
        raise RegistryError(f"semver '{ref['semver']}' parse error: {error}") from error
    is_chart = selector.get("mediaType") == _CHART
    fitting = []
    for tag in tags:
        version = parse(tag.replace("_", "+") if is_chart else tag)
        if version is not None and version in allowed:
            fitting.append((version, tag))
    if not fitting:
        raise RegistryError(f"no match found for semver: {ref['semver']}")
    return max(fitting)[1]


def _words(error: Exception) -> str:
    return error.message if isinstance(error, LabError) else str(error)
