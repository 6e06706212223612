"""The language of ``rules:if``: text to tokens, tokens to a tree, a tree and variables to an answer.

``rules``, ``policy``, ``lint`` and the command ``gitopslab ci eval`` call ``evaluate`` or ``check``. The language is
GitLab's (``lib/gitlab/ci/pipeline/expression``): its order of tokens, its shunting yard, Ruby's truth and RE2's
patterns. Where a variable's value comes from is left to ``variables``.
"""

from gitopslab.ci.expressions.statement import account, check, evaluate, is_true, problem_of
from gitopslab.ci.expressions.tokens import ExpressionError

__all__ = ["ExpressionError", "account", "check", "evaluate", "is_true", "problem_of"]
