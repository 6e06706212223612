"""Sizes as Docker writes them. Used wherever an image's size is told."""

from __future__ import annotations


def bytes_in_words(size: int) -> str:
    """Bytes in decimal units with three digits, as Docker writes sizes: ``1.82kB``."""
    value, unit = float(size), 0
    while value >= 1000 and unit < 4:
        value, unit = value / 1000, unit + 1
    return f"{value:.3g}{('B', 'kB', 'MB', 'GB', 'TB')[unit]}"
