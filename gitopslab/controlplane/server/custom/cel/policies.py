"""What expressions of admission policies see, as types the CEL checker knows.

``validation.admissionpolicies`` holds the expressions of a policy against these: objects and parameters may be of any
type, the request has the fields of an ``AdmissionRequest``, and each variable the type of its own expression.
``admission.policies`` has ``program`` make what evaluates them. Upstream:
``apiserver/pkg/admission/plugin/cel`` (``compile.go``, ``composition.go``).

Simplified: the namespace may have any fields; what is in a list or map of a variable may be anything; maps and lists
may hold values of several types.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cel_expr_python import cel
from google.protobuf import struct_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from gitopslab.controlplane.server.custom.cel import engine, initializers
from gitopslab.controlplane.server.custom.cel.evaluation.planning import Program

_F = FieldDescriptorProto
_ANY, _LIST, _MAP = (f".google.protobuf.{name}" for name in ("Value", "ListValue", "Struct"))
_SCALARS = {
    "BOOL": _F.TYPE_BOOL, "INT": _F.TYPE_INT64, "UINT": _F.TYPE_UINT64, "DOUBLE": _F.TYPE_DOUBLE,
    "STRING": _F.TYPE_STRING, "BYTES": _F.TYPE_BYTES,
}  # fmt: skip
_REQUEST: dict[str, dict[str, str]] = {
    "GroupVersionKind": {"group": "STRING", "version": "STRING", "kind": "STRING"},
    "GroupVersionResource": {"group": "STRING", "version": "STRING", "resource": "STRING"},
    "UserInfo": {"username": "STRING", "uid": "STRING", "groups": _LIST, "extra": _MAP},
    "AdmissionRequest": {
        "kind": ".GroupVersionKind", "resource": ".GroupVersionResource", "subResource": "STRING",
        "requestKind": ".GroupVersionKind", "requestResource": ".GroupVersionResource",
        "requestSubResource": "STRING", "name": "STRING", "namespace": "STRING", "operation": "STRING",
        "userInfo": ".UserInfo", "dryRun": "BOOL", "options": _ANY,
    },
}  # fmt: skip
_FREE = ("object", "oldObject", "namespaceObject")


class PolicyChecker:
    """Holds the expressions of one policy, in its order: a variable is known once it was added.

    Args:
        has_params: Whether the policy has parameters.
    """

    def __init__(self, *, has_params: bool) -> None:
        self._free = (*_FREE, "params") if has_params else _FREE
        self._variables: dict[str, str] = {}
        self._environments: dict[bool, cel.Env] = {}

    def check(self, expression: str, *, with_variables: bool = True) -> str:
        """The name of an expression's type (``bool``, ``string``, ``dyn``); empty when unknown.

        Raises:
            CompileError: It does not fit.
        """
        return _as_go(self.checked(expression, with_variables=with_variables).kind)

    def checked(self, expression: str, *, with_variables: bool = True) -> engine.Checked:
        """What is known of an expression.

        Raises:
            CompileError: It does not fit.
        """
        if with_variables not in self._environments:
            known = {**_REQUEST, "Variables": self._variables} if with_variables else _REQUEST
            self._environments[with_variables] = self._environment(known)
        return engine.checked(expression, self._environments[with_variables])

    def check_patch(self, expression: str) -> str:
        """The type of an expression that makes a patch: ``Object``, ``list(JSONPatch)``, or what it is instead.

        Raises:
            CompileError: It does not fit.
        """
        return initializers.named(expression).as_called(_as_go(self.checked_patch(expression).kind))

    def checked_patch(self, expression: str) -> engine.Checked:
        """What is known of an expression that makes a patch.

        Raises:
            CompileError: It does not fit.
        """
        made = initializers.named(expression)
        try:
            known = {**_REQUEST, "Variables": self._variables, **made.types}
            return engine.checked(made.text, self._environment(known, patches=True), made.called)
        except engine.CompileError as error:
            told = str(error).replace(f" | {made.text}", f" | {expression}")
            raise engine.CompileError(made.as_called(told), error.stage) from error

    def _environment(self, known: dict[str, dict[str, str]], *, patches: bool = False) -> cel.Env:
        seen = {name: cel.Type.DYN for name in self._free} | {"request": cel.Type("AdmissionRequest")}
        if "Variables" in known:
            seen["variables"] = cel.Type("Variables")
        return engine.environment(seen, _pool(known), patches=patches)

    def add(self, name: str, expression: str) -> None:
        """Check the expression of a variable, and know it from now on.

        Raises:
            CompileError: It does not fit; then it may be of any type.
        """
        self._variables[name] = _ANY
        known = dict(self._variables)
        del self._variables[name]
        try:
            kind = self.check(expression).upper().partition("(")[0]
        finally:
            self._variables = known
            self._environments.pop(True, None)
        self._variables[name] = kind if kind in _SCALARS else {"LIST": _LIST, "MAP": _MAP}.get(kind, _ANY)


Variables = tuple[tuple[str, str], ...]
"""The variables of a policy, by name, with their expressions."""


@lru_cache(maxsize=128)
def _checker(variables: Variables) -> PolicyChecker:
    """What holds expressions against the variables of a stored policy, which has been checked."""
    checker = PolicyChecker(has_params=True)
    for name, expression in variables:
        checker.add(name, expression)
    return checker


@lru_cache(maxsize=1024)
def program(expression: str, variables: Variables, *, patches: bool = False) -> Program:
    """An expression of a stored policy, to be evaluated.

    Args:
        expression: It.
        variables: What the policy has defined before it.
        patches: Whether it makes a patch.

    Raises:
        CompileError: It is none.
    """
    checker = _checker(variables)
    return (checker.checked_patch(expression) if patches else checker.checked(expression)).program


def _as_go(kind: str) -> str:
    """The name of a type as ``cel-go`` writes it: ``map(string, int)`` of ``MAP<STRING, INT>``."""
    return re.sub(r"\b[A-Z]+\b", lambda name: name.group().lower(), kind).replace("<", "(").replace(">", ")")


def _pool(messages: dict[str, dict[str, str]]) -> DescriptorPool:
    file = FileDescriptorProto(
        name="policy.proto", syntax="proto2", dependency=[str(struct_pb2.DESCRIPTOR.name)],
        message_type=[_message(name, fields) for name, fields in messages.items()],
    )  # fmt: skip
    pool = DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _message(name: str, fields: dict[str, str]) -> DescriptorProto:
    message = DescriptorProto(name=name)
    for number, (field, kind) in enumerate(fields.items(), 1):
        made = message.field.add(name=field, number=number, json_name=field, label=_F.LABEL_OPTIONAL)
        if kind in _SCALARS:
            made.type = _SCALARS[kind]
        else:
            made.type, made.type_name = _F.TYPE_MESSAGE, kind
    return message
