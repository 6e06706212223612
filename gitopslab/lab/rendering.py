"""What the files of a commit make for a Kustomization, as its controller makes it.

Called by ``lab.flux.diff`` and by the widgets that lay Git beside the cluster. Nothing is applied.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitopslab.gitops.flux.apply import prepared
from gitopslab.gitops.flux.build import build
from gitopslab.gitops.flux.marks import owner_labels
from gitopslab.gitops.flux.order import in_order
from gitopslab.gitops.flux.run import Run
from gitopslab.gitops.flux.variables import Reader, variables_of
from gitopslab.gitops.git.remote import File
from gitopslab.gitops.source import archive, ignore
from gitopslab.machinery.objects import Object


def of_kustomization(
    client: Reader, kustomization: Object, files: Mapping[str, File], ignored: str | None = None
) -> list[Object]:
    """The objects that a Kustomization would apply, in its order.

    Args:
        client: For the ConfigMaps and Secrets that it takes variables from.
        kustomization: As it is in the cluster.
        files: Of its source, by path.
        ignored: ``spec.ignore`` of its source.

    Raises:
        RenderError: They cannot be built; the message is Flux's.
    """
    spec = kustomization["spec"]
    content = archive.pack(ignore.kept(files, ignored))
    built = build(content, spec, variables_of(client, kustomization), Run.timeout(kustomization))
    return in_order(prepared(built.objects, owner_labels(kustomization), spec.get("commonMetadata")))
