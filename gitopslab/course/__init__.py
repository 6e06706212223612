"""What surrounds the learning: the machine's prerequisites, the learner's folder, exercises and their checks.

Called by the facade and the command line; calls the clusters and the content that ships with the package.
"""
