"""How well an object is, by the rules of the tools that ask: pure functions of the object alone, good on any cluster.

``kstatus`` is Flux's answer (and that of anything built on cli-utils), ``argocd`` is Argo CD's.
"""
