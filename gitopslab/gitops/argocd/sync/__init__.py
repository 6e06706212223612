"""Syncing: from what a comparison says to what is in the cluster, phase by phase and wave by wave.

``operation`` leads one through its retries, ``run`` does the next step of one, ``plan`` and ``order`` say what is to be
done in which order, ``writer`` does it.
"""
