"""The way to registries: push and pull over the OCI distribution API, with login.

``transfer`` moves whole images between a store and a registry; ``registry`` makes the requests; ``authentication``
answers challenges; ``credentials`` is Docker's own file of logins. The one door of this room to the network.
"""

from gitopslab.images.client.credentials import Credentials, DockerConfig, Login, nobody
from gitopslab.images.client.registry import Registry
from gitopslab.images.client.transfer import Moved, pull, push

__all__ = ["Credentials", "DockerConfig", "Login", "Moved", "Registry", "nobody", "pull", "push"]
