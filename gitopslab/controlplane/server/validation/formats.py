"""Formats of single values: names, labels, ports, paths, addresses.

Each ``problems_of_…`` returns what is wrong with a value, nothing when it is fine; the texts are those of
``apimachinery/pkg/util/validation`` and ``apimachinery/pkg/api/validate/content``. Used by every other module of the
package.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache

Problems = tuple[str, ...]
Check = Callable[[str], Problems]
Range = ipaddress.IPv4Network | ipaddress.IPv6Network

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_KEY})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_PERCENT = "[0-9]+%"
_C_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_C_NAME_TEXT = (
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric "
    "characters or '_'"
)
_HEADER = "[-A-Za-z0-9]+"
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_PATTERNS = {
    text: re.compile(text)
    for text in (_LABEL, _SUBDOMAIN, _LABEL_1035, _KEY, _VALUE, _CONFIG_KEY, _PERCENT, _HEADER, rf"\*\.{_SUBDOMAIN}")
}

_SEARCH_PART = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SEARCH_PATH = rf"{_SEARCH_PART}(\.{_SEARCH_PART})*"
_SEARCH_PATH_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
_WILDCARD_TEXT = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)
_KEY_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)
_CONFIG_KEY_TEXT = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
_PERCENT_TEXT = "a valid percent string must be a numeric string followed by an ending '%'"
_HEADER_TEXT = "a valid HTTP header must consist of alphanumeric characters or '-'"
_VARIABLE_TEXT = "a valid environment variable name must consist only of printable ASCII characters other than '='"

MAX_PORT = 65535


def in_range(low: int, high: int) -> str:
    """The text for a number outside its bounds."""
    return f"must be between {low} and {high}, inclusive"


def _mismatch(text: str, pattern: str, *examples: str) -> str:
    # The comma and space behind each example, and so the two spaces before "or", are upstream's.
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"


def _too_long(limit: int, unit: str = "characters") -> str:
    return f"must be no more than {limit} {unit}"


def _matches(pattern: str, value: str) -> bool:
    return _PATTERNS[pattern].fullmatch(value) is not None


@lru_cache(maxsize=4096)
def problems_of_subdomain(value: str) -> Problems:
    """A DNS-1123 subdomain: most names of objects."""
    found = [_too_long(253)] if len(value) > 253 else []
    if not _matches(_SUBDOMAIN, value):
        found.append(_mismatch(_SUBDOMAIN_TEXT, _SUBDOMAIN, "example.com"))
    return tuple(found)


def problems_of_search_path(value: str) -> Problems:
    """A DNS search path: a subdomain whose parts may have underscores."""
    found = [_too_long(253)] if len(value) > 253 else []
    if not re.fullmatch(_SEARCH_PATH, value):
        found.append(_mismatch(_SEARCH_PATH_TEXT, _SEARCH_PATH, "example.com"))
    return tuple(found)


@lru_cache(maxsize=4096)
def problems_of_label(value: str) -> Problems:
    """A DNS-1123 label: names of namespaces, containers, volumes."""
    found = [_too_long(63)] if len(value) > 63 else []
    if not _matches(_LABEL, value):
        dotted = _matches(_SUBDOMAIN, value)
        found.append("must not contain dots" if dotted else _mismatch(_LABEL_TEXT, _LABEL, "my-name", "123-abc"))
    return tuple(found)


def problems_of_c_identifier(value: str) -> Problems:
    """A name as C has them: attributes of devices."""
    return () if re.fullmatch(_C_NAME, value) else (_mismatch(_C_NAME_TEXT, _C_NAME, "my_name", "MY_NAME", "MyName"),)


def problems_of_1035_label(value: str) -> Problems:
    """A DNS-1035 label: names of Services before 1.34."""
    found = [_too_long(63)] if len(value) > 63 else []
    if not _matches(_LABEL_1035, value):
        found.append(_mismatch(_LABEL_1035_TEXT, _LABEL_1035, "my-name", "abc-123"))
    return tuple(found)


def problems_of_wildcard(value: str) -> Problems:
    """A host with a leading ``*.``, as an Ingress rule may have it."""
    found = [_too_long(253)] if len(value) > 253 else []
    if not _matches(rf"\*\.{_SUBDOMAIN}", value):
        found.append(_mismatch(_WILDCARD_TEXT, rf"\*\.{_SUBDOMAIN}", "*.example.com"))
    return tuple(found)


@lru_cache(maxsize=4096)
def problems_of_qualified_name(value: str) -> Problems:
    """A label key: an optional DNS prefix, a slash and a name."""
    parts = value.split("/")
    shape = _mismatch(_KEY_TEXT, _KEY, "MyName", "my.name", "123-abc")
    if len(parts) > 2:
        return (f"a valid label key {shape} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",)
    found: list[str] = []
    if len(parts) == 2:
        if not parts[0]:
            found.append("prefix part must be non-empty")
        else:
            found.extend(f"prefix part {problem}" for problem in _prefix_problems(parts[0]))
    name = parts[-1]
    if not name:
        found.append("name part must be non-empty")
    elif len(name) > 63:
        found.append(f"name part {_too_long(63, 'bytes')}")
    if not _matches(_KEY, name):
        found.append(f"name part {shape}")
    return tuple(found)


def _prefix_problems(prefix: str) -> Problems:
    return tuple(problem.replace("253 characters", "253 bytes") for problem in problems_of_subdomain(prefix))


@lru_cache(maxsize=4096)
def problems_of_label_value(value: str) -> Problems:
    """The value of a label."""
    found = [_too_long(63, "bytes")] if len(value) > 63 else []
    if not _matches(_VALUE, value):
        found.append(_mismatch(_VALUE_TEXT, _VALUE, "MyValue", "my_value", "12345"))
    return tuple(found)


def problems_of_config_key(value: str) -> Problems:
    """A key of a ConfigMap or Secret, which may become a file name."""
    found = [_too_long(253)] if len(value) > 253 else []
    if not _matches(_CONFIG_KEY, value):
        found.append(_mismatch(_CONFIG_KEY_TEXT, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if value in (".", ".."):
        found.append(f"must not be '{value}'")
    elif value.startswith(".."):
        found.append("must not start with '..'")
    return tuple(found)


@lru_cache(maxsize=1024)
def problems_of_variable(value: str) -> Problems:
    """The name of an environment variable."""
    if not value:
        return ("environment variable name must be non-empty",)
    if any(not " " <= character <= "~" or character == "=" for character in value):
        return (_VARIABLE_TEXT,)
    return ()


def problems_of_port(value: int) -> Problems:
    """A port number."""
    return () if 1 <= value <= MAX_PORT else (in_range(1, MAX_PORT),)


@lru_cache(maxsize=1024)
def problems_of_port_name(value: str) -> Problems:
    """The name of a port (RFC 6335, lower case)."""
    checks = (
        (len(value) > 15, _too_long(15)),
        (
            not re.fullmatch("[-a-z0-9]+", value),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (not re.search("[a-z]", value), "must contain at least one letter (a-z)"),
        ("--" in value, "must not contain consecutive hyphens"),
        (value.startswith("-") or value.endswith("-"), "must not begin or end with a hyphen"),
    )
    return tuple(text for wrong, text in checks if wrong)


def problems_of_percent(value: str) -> Problems:
    """A percentage such as ``25%``."""
    return () if _matches(_PERCENT, value) else (_mismatch(_PERCENT_TEXT, _PERCENT, "1%", "93%"),)


def problems_of_header(value: str) -> Problems:
    """The name of an HTTP header."""
    return () if _matches(_HEADER, value) else (_mismatch(_HEADER_TEXT, _HEADER, "X-Header-Name"),)


@lru_cache(maxsize=1024)
def problems_of_ip(value: str) -> Problems:
    """An IPv4 or IPv6 address."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        if re.fullmatch(r"\d+(\.\d+){3}", value) and all(int(part) <= 255 for part in value.split(".")):
            return ("must not have leading 0s",)
        return ("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return ("must not be an IPv4-mapped IPv6 address",)
    return ()


def problems_of_cidr(value: str) -> Problems:
    """A range of addresses, ``10.0.0.0/24``."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return ("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",)
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return ("must not have bits set beyond the prefix length",)
    return () if "/" in value else ("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",)


def problems_of_canonical_ip(value: str) -> Problems:
    """An address as everybody spells it, for fields and names that were always strict."""
    return problems_of_ip(value) or _problems_of_spelling(value, str(ipaddress.ip_address(value)))


def problems_of_canonical_cidr(value: str) -> Problems:
    """A range of addresses as everybody spells it."""
    return problems_of_cidr(value) or _problems_of_spelling(value, str(ipaddress.ip_network(value)))


def _problems_of_spelling(value: str, canonical: str) -> Problems:
    return () if value == canonical else (f'must be in canonical form ("{canonical}")',)


def range_of(value: str) -> Range | None:
    """The range that a text means, whatever it has beyond the prefix; None when it means none."""
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


def is_strictly_within(inner: Range, outer: Range) -> bool:
    """Whether one range is a part of another, and smaller."""
    same_family = inner.version == outer.version
    return same_family and inner.prefixlen > outer.prefixlen and inner.network_address in outer


def problems_of_steps_back(path: str) -> Problems:
    """A path that must not climb out of where it begins."""
    return ("must not contain '..'",) if ".." in path.split("/") else ()


def anything(value: str) -> Problems:
    """A value without a format."""
    return ()


def problems_of_path(value: str) -> Problems:
    """What follows a domain in a name with a prefix."""
    return () if re.fullmatch(_HTTP_PATH, value) else (f"Invalid path (regex used for validation is '{_HTTP_PATH}')",)


def problems_of_path_segment(value: str) -> Problems:
    """A name that need only fit into a path: roles and bindings."""
    if value in (".", ".."):
        return (f"may not be '{value}'",)
    return tuple(f"may not contain '{part}'" for part in ("/", "%") if part in value)


def masked(name: str) -> str:
    """A ``generateName`` as it is checked: a trailing dash is fine, since something follows it."""
    return f"{name[:-2]}a" if len(name) > 1 and name.endswith("-") else name
