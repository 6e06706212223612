"""What a pod is called, and the files about names that a kubelet writes into its containers.

Both runtimes take them from here. Leaves to others: what names lead to (``names``). Upstream:
``GeneratePodHostNameAndDomain``, ``managedHostsFileContent`` and ``GetPodDNS``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.kubelet.names import DNS
from gitopslab.machinery.objects import Object, name_of, namespace_of

_DOMAIN = "cluster.local"
_OF_NODES = "172.18.0.1"
_LONGEST = 63
_MOST_SERVERS = 3
_LOCAL = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
_IPV6 = "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"


def hostname_of(pod: Object) -> str:
    """The name that a pod's programs find themselves on."""
    spec = pod["spec"]
    if spec.get("hostNetwork"):
        return str(spec.get("nodeName") or "")
    short, domain = _names(pod)
    return f"{short}.{domain}" if domain and spec.get("setHostnameAsFQDN") else short


def hosts_file(pod: Object, address: str) -> str:
    """``/etc/hosts``."""
    aliases = "".join(_alias(one) for one in pod["spec"].get("hostAliases") or ())
    added = f"\n# Entries added by HostAliases.\n{aliases}" if aliases else ""
    if pod["spec"].get("hostNetwork"):
        return f"# Kubernetes-managed hosts file (host network).\n{_LOCAL}{_IPV6}{added}"
    short, domain = _names(pod)
    names = f"{short}.{domain}\t{short}" if domain else short
    return f"# Kubernetes-managed hosts file.\n{_LOCAL}{_IPV6}{address}\t{names}\n{added}"


def resolver_file(pod: Object) -> str:
    """``/etc/resolv.conf``."""
    servers, searches, options = _resolver(pod)
    config = pod["spec"].get("dnsConfig") or {}
    servers = [*servers, *(config.get("nameservers") or ())]
    searches = [*searches, *(config.get("searches") or ())]
    options |= {one["name"]: one.get("value") or "" for one in config.get("options") or ()}
    shown = [f"{name}:{value}" if value else name for name, value in options.items()]
    return "".join(
        (
            _line("search", dict.fromkeys(searches)),
            *(f"nameserver {server}\n" for server in [*dict.fromkeys(servers)][:_MOST_SERVERS]),
            _line("options", shown),
        )
    )


def _alias(one: Object) -> str:
    names = "\t".join(one.get("hostnames") or ())
    return f"{one['ip']}\t{names}\n"


def _line(keyword: str, words: Iterable[str]) -> str:
    text = " ".join(words)
    return f"{keyword} {text}\n" if text else ""


def _resolver(pod: Object) -> tuple[list[str], list[str], dict[str, str]]:
    """Servers, searches and options of the pod's policy."""
    policy = pod["spec"].get("dnsPolicy") or "ClusterFirst"
    if policy == "None":
        return [], [], {}
    if policy == "Default" or (policy == "ClusterFirst" and pod["spec"].get("hostNetwork")):
        return [_OF_NODES], [], {}
    services = f"svc.{_DOMAIN}"
    return [DNS], [f"{namespace_of(pod)}.{services}", services, _DOMAIN], {"ndots": "5"}


def _names(pod: Object) -> tuple[str, str]:
    """Its name, and the domain when it has one."""
    spec = pod["spec"]
    own = spec.get("hostnameOverride")
    short = str(own or spec.get("hostname") or name_of(pod))[:_LONGEST].rstrip("-.")
    subdomain = "" if own else spec.get("subdomain")
    return short, f"{subdomain}.{namespace_of(pod)}.svc.{_DOMAIN}" if subdomain else ""
