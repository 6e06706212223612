"""Rules of device classes, claims and their templates. Upstream: ``pkg/apis/resource/validation``.

Simplified: what a driver reports of a claim is kept as it is, and anybody may ask for administrators' access.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes, Struct
from gitopslab.controlplane.server.validation.gostruct import printed
from gitopslab.controlplane.server.validation.metadata import check_template_metadata
from gitopslab.machinery.objects import Object

EFFECTS = ("NoExecute", "NoSchedule", "None")
"""What a taint of a device does."""

_OPERATORS = ("Equal", "Exists")
_MODES = ("All", "ExactCount")
_MOST = 32
_MOST_ALTERNATIVES = 8
_LONGEST = 10 * 1024
_LONGEST_DRIVER = 63
_ONE_KIND = "exactly one of `exactly` or `firstAvailable` is required"
_IN_CLAIM = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
_IMMUTABLE = "field is immutable"


def check_claim(causes: Causes, claim: Object) -> None:
    """A new claim."""
    _check_devices(causes, claim["spec"].get("devices") or {}, "spec.devices")


def check_claim_change(causes: Causes, claim: Object, before: Object, subresource: str) -> None:
    """What is claimed stays as it is."""
    if subresource == "status":
        _check_status(causes, claim.get("status") or {})
    elif not same(claim["spec"], before["spec"]):
        causes.invalid("spec", printed("ResourceClaimSpec", claim["spec"]), _IMMUTABLE)


def _check_status(causes: Causes, status: Object) -> None:
    if status.get("reservedFor") and status.get("allocation") is None:
        causes.forbidden("status.reservedFor", "may not be specified when `allocated` is not set")


def check_template(causes: Causes, template: Object) -> None:
    """A new template of claims."""
    check_template_metadata(causes, template["spec"].get("metadata") or {}, "spec.metadata")
    _check_devices(causes, (template["spec"].get("spec") or {}).get("devices") or {}, "spec.spec.devices")


def check_template_change(causes: Causes, template: Object, before: Object, subresource: str) -> None:
    """A template stays as it is."""
    spec = template["spec"]
    if not same(spec, before["spec"]):
        claim = printed("ResourceClaimSpec", spec.get("spec") or {})
        causes.invalid("spec", Struct({**(spec.get("metadata") or {}), "Spec": claim}), _IMMUTABLE)


def check_class(causes: Causes, obj: Object) -> None:
    """A new or changed class."""
    spec = obj["spec"]
    _check_selectors(causes, spec.get("selectors") or [], "spec.selectors")
    for index, config in enumerate(spec.get("config") or ()):
        _check_config(causes, config, f"spec.config[{index}]")
    name = spec.get("extendedResourceName")
    if name is not None and (formats.problems_of_qualified_name(name) or "/" not in name):
        causes.invalid("spec.extendedResourceName", name, "must be a valid extended resource name")


def check_class_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    check_class(causes, obj)


def _check_devices(causes: Causes, devices: Object, path: str) -> None:
    requests = devices.get("requests") or []
    known = {name for request in requests for name in _names_of(request)}
    for field in ("requests", "constraints", "config"):
        if len(devices.get(field) or ()) > _MOST:
            causes.too_many(f"{path}.{field}", len(devices[field]), _MOST)
    for index, request in enumerate(requests):
        check_name(causes, request, f"{path}.requests[{index}]")
        _check_request(causes, request, f"{path}.requests[{index}]")
    for index, constraint in enumerate(devices.get("constraints") or ()):
        here = f"{path}.constraints[{index}]"
        _check_references(causes, constraint.get("requests") or (), known, f"{here}.requests")
        for field in ("matchAttribute", "distinctAttribute"):
            _check_attribute(causes, constraint.get(field), f"{here}.{field}")
        if constraint.get("matchAttribute") is None and constraint.get("distinctAttribute") is None:
            why = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
            causes.required(here, why)
    for index, config in enumerate(devices.get("config") or ()):
        _check_references(causes, config.get("requests") or (), known, f"{path}.config[{index}].requests")
        _check_config(causes, config, f"{path}.config[{index}]")
    check_repeated(causes, requests, f"{path}.requests")


def _check_attribute(causes: Causes, name: str | None, path: str) -> None:
    if name is None:
        return
    check_qualified(causes, name, path)
    if "/" not in name:
        causes.invalid(path, name, "a fully qualified name must be a domain and a name separated by a slash")


def check_qualified(causes: Causes, name: str, path: str) -> None:
    """The name of an attribute or a capacity, with or without a domain; upstream lets pass what has more slashes."""
    if name.count("/") > 1:
        return
    domain, slash, own = name.rpartition("/")
    if slash and not domain:
        causes.invalid(path, "", "the domain must not be empty")
    elif slash:
        check_driver(causes, domain, path)
    if slash and not own:
        causes.invalid(path, "", "the name must not be empty")
    else:
        causes.each(path, own, formats.problems_of_c_identifier(own))


def _names_of(request: Object) -> list[str]:
    name = request.get("name") or ""
    return [name, *(f"{name}/{each.get('name')}" for each in request.get("firstAvailable") or ())]


def check_name(causes: Causes, item: Object, path: str) -> None:
    """The name of a request or a device."""
    name = item.get("name") or ""
    causes.each(f"{path}.name", name, formats.problems_of_label(name) if name else ())
    if not name:
        causes.required(f"{path}.name")


def check_repeated(causes: Causes, items: list[Object], path: str) -> None:
    """Names that occur more than once."""
    names: set[str] = set()
    for index, item in enumerate(items):
        name = item.get("name") or ""
        if name in names:
            causes.duplicate(f"{path}[{index}]", name)
        names.add(name)


def _check_request(causes: Causes, request: Object, path: str) -> None:
    exactly, alternatives = request.get("exactly"), request.get("firstAvailable") or []
    if exactly is not None and alternatives:
        causes.invalid(path, None, f"{_ONE_KIND}, but multiple fields are set")
    elif exactly is not None:
        _check_wish(causes, exactly, f"{path}.exactly")
    elif not alternatives:
        causes.required(path, _ONE_KIND)
    else:
        if len(alternatives) > _MOST_ALTERNATIVES:
            causes.too_many(f"{path}.firstAvailable", len(alternatives), _MOST_ALTERNATIVES)
        for index, alternative in enumerate(alternatives):
            check_name(causes, alternative, f"{path}.firstAvailable[{index}]")
            _check_wish(causes, alternative, f"{path}.firstAvailable[{index}]")
        check_repeated(causes, alternatives, f"{path}.firstAvailable")


def _check_wish(causes: Causes, wish: Object, path: str) -> None:
    name, mode, count = wish.get("deviceClassName") or "", wish.get("allocationMode") or "", wish.get("count") or 0
    if name:
        causes.each(f"{path}.deviceClassName", name, formats.problems_of_subdomain(name))
    else:
        causes.required(f"{path}.deviceClassName")
    _check_selectors(causes, wish.get("selectors") or [], f"{path}.selectors")
    if mode not in _MODES:
        causes.unsupported(f"{path}.allocationMode", mode, _MODES)
    elif mode == "All" and count:
        causes.invalid(f"{path}.count", count, "must not be specified when allocationMode is 'All'")
    elif mode == "ExactCount" and count <= 0:
        causes.invalid(f"{path}.count", count, "must be greater than zero")
    for index, toleration in enumerate(wish.get("tolerations") or ()):
        _check_toleration(causes, toleration, f"{path}.tolerations[{index}]")


def _check_toleration(causes: Causes, toleration: Object, path: str) -> None:
    key, operator, value = toleration.get("key") or "", toleration.get("operator") or "", toleration.get("value") or ""
    if key:
        causes.each(f"{path}.key", key, formats.problems_of_qualified_name(key))
    if operator == "Exists" and value:
        causes.invalid(f"{path}.value", value, "must be empty for operator `Exists`")
    elif operator == "Equal":
        causes.each(f"{path}.value", value, formats.problems_of_label_value(value))
    elif operator not in _OPERATORS:
        causes.unsupported(f"{path}.operator", operator, _OPERATORS)
    if (effect := toleration.get("effect") or "") and effect not in EFFECTS:
        causes.unsupported(f"{path}.effect", effect, EFFECTS)


def _check_selectors(causes: Causes, selectors: list[Object], path: str) -> None:
    if len(selectors) > _MOST:
        causes.too_many(path, len(selectors), _MOST)
    for index, selector in enumerate(selectors):
        expression = (selector.get("cel") or {}).get("expression") or ""
        if selector.get("cel") is None:
            causes.required(f"{path}[{index}].cel")
        elif len(expression) > _LONGEST:
            too_long = f"Too long: may not be more than {_LONGEST} bytes"
            causes.bare(f"{path}[{index}].cel.expression", "FieldValueTooLong", too_long)
        elif problem := _problem_of(expression):
            causes.invalid(f"{path}[{index}].cel.expression", expression, problem)


def _problem_of(expression: str) -> str:
    from gitopslab.controlplane.server.custom.cel import devices  # the library is large

    return devices.problem_of(expression)


def _check_references(causes: Causes, names: Iterable[str], known: set[str], path: str) -> None:
    for index, name in enumerate(names):
        if name not in known:
            causes.invalid(f"{path}[{index}]", name, _IN_CLAIM)


def _check_config(causes: Causes, config: Object, path: str) -> None:
    opaque = config.get("opaque")
    if opaque is None:
        causes.required(f"{path}.opaque")
        return
    check_driver(causes, opaque.get("driver") or "", f"{path}.opaque.driver")
    if opaque.get("parameters") is None:
        causes.required(f"{path}.opaque.parameters")
    elif not isinstance(opaque["parameters"], dict):
        causes.invalid(f"{path}.opaque.parameters", "<value omitted>", "must be a valid JSON object")


def check_driver(causes: Causes, name: str, path: str) -> None:
    """The name of a driver, or of the domain of what it tells."""
    if not name:
        causes.required(path)
        return
    if len(name) > _LONGEST_DRIVER:
        causes.bare(path, "FieldValueTooLong", f"Too long: may not be more than {_LONGEST_DRIVER} bytes")
    causes.each(path, name, formats.problems_of_subdomain(name.lower()))
