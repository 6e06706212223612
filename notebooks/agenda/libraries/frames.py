"""The library frames, version 1: a frame is as wide as its text."""


def frame(text):
    """A text in a frame."""
    edge = "=" * (len(text) + 4)
    return f"{edge}\n| {text} |\n{edge}\n"
