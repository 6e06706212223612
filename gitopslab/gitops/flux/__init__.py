"""Flux, embedded: the controllers of ``source``, ``kustomize``, ``image`` and ``notification``, one kind a file.

They honour Flux's own custom resources as the real controllers do, on the lab's clock. Facts: the sources of
source-controller 1.9, kustomize-controller 1.9, image-reflector-controller 1.2, image-automation-controller 1.2.
``controllers`` gives them; the daemon starts each one once its kind is there.
"""
