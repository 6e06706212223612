"""The grammar of the tiny shell: a script's text into statements.

``player`` plays the statements. All pure; scripts are bounded in length and depth, since they come from manifests.
Leaves to others: what words are made of (``words``), what a command does, and expanding variables.

Simplified: a pipe of more than 30 commands is not understood.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from gitopslab.controlplane.kubelet.statements import Case, Command, For, Group, If, Loop, Pipe, Simple, Statement
from gitopslab.controlplane.kubelet.words import (
    MOST_DEPTH,
    Kind,
    NotUnderstoodError,
    Piece,
    Token,
    UnfinishedError,
    tokens,
)

_SEPARATORS = (";", "\n")
_REDIRECTIONS = ("<", ">", ">>", ">&2", "1>&2", "2>", "2>>", "2>&1")
_NOT_HERE = ("then", "elif", "else", "fi", "do", "done", "esac", "in", "}", "function")
_MOST_SCRIPT = 16_384
_MOST_STAGES = 30  # each is played inside of the one after it


@lru_cache(maxsize=128)  # loops play what stands in ``$(…)`` again and again, and pods the same script
def parse(text: str) -> list[Statement]:
    """The statements of a script.

    Raises:
        NotUnderstoodError: It is too long, or not in the small language.
    """
    if len(text) > _MOST_SCRIPT:
        raise NotUnderstoodError("too long")
    return _Parser(text).statements()


class _Parser:
    """Words and operators into statements."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0
        self._compounds: Mapping[str, Callable[[], Command]] = {
            "while": self._loop, "until": self._loop, "for": self._for, "if": self._if, "case": self._case,
            "{": self._group,
        }  # fmt: skip

    def statements(self, *until: str) -> list[Statement]:
        """Statements up to one of the closing words, which is left to the caller."""
        found: list[Statement] = []
        joint = ";"
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.raw in until:
                return found
            if token.pieces:
                found.append(self._statement(joint))
                joint = ";"
            elif token.raw in ("&&", "||") or token.raw in _SEPARATORS:
                self._at += 1
                joint = token.raw if joint not in ("&&", "||") else joint  # a list goes on after a line's end
            else:
                raise NotUnderstoodError(token.raw)
        if until:
            raise UnfinishedError(f"no {until[0]}")
        return found

    def _statement(self, joint: str) -> Statement:
        negated = self._took("!")
        statement = self._single(joint)
        stages = [statement]
        while self._took("|"):
            self._pass_separators()
            stages.append(self._single(";"))
        if len(stages) > _MOST_STAGES:
            raise NotUnderstoodError("too many pipes")
        if len(stages) > 1:
            statement = Statement(joint, Pipe(stages))
        statement.negated = negated
        return statement

    def _single(self, joint: str) -> Statement:
        word = self._next
        if word.raw in _NOT_HERE:
            raise NotUnderstoodError(word.raw)
        compound = self._compounds.get(word.raw)
        if compound is None:
            words = self._words()
            if not words:
                raise NotUnderstoodError("!")
            return self._redirected(Statement(joint, Simple(words)))
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise NotUnderstoodError("too deep")
        statement = Statement(joint, compound())
        self._depth -= 1
        return self._redirected(statement)

    # Words.

    @property
    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise UnfinishedError("no more words")
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _took(self, raw: str) -> bool:
        """Whether this came next; it is taken then."""
        if self._at < len(self._tokens) and self._tokens[self._at].raw == raw:
            self._at += 1
            return True
        return False

    def _expect(self, raw: str) -> None:
        if (token := self._take()).raw != raw:
            raise NotUnderstoodError(token.raw)

    def _pass_separators(self) -> None:
        while self._at < len(self._tokens) and self._tokens[self._at].raw in _SEPARATORS:
            self._at += 1

    def _words(self) -> list[Token]:
        words: list[Token] = []
        if self._next.raw == "[[":  # in which operators are words
            while not words or words[-1].raw != "]]":
                token = self._take()
                words.append(replace(token, pieces=token.pieces or (Piece(Kind.TEXT, token.raw, quoted=True),)))
            return words
        while self._at < len(self._tokens) and self._tokens[self._at].pieces:
            words.append(self._take())
        return words

    def _redirected(self, statement: Statement) -> Statement:
        """The statement with its redirections, between which more of its words may stand."""
        while self._at < len(self._tokens) and (sign := self._tokens[self._at].raw) in _REDIRECTIONS:
            self._at += 1
            if "&" in sign:
                statement.errors = Token("&1") if sign == "2>&1" else statement.errors
                statement.target = Token("&2") if sign != "2>&1" else statement.target
            elif self._at >= len(self._tokens) or not self._next.pieces:
                raise NotUnderstoodError(sign)
            elif sign == "<":
                statement.source = self._take()
            elif sign.startswith("2"):
                statement.errors = self._take()
            else:
                statement.target, statement.appends = self._take(), sign == ">>"
            if isinstance(statement.command, Simple):
                statement.command.words += self._words() if self._at < len(self._tokens) else []
            elif self._at < len(self._tokens) and self._next.pieces:
                raise NotUnderstoodError(self._next.raw)
        return statement

    # What is made of statements.

    def _group(self) -> Group:
        self._take()
        body = self.statements("}")
        self._expect("}")
        return Group(body)

    def _loop(self) -> Loop:
        until = self._take().raw == "until"
        condition = self._guarding("do")
        return Loop(condition, self._body(), until)

    def _for(self) -> For:
        self._take()
        name = self._take().raw
        self._expect("in")
        words = self._words() if self._next.pieces else []
        self._pass_separators()
        self._expect("do")
        return For(name, words, self._body())

    def _body(self) -> list[Statement]:
        body = self.statements("done")
        self._expect("done")
        return body

    def _if(self) -> If:
        branches = []
        otherwise: list[Statement] = []
        while (word := self._take().raw) in ("if", "elif"):
            condition = self._guarding("then")
            branches.append((condition, self.statements("elif", "else", "fi")))
        if word == "else":
            otherwise = self.statements("fi")
            self._expect("fi")
        return If(branches, otherwise)

    def _guarding(self, word: str) -> list[Statement]:
        """The statements of a condition, and the word after it."""
        condition = self.statements(word)
        self._expect(word)
        if not condition:
            raise NotUnderstoodError(word)
        return condition

    def _case(self) -> Case:
        self._take()
        word = self._take()
        self._pass_separators()
        self._expect("in")
        choices = []
        self._pass_separators()
        while not self._took("esac"):
            self._took("(")
            patterns = [self._take()]
            while self._took("|"):
                patterns.append(self._take())
            self._expect(")")
            choices.append((patterns, self.statements(";;", "esac")))
            self._took(";;")
            self._pass_separators()
        return Case(word, choices)
