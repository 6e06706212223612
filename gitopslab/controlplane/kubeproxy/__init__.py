"""The service proxy: a Service's cluster address really leads to its ready endpoints.

One stands for the kube-proxies of all nodes. ``proxier`` follows Services and EndpointSlices and keeps a listener for
each port (``listeners``) on the loopback address that stands for the Service's; ``balancer`` chooses an endpoint. It
connects through the kubelets (``runtime.streams.Ports``), so pods that are played answer as those that run do. Until a
pod really runs there is nobody to connect, and nothing listens.

Simplified: TCP only, and by passing bytes on, where the real one has the kernel rewrite packets; node ports, external
addresses and traffic policies lead nowhere.
"""

from gitopslab.controlplane.kubeproxy.proxier import KubeProxy

__all__ = ["KubeProxy"]
