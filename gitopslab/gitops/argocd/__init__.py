"""Argo CD, embedded: the controllers of Application and ApplicationSet, and the rules of AppProject.

They honour Argo CD's own custom resources as the real controllers do, on the lab's clock. Facts: the source of Argo CD
3.5, of which gitops-engine is a part. ``controllers`` gives them; the daemon starts each one once its kind is there.
"""
