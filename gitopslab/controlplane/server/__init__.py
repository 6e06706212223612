"""The API server's core: everything between a request and the database, without a network.

``verbs`` is the door. Below it a write passes ``strategy``, ``defaults``, ``admission`` and ``validation``, is kept by
``store`` and told by ``feed``. Here belongs what decides whether and how an object is kept; what a kind then makes
happen is a controller's business, and how the answer travels is ``http``'s.
"""
