"""Connections into pods: ``exec``, ``attach``, ``portforward`` and ``proxy``.

``endpoint`` is the door, called by ``resources``. Behind it ``remotecommand`` and ``portforward`` speak to a client
over a WebSocket (``channels``, or ``tunnel`` with ``spdy``), ``proxy`` over plain HTTP. What runs in the pod is
reached through ``runtime.streams`` alone.
"""
