"""Inside a simulated container: its files, the processes that are started in it, and what listens on its ports.

``sessions`` is the door: it finds the container and words the kubelet's refusals; the API server knows it as an
``Exec`` and a ``Ports``. ``room`` holds what the simulated runtime keeps of a container while somebody is or was
inside; ``filesystem``, ``processes``, ``terminal``, ``consoles`` and ``servers`` are its furniture. A pod's life does
not depend on any of this: what nobody enters is never made.
"""
