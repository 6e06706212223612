"""Runs the jobs of pipelines on this machine, and remembers how it went.

``states`` and ``order`` are GitLab's rules, pure; ``record`` and ``history`` are what is kept; ``execution`` runs one
job (``script``, ``process``, ``trace``, ``masking``, ``artifacts``, ``caches``, ``containers``); ``runner`` runs them
all. The forge hands in commits and tokens; the command line runs a pipeline without a forge (``local``).
"""
