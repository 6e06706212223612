"""CEL: the rules in a schema (``x-kubernetes-validations``), compiled and evaluated.

The language is Google's own implementation (``cel-expr-python``, the C++ runtime): ``engine`` is the one door to it.
``declarations`` tells its type checker what a schema declares, ``conversion`` gives it values, ``library`` the
functions that Kubernetes adds to the language, and ``rules`` walks an object and evaluates. This package is imported
only when a definition has rules or patterns, because the library is large.

Simplified: the cost of rules is neither estimated nor limited beyond the size of a request; the real server refuses
rules that may take too long.
"""
