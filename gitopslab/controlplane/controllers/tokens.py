"""Fills Secrets of the type ``kubernetes.io/service-account-token``, and removes those whose account is gone.

The manager calls it when such a Secret or a ServiceAccount changes. Tokens that expire come from the API server's
``token`` subresource; these do not, which is why they are made only on demand.

Upstream: ``pkg/controller/serviceaccount/tokens_controller.go``.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import ConflictError, NotFoundError
from gitopslab.machinery import serviceaccounts
from gitopslab.machinery.jwt import SigningKey
from gitopslab.machinery.objects import Object, annotations_of, copy_of, key_of, name_of, namespace_of, uid_of
from gitopslab.machinery.serviceaccounts import NAME_ANNOTATION, TOKEN_TYPE, UID_ANNOTATION


class TokenController:
    """Reconciles Secrets that hold the token of a ServiceAccount.

    Args:
        api: Writes and deletes them.
        manager: Gives the informers.
        key: Signs.
        root_ca: The certificate authority of the API server, in PEM.
    """

    name = "tokens-controller"

    def __init__(self, api: Api, manager: Manager, key: SigningKey, root_ca: str) -> None:
        self._api = api
        self._key = key
        self._root_ca = b64encode(root_ca.encode()).decode()
        self._secrets = manager.informer("secrets")
        self._accounts = manager.informer("serviceaccounts")
        self.sources: tuple[Source, ...] = (
            Source("secrets", self._own, previous=True),
            Source("serviceaccounts", self._of_account),
        )

    def reconcile(self, request: Request) -> Result:
        """Fill a Secret, or delete it with its account; forget it in accounts when it is gone."""
        secret = self._secrets.get(request.name, request.namespace)
        if secret is None:
            self._drop_references(request)
        elif secret.get("type") == TOKEN_TYPE:
            account = self._accounts.get(annotations_of(secret).get(NAME_ANNOTATION, ""), request.namespace)
            if account is None or not serviceaccounts.is_token_of(secret, account):
                self._delete(secret)
            else:
                self._fill(secret, account)
        return DONE

    def _fill(self, secret: Object, account: Object) -> None:
        filled = copy_of(secret)
        data = filled.setdefault("data", {})
        if self._root_ca and data.get("ca.crt") != self._root_ca:
            data["ca.crt"] = self._root_ca
        if not data.get("namespace"):
            data["namespace"] = b64encode(namespace_of(secret).encode()).decode()
        if not data.get("token"):
            token = self._key.signed(serviceaccounts.secret_claims(account, secret))
            data["token"] = b64encode(token.encode()).decode()
        if data == secret.get("data"):
            return
        notes = {NAME_ANNOTATION: name_of(account), UID_ANNOTATION: uid_of(account)}
        filled["metadata"]["annotations"] = {**annotations_of(secret), **notes}
        try:
            self._api.update(filled)
        except (ConflictError, NotFoundError):
            return  # somebody else wrote it: that change brings it here again

    def _delete(self, secret: Object) -> None:
        try:
            self._api.delete("secrets", name_of(secret), namespace_of(secret), uid=uid_of(secret))
        except (ConflictError, NotFoundError):
            return

    def _drop_references(self, gone: Request) -> None:
        for account in self._accounts.list(gone.namespace):
            references = account.get("secrets") or []
            left = [reference for reference in references if reference.get("name") != gone.name]
            if len(left) < len(references):
                self._api.update({**account, "secrets": left})

    @staticmethod
    def _own(event: WatchEvent) -> Iterable[Request]:
        return (Request(*key_of(event.object)),) if event.object.get("type") == TOKEN_TYPE else ()

    def _of_account(self, event: WatchEvent) -> Iterable[Request]:
        """The Secrets of an account that is gone, or came back as another one."""
        name = name_of(event.object)
        return [
            Request(*key_of(secret))
            for secret in self._secrets.list(namespace_of(event.object))
            if secret.get("type") == TOKEN_TYPE and annotations_of(secret).get(NAME_ANNOTATION) == name
        ]
