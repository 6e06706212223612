"""``lab.argocd``: what the ``argocd`` command does, from cells, on any cluster that has Argo CD.

It talks to the Kubernetes API alone, as ``argocd --core`` does. ``argocd`` has one method a command, ``asking`` those
that only look; what is shown is made in ``views.argocd``.
"""
