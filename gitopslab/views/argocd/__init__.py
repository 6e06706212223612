"""What the ``argocd`` command shows, made of objects alone."""
