"""The forge: what GitLab is to the seed. Git, an OCI registry and pipelines in one process beside a cluster.

A composition root like ``controlplane.daemon``: it serves what ``gitops.git``, ``images.registry`` and ``ci.runner``
do, and decides who may. ``clusters.forge`` starts it.
"""
