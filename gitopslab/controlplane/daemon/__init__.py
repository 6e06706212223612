"""The composition root: the only place that knows both the store and the controllers.

``assembly`` builds the control plane in memory or on disk, ``loop`` drives it on an event loop, ``topology`` and
``bootstrap`` say what a new cluster holds, and ``__main__`` is the process that ``gitopslab up`` starts.
"""
