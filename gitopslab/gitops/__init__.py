"""GitOps: a Git server, and (to come) rendering, Flux and Argo CD on top of it."""
