"""Tokens to a tree with GitLab's shunting yard, and the tree to an answer (``expression/parser.rb``, ``statement.rb``).

From tight to loose: ``( )``, ``!``, then ``== != =~ !~`` on one level, ``&&``, ``||``; all of them from the left.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from gitopslab.ci.expressions.nodes import Binary, Literal, Node, Not, Value, Variable, Variables, is_present
from gitopslab.ci.expressions.patterns import pattern
from gitopslab.ci.expressions.tokens import VALUES, ExpressionError, Token, tokens
from gitopslab.machinery.messages import sentence

_PRECEDENCE = {"!": 1, "==": 10, "!=": 10, "=~": 10, "!~": 10, "&&": 11, "||": 12, ")": 900, "(": 901}


def evaluate(expression: str, variables: Variables) -> bool:
    """Whether an expression holds.

    Args:
        expression: As it stands behind ``if:``.
        variables: Their values, unexpanded; what is absent is undefined.

    Raises:
        ExpressionError: GitLab's linter calls it invalid.
    """
    return is_present(parse(expression).evaluate(variables))


def is_true(expression: str, variables: Variables) -> bool:
    """As a running pipeline asks it: an invalid expression does not hold."""
    try:
        return evaluate(expression, variables)
    except ExpressionError:
        return False


def check(expression: object) -> None:
    """Look whether an expression is valid, as GitLab's linter does: it is evaluated without any variables.

    Raises:
        ExpressionError: It is not; the message is GitLab's internal one, which GitLab itself never shows.
    """
    if not isinstance(expression, str):
        raise ExpressionError("An expression is a text", "Write one condition; several stand in one with && and ||.")
    parse(expression).evaluate({})


def problem_of(expression: object) -> ExpressionError | None:
    """Why an expression is invalid; None when it is not."""
    try:
        check(expression)
    except ExpressionError as error:
        return error
    return None


@functools.lru_cache(maxsize=1024)
def parse(expression: str) -> Node:
    """The tree of an expression.

    Raises:
        ExpressionError: It is invalid.
    """
    found = tokens(expression)
    if not found:
        raise ExpressionError("The expression is empty", "Write a condition, or leave if: out.")
    stack: list[Node] = []
    for token in _in_order(found):
        stack.append(_built(token, stack))
    if len(stack) > 1:
        raise ExpressionError(
            "Unreachable nodes in parse tree", "Two values stand side by side: put an operator between."
        )
    if not stack:
        raise ExpressionError("Empty parse tree", "There is nothing between the parentheses.")
    return stack[0]


def _in_order(found: list[Token]) -> Iterator[Token]:
    """The tokens with each operator behind its operands."""
    waiting: list[Token] = []
    for token in found:
        if token.kind in VALUES:
            yield token
        elif token.kind in ("(", "!"):
            waiting.append(token)
        else:
            while waiting and _PRECEDENCE[token.kind] >= _PRECEDENCE[waiting[-1].kind]:
                yield waiting.pop()
            if token.kind != ")":
                waiting.append(token)
            elif not waiting:
                raise ExpressionError("Unmatched parenthesis", "This ) has no ( before it.", column=token.column)
            else:
                waiting.pop()
    yield from reversed(waiting)


def _built(token: Token, stack: list[Node]) -> Node:
    if token.kind in VALUES:
        return _value(token)
    if token.kind == "(":
        raise ExpressionError("Unmatched parenthesis", "This ( is never closed.", column=token.column)
    right = stack.pop() if stack else None
    if token.kind == "!":
        if right is None:
            raise ExpressionError("Invalid operand", "Nothing stands behind this !.", column=token.column)
        return Not(right)
    left = stack.pop() if stack else None
    if left is None or right is None:
        side = "left" if left is None else "right"
        hint = f"{token.text} needs a value on both sides."
        raise ExpressionError(f"Invalid {side} operand", hint, column=token.column)
    return Binary(token.kind, left, right)


def _value(token: Token) -> Node:
    if token.kind == "variable":
        return Variable(token.text)
    if token.kind == "pattern":
        try:
            return Literal(pattern(token.text))
        except ExpressionError as error:
            raise ExpressionError(error.message, error.hint, column=token.column) from error
    constants: dict[str, Value] = {"null": None, "input": None, "boolean": token.text == "true", "string": token.text}
    return Literal(constants[token.kind])


def account(expression: str, variables: Variables) -> str:
    """The values of the variables in an expression, as in ``$CI_COMMIT_TAG is undefined``."""
    try:
        names = dict.fromkeys(token.text for token in tokens(expression) if token.kind == "variable")
    except ExpressionError as error:
        return f"the expression is invalid: {error.message}"
    said = [
        sentence(f'${name} is "{variables[name]}"') if name in variables else sentence(f"${name} is undefined")
        for name in names
    ]
    return ", ".join(said)
