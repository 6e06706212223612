"""What a notebook shows live: one class a widget, with its script and style sheet of the same name in ``static``.

Here belongs what Jupyter needs: traits, threads that publish, messages from the browser. What is shown comes ready-made
from ``views``; what the cluster holds comes from ``clusters``. A widget never asks a controller, it only watches.
"""
