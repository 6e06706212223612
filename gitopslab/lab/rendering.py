"""What the files of a commit make for a Kustomization or an Application, as its controller makes it.

Called by ``lab.flux.diff``, ``lab.argocd.diff`` and by the widgets that lay Git beside the cluster. Nothing is applied.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitopslab.clusters import forge
from gitopslab.controlplane.server.decode import as_typed
from gitopslab.gitops.argocd.generate import Context, generate
from gitopslab.gitops.argocd.project import project_of
from gitopslab.gitops.argocd.tracking import placed
from gitopslab.gitops.flux.apply import prepared
from gitopslab.gitops.flux.build import build
from gitopslab.gitops.flux.marks import owner_labels
from gitopslab.gitops.flux.normalizing import normalized
from gitopslab.gitops.flux.order import in_order
from gitopslab.gitops.flux.run import Run
from gitopslab.gitops.flux.variables import Reader, variables_of
from gitopslab.gitops.git.remote import File
from gitopslab.gitops.git.speaking import Address
from gitopslab.gitops.place import git_url
from gitopslab.gitops.source import archive, ignore
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, name_of

_INSIDE = git_url("").removesuffix(".git")
_TIMEOUT = 10.0
_BUILT_IN = Catalog()


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
    made = [normalized(obj, lambda written: as_typed(_BUILT_IN, written)) for obj in built.objects]
    return in_order(prepared(made, owner_labels(kustomization), spec.get("commonMetadata")))


def of_application(app: Object, source: Object, commit: str, files: Mapping[str, File], kinds: Catalog) -> list[Object]:
    """The objects that an Application would apply from one of its sources, hooks among them.

    Args:
        app: As it is in the cluster.
        source: Which source.
        commit: That is rendered.
        files: Of the commit, by path.
        kinds: Of the cluster: which of them belong to namespaces.

    Raises:
        RenderError: They cannot be made; the message is Argo CD's.
    """
    context = Context(name_of(app), app["spec"]["destination"].get("namespace", ""), project_of(app), commit)
    made = generate(files, source, context).objects
    return [placed(app, obj, namespaced=(kind := kinds.of(obj)) is None or kind.namespaced) for obj in made]


def address_of(url: str, place: forge.Address) -> Address:
    """Where a source's URL leads from here: to the lab's own forge, or elsewhere with nobody's credentials."""
    if not url.startswith((_INSIDE, place.url)):
        return Address(url, timeout=_TIMEOUT)
    project = url.removeprefix(_INSIDE).removeprefix(place.url).strip("/")
    return Address(f"{place.url}/{project}", forge.USER, place.token, _TIMEOUT)
