"""The options that many commands share, so that they read alike everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

ClusterOption = Annotated[
    str,
    typer.Option(
        "--cluster",
        metavar="C",
        envvar="GITOPSLAB_CLUSTER",
        help="embedded, kind, k3d, kwok, or context:NAME for a context of your kubeconfig.",
    ),
]
NameOption = Annotated[
    str, typer.Option("--name", metavar="NAME", envvar="GITOPSLAB_NAME", help="Which cluster of that kind.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]
LanguageOption = Annotated[
    str, typer.Option("--lang", metavar="L", envvar="GITOPSLAB_LANG", help="en or nl: English or Dutch.")
]
