"""From what lies in a folder to the objects it stands for, as the controllers do it.

``kustomize`` builds a folder with the kubectl that comes with the lab; ``generated`` writes the ``kustomization.yaml``
that Flux makes where there is none, and puts in what a Flux Kustomization adds; ``helm`` renders a chart where there is
a helm; ``plain`` reads YAML files as they are; ``substitution`` fills in variables. Where the folder comes from is
``gitops.source``'s, what becomes of the objects the controllers'.
"""
