"""Pure functions from objects to what a screen shows: rows, cards, sentences, drawings.

Here belongs what can be said about objects one has at hand, on any cluster: the state of a pod in one word, why it
waits in one sentence, a board, its text and SVG twins. Nothing here knows Jupyter, opens a connection or reads a clock.
"""
