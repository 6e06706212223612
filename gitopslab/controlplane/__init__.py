"""The embedded Kubernetes: API server, store, controllers, scheduler and kubelets in one process.

Calls go down (``http`` or a controller to ``server``), watch events come back (``feed`` to ``informer``). A
controller never touches the store: it knows the ``Api`` of ``runtime`` and nothing else.
"""
