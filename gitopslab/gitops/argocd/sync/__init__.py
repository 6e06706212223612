"""Syncing: from what a comparison says to what is in the cluster, phase by phase and wave by wave.

::

    operation ── run ── doing ── writer ── Api
        │         └─ plan, order, looking, waiting: pure
        └─ settings, results, retry, outcome: pure

``operation`` leads one through its steps and retries, ``run`` does the next step of one, ``ending`` the last one when
somebody wants it to end; ``plan`` and ``order`` say what is to be done in which order, ``doing`` and ``writer`` do it.
"""
