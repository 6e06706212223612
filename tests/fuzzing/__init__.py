"""Hostile requests for an API server, each made from a seed alone; ``scripts/fuzz.py`` is the command."""
