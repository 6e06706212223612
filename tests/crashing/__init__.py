"""Clients that keep account of what a server promised, and a server that is killed; ``scripts/crash.py`` runs them."""
