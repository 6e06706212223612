"""The library frames, version 2: the caller says how wide a frame is."""


def frame(text, width):
    """A text in a frame of a width."""
    edge = "+" + "-" * (width - 2) + "+"
    return f"{edge}\n|{text:^{width - 2}}|\n{edge}\n"
