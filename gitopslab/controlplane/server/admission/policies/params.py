"""The parameters that a binding gives to its policy.

Upstream: ``CollectParams`` in ``apiserver/pkg/admission/plugin/policy/generic``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Reader
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object, labels_of
from gitopslab.machinery.selectors import from_label_selector


def params_of(policy: Object, binding: Object, namespace: str, reader: Reader, catalog: Catalog) -> list[Object | None]:
    """What to evaluate the policy with, once each; None where it is evaluated without.

    Args:
        policy: Says of which kind its parameters are.
        binding: Says which they are.
        namespace: Of the write; where parameters are looked for when the binding does not say.
        reader: Finds them.
        catalog: Knows the kind.

    Raises:
        ValueError: They cannot be had; the message is upstream's.
    """
    kind, reference = policy["spec"].get("paramKind"), binding["spec"].get("paramRef")
    if kind is None or reference is None:
        return [None]
    resource = catalog.by_kind(kind["apiVersion"], kind["kind"])
    if resource is None:
        raise ValueError(f"paramKind kind `{kind['apiVersion']}, Kind={kind['kind']}` not known")
    found = _found(resource, reference, _place(resource, reference, namespace), reader)
    if not found and reference.get("parameterNotFoundAction") == "Deny":
        raise ValueError("no params found for policy binding with `Deny` parameterNotFoundAction")
    return list(found)


def _place(resource: Resource, reference: Object, namespace: str) -> str:
    own = reference.get("namespace") or ""
    if not resource.namespaced:
        if own:
            raise ValueError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        return ""
    if not own and not namespace:
        raise ValueError("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
    return own or namespace


def _found(resource: Resource, reference: Object, namespace: str, reader: Reader) -> list[Object]:
    if reference.get("name"):
        one = reader.find(resource.storage_key, namespace, reference["name"])
        return [] if one is None else [one]
    selector = from_label_selector(reference.get("selector"))
    every = reader.all(resource.storage_key, namespace)
    return [param for param in every if selector is not None and selector.matches(labels_of(param))]
