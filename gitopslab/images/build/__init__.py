"""The builder: from a Dockerfile and a folder to an image, in Python.

Here belongs what each instruction does to an image. ``builder`` is the way in and decides who builds; ``stage`` goes
through one stage; ``settings`` and ``copying`` are the instructions; ``cache`` remembers layers. The data flow::

    Dockerfile ──> Builder ──> stage ──> settings  (the config changes)
    folder ──> Context ─────────┘   └──> copying ──> Plan ──> write_layer ──> Content

The same input gives the same digests, on every machine: times are fixed, entries sorted, nothing of the machine is in
the image. It leaves ``RUN`` and base images of others to ``engine``. Source: the Dockerfile reference, and BuildKit
where that leaves room.
"""

from gitopslab.images.build.builder import Builder, Built
from gitopslab.images.build.request import Request, Step, silent

__all__ = ["Builder", "Built", "Request", "Step", "silent"]
