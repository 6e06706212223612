"""The plugins of the default profile, one a file: a pure rule, and a class that fits it into the framework.

Here belongs one reason why a pod may or may not run on a node, or why one node is better than another. How plugins are
combined is ``profile``'s business.
"""
