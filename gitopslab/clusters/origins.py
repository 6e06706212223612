"""Where a working copy is pushed to: a project of the lab's Git server, with a login that stock ``git`` finds, too.

``lab.git`` and the exercises use it.
"""

from __future__ import annotations

from gitopslab.background.files import write_private
from gitopslab.clusters.forge import USER, Address
from gitopslab.gitops.git.origin import Origin

_HELPER = "git-credentials"


def origin_of(forge: Address, project: str) -> Origin:
    """A project as a working copy knows it; the login is written beside the forge's token, for its owner alone.

    Args:
        forge: Where the Git server is.
        project: ``group/project``.
    """
    name = project.strip("/").removesuffix(".git")
    helper = forge.token_file.with_name(_HELPER)
    write_private(helper, f"http://{USER}:{forge.token}@{forge.host}\n")
    return Origin(f"{forge.url}/{name}.git", USER, forge.token, helper)
