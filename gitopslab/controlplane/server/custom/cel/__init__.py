"""CEL: the rules in a schema (``x-kubernetes-validations``), compiled and evaluated.

The language is Google's own implementation (``cel-expr-python``, the C++ runtime): ``engine`` is the one door to it.
``declarations`` tells its type checker what a schema declares, ``conversion`` gives it values, ``library`` the
functions that Kubernetes adds to the language, and ``rules`` walks an object and evaluates. ``costs`` tells of an
expression as a ``tree`` what it costs at worst. This package is imported only when a definition has rules, because the
library is large.

Simplified: what a rule costs when it is evaluated is not counted; the real server breaks one off that takes too long.
Expressions may be nested 32 deep; the real server takes 250.
"""
