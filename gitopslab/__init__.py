"""Placeholder until the facade lands."""

__version__ = "0.1.0"
