"""CEL: the rules in a schema (``x-kubernetes-validations``) and the expressions of policies, compiled and evaluated.

Parsing and checking is Google's own implementation (``cel-expr-python``, the C++ runtime): ``engine`` is the one door
to it. ``declarations`` and ``policies`` tell its type checker what expressions see, ``library`` what Kubernetes adds to
the language. ``costs`` tells of a checked expression, as a ``tree``, what it costs at worst. ``evaluation`` evaluates
it and counts what it really costs, which is taken from a ``budget``; ``rules`` does so all over an object, whose values
``conversion`` makes. What needs the library is imported only when there are rules, because it is large.

Simplified: expressions may be nested 32 deep (or have 32 terms that are added up), which is what the parser of the
library takes and nobody can change; the real server takes 250.
"""
