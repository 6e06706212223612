"""Git, by dulwich, so that no ``git`` is needed: what the forge serves, and what a cell works with.

``repositories`` keeps bare repositories, ``service`` speaks Git's smart protocol about one of them, ``receive`` takes a
push in whole or not at all. ``working`` is the other end: a clone that a learner commits in. HTTP is the forge's.
"""
