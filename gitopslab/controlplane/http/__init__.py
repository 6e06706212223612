"""The Kubernetes API over HTTPS: how requests and answers travel.

``app`` is the door: it makes an ASGI application of a ``Verbs``; ``serve`` runs it on a socket. A request is
understood by ``request`` (its path), ``parameters`` (its query) and ``negotiation`` (its headers), done by
``resources``, ``watch`` or ``logs``, and answered by ``rendering`` and ``tables``. Here belongs what the wire looks
like; what a verb does belongs to ``server``. Starlette and uvicorn are known here and nowhere else.
"""
