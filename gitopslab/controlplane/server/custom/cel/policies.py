"""What expressions of admission policies see, as types the CEL checker knows.

``validation.admissionpolicies`` holds the expressions of a policy against these: objects and parameters may be of any
type, the request has the fields of an ``AdmissionRequest``, and each variable the type of its own expression.
``admission.policies`` has ``program`` make what evaluates them. Upstream:
``apiserver/pkg/admission/plugin/cel`` (``compile.go``, ``composition.go``).

Simplified: what is in a list or map that is itself in one of a variable may be anything; maps and lists may hold values
of several types.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from cel_expr_python import cel

from gitopslab.controlplane.server.custom.cel import engine, initializers, library
from gitopslab.controlplane.server.custom.cel.evaluation.planning import Program
from gitopslab.controlplane.server.custom.cel.messages import Messages, file_of, pool_of
from gitopslab.controlplane.server.custom.cel.tree import DYN, Type

_TEXT, _TRUTH = Type("string"), Type("bool")
_KIND, _RESOURCE = Type("struct", "GroupVersionKind"), Type("struct", "GroupVersionResource")
_LABELS, _TIME, _TEXTS = Type("map", "", (_TEXT, _TEXT)), Type("timestamp"), Type("list", "", (_TEXT,))
_NAMESPACE: Messages = {
    "NamespaceMetadata": {
        **dict.fromkeys(("name", "generateName", "namespace", "UID", "resourceVersion"), _TEXT),
        **dict.fromkeys(("labels", "annotations"), _LABELS),
        **dict.fromkeys(("creationTimestamp", "deletionTimestamp"), _TIME),
        **dict.fromkeys(("deletionGracePeriodSeconds", "generation"), Type("int")),
        "finalizers": _TEXTS,
    },
    "NamespaceSpec": {"finalizers": _TEXTS},
    "NamespaceCondition": {
        **dict.fromkeys(("status", "type", "message", "reason"), _TEXT), "lastTransitionTime": _TIME,
    },
    "NamespaceStatus": {"conditions": Type("list", "", (Type("struct", "NamespaceCondition"),)), "phase": _TEXT},
    "Namespace": {
        "metadata": Type("struct", "NamespaceMetadata"), "spec": Type("struct", "NamespaceSpec"),
        "status": Type("struct", "NamespaceStatus"),
    },
}  # fmt: skip
_REQUEST: Messages = {
    "GroupVersionKind": {"group": _TEXT, "version": _TEXT, "kind": _TEXT},
    "GroupVersionResource": {"group": _TEXT, "version": _TEXT, "resource": _TEXT},
    "UserInfo": {
        "username": _TEXT, "uid": _TEXT, "groups": Type("list", "", (_TEXT,)),
        "extra": Type("map", "", (_TEXT, Type("list", "", (_TEXT,)))),
    },
    **_NAMESPACE,
    "AdmissionRequest": {
        "kind": _KIND, "resource": _RESOURCE, "subResource": _TEXT, "requestKind": _KIND, "requestResource": _RESOURCE,
        "requestSubResource": _TEXT, "name": _TEXT, "namespace": _TEXT, "operation": _TEXT,
        "userInfo": Type("struct", "UserInfo"), "dryRun": _TRUTH, "options": DYN,
    },
}  # fmt: skip
_FREE, _KNOWN = ("object", "oldObject"), "known.proto"


class PolicyChecker:
    """Holds the expressions of one policy, in its order: a variable is known once it was added.

    Args:
        has_params: Whether the policy has parameters.
        typed: The types of ``object``, ``oldObject`` and ``params`` that are known, by name; default none is.
        messages: The message types that those are made of.
    """

    def __init__(
        self, *, has_params: bool, typed: Mapping[str, str] | None = None, messages: Messages | None = None
    ) -> None:
        self._free = (*_FREE, "params") if has_params else _FREE
        self._typed = typed or {}
        self._messages = {**_REQUEST, **(messages or {})}
        self._known = file_of(self._messages, _KNOWN)
        self._variables: dict[str, Type] = {}
        self._environments: dict[tuple[bool, bool], cel.Env] = {}

    def check(self, expression: str, *, with_variables: bool = True, with_authorizer: bool = True) -> str:
        """The name of an expression's type (``bool``, ``string``, ``dyn``); empty when unknown.

        Raises:
            CompileError: It does not fit.
        """
        found = self.checked(expression, with_variables=with_variables, with_authorizer=with_authorizer)
        return engine.as_go(found.kind)

    def checked(self, expression: str, *, with_variables: bool = True, with_authorizer: bool = True) -> engine.Checked:
        """What is known of an expression.

        Raises:
            CompileError: It does not fit.
        """
        # an expression without the word sees no variable, so that none that is added takes its environment away
        wanted = with_variables and "variables" in expression, with_authorizer
        if wanted not in self._environments:
            added: Messages = {"Variables": self._variables} if wanted[0] else {}
            self._environments[wanted] = self._environment(added, with_authorizer=with_authorizer)
        return engine.checked(expression, self._environments[wanted])

    def check_patch(self, expression: str) -> str:
        """The type of an expression that makes a patch: ``Object``, ``list(JSONPatch)``, or what it is instead.

        Raises:
            CompileError: It does not fit.
        """
        return initializers.named(expression).as_called(engine.as_go(self.checked_patch(expression).kind))

    def checked_patch(self, expression: str) -> engine.Checked:
        """What is known of an expression that makes a patch.

        Raises:
            CompileError: It does not fit.
        """
        made = initializers.named(expression)
        try:
            added = {"Variables": self._variables, **made.types}
            return engine.checked(made.text, self._environment(added, patches=True), made.called)
        except engine.CompileError as error:
            told = str(error).replace(f" | {made.text}", f" | {expression}")
            raise engine.CompileError(made.as_called(told), error.stage) from error

    def _environment(self, added: Messages, *, patches: bool = False, with_authorizer: bool = True) -> cel.Env:
        typed = {**self._typed, "request": "AdmissionRequest", "namespaceObject": "Namespace"}
        seen = dict.fromkeys(self._free, cel.Type.DYN) | {name: cel.Type(kind) for name, kind in typed.items()}
        if with_authorizer:
            seen["authorizer"] = library.AUTHORIZER
        if with_authorizer and not self._typed:  # upstream does not know it where it checks types
            seen["authorizer.requestResource"] = library.RESOURCE_CHECK
        if "Variables" in added:
            seen["variables"] = cel.Type("Variables")
        return engine.environment(seen, pool_of(self._known, file_of(added, "added.proto", _KNOWN)), patches=patches)

    def add(self, name: str, expression: str) -> engine.Checked:
        """What is known of the expression of a variable, which is known from now on.

        Raises:
            CompileError: It does not fit; then it may be of any type.
        """
        self._variables.pop(name, None)
        kind = DYN
        try:
            checked = self.checked(expression)
            kind = checked.tree.type_of(checked.tree.root)
            return checked
        finally:
            self._variables[name] = kind if kind.kind != "struct" or kind.name in self._messages else DYN
            self._environments = {wanted: one for wanted, one in self._environments.items() if not wanted[0]}


Variables = tuple[tuple[str, str], ...]
"""The variables of a policy, by name, with their expressions."""


class _Stored:
    """The variables of a stored policy, each checked once, in their order.

    Attributes:
        checker: What holds expressions against them.
        programs: What evaluates each, or why that cannot be, of which whoever uses it is told.
    """

    def __init__(self, variables: Variables) -> None:
        self.checker = PolicyChecker(has_params=True)
        self.programs: dict[str, Program | engine.CompileError] = {}
        for name, expression in variables:
            try:
                self.programs[name] = self.checker.add(name, expression).program
            except engine.CompileError as error:
                self.programs[name] = error


@lru_cache(maxsize=128)
def _stored(variables: Variables) -> _Stored:
    return _Stored(variables)


@lru_cache(maxsize=1024)
def program(expression: str, variables: Variables, *, patches: bool = False) -> Program:
    """An expression of a stored policy, to be evaluated.

    Args:
        expression: It.
        variables: What the policy has defined.
        patches: Whether it makes a patch.

    Raises:
        CompileError: It is none.
    """
    checker = _stored(variables).checker
    return (checker.checked_patch(expression) if patches else checker.checked(expression)).program


def variable(name: str, variables: Variables) -> Program | engine.CompileError:
    """A variable of a stored policy, to be evaluated, or why it cannot be.

    Args:
        name: It.
        variables: What the policy has defined.
    """
    return _stored(variables).programs[name]
