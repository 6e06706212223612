"""``lab.flux``: what the ``flux`` command does, from cells, on any cluster that has Flux.

``flux`` has the methods that do something, ``asking`` those that only look; what is shown is made in ``views.flux``.
"""
