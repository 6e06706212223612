"""The facade notebooks use: ``lab = gitopslab.open()`` and then the verbs of kubectl, as methods.

Here belongs what a cell types and what it prints. It calls ``clusters`` for the cluster and its API, ``views`` for how
things read, ``widgets`` for what is live, and alone reads the environment: which cluster, live or still. It decides
nothing about Kubernetes itself.
"""

from gitopslab.lab.facade import Lab
from gitopslab.lab.opening import check_machine, open

__all__ = ["Lab", "check_machine", "open"]
