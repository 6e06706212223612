"""What a HelmRelease adds to a chart's objects after helm has rendered them: ``python -m … SPEC``, a post-renderer.

Helm runs it as a program of its own: manifests come in on standard input and go out on standard output. Patches and
images of ``postRenderers`` are kustomize's business; then come ``commonMetadata`` and the labels by which the real
``flux trace`` finds the release. Source: ``helm-controller``'s ``internal/postrender``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from gitopslab.errors import LabError
from gitopslab.gitops.flux.kinds import HELM
from gitopslab.gitops.render import generated, kustomize
from gitopslab.machinery.manifests import objects
from gitopslab.machinery.objects import Object, name_of, namespace_of

_LAST = 1  # exit code when it cannot be done


def spec_of(release: Object) -> Object:
    """What a HelmRelease wants done, as the program is told."""
    return {
        "name": name_of(release),
        "namespace": namespace_of(release),
        "postRenderers": release["spec"].get("postRenderers") or [],
        "commonMetadata": release["spec"].get("commonMetadata") or {},
    }


def rendered(manifests: Iterable[Object], spec: Object) -> list[Object]:
    """The objects with everything added.

    Raises:
        RenderError: A patch does not fit; the message is kustomize's.
    """
    found = list(manifests)
    for renderer in spec["postRenderers"]:
        if renderer.get("kustomize"):
            found = _kustomized(found, renderer["kustomize"])
    labels = {f"{HELM}/name": spec["name"], f"{HELM}/namespace": spec["namespace"]}
    more = {"labels": {**(spec["commonMetadata"].get("labels") or {}), **labels},
            "annotations": spec["commonMetadata"].get("annotations") or {}}  # fmt: skip
    for obj in found:
        metadata = obj.setdefault("metadata", {})
        for field, values in more.items():
            if values:
                metadata[field] = {**(metadata.get(field) or {}), **values}
    return found


def main(arguments: Sequence[str]) -> int:
    """Do it; gives the exit code."""
    try:
        spec = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        found = rendered(objects(sys.stdin.read(), "helm"), spec)
    except LabError as error:
        sys.stderr.write(f"{error.message}\n")
        return _LAST
    sys.stdout.write(yaml.safe_dump_all(found, sort_keys=False, explicit_start=True))
    return 0


def _kustomized(found: list[Object], spec: Object) -> list[Object]:
    with tempfile.TemporaryDirectory(prefix="postrender-") as place:
        folder = Path(place)
        (folder / "all.yaml").write_text(yaml.safe_dump_all(found, sort_keys=False), encoding="utf-8")
        (folder / kustomize.FILES[0]).write_text("resources: [all.yaml]\n", encoding="utf-8")
        generated.write(folder, spec)
        return kustomize.build(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
