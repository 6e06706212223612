"""Git's smart protocol about one repository, from a file to a file.

The forge calls it with the body of a request that has arrived whole, and sends what it wrote: so a request that breaks
off is never even begun. Upstream: ``Documentation/gitprotocol-http.txt`` and ``gitprotocol-pack.txt`` of Git.

Simplified: protocol version 0; a client that offers version 2 is answered in version 0, as Git allows. Not offered:
``--deepen``, ``--shallow-since`` and ``--shallow-exclude``.
"""

from __future__ import annotations

import enum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from dulwich.errors import GitProtocolError, HangupException
from dulwich.objects import Blob, ObjectID
from dulwich.protocol import CAPABILITY_SIDE_BAND_64K, ReceivableProtocol
from dulwich.refs import Ref
from dulwich.repo import BaseRepo, MemoryRepo, Repo
from dulwich.server import Backend, BackendRepo, UploadPackHandler

from gitopslab.errors import LabError
from gitopslab.gitops.git.receive import Pushed, Receive


class Service(enum.Enum):
    """What a client may ask for."""

    UPLOAD_PACK = "git-upload-pack"
    RECEIVE_PACK = "git-receive-pack"


class _Asked(Repo):
    """A repository that gives any object it has to who asks for it by name.

    ``git fetch origin COMMIT`` and the later fetches of a partial clone do. All of a public project may be read.
    """

    asked: frozenset[ObjectID] = frozenset()

    def get_refs(self) -> dict[Ref, ObjectID]:
        """The refs, and the objects that were asked for as if they had one."""
        store = self.object_store
        return super().get_refs() | {Ref(b"refs/asked/" + sha): sha for sha in self.asked if sha in store}


class _Upload(UploadPackHandler):
    """Git's ``upload-pack``: what is asked for by name is given, whatever the filter of a partial clone leaves out."""

    @classmethod
    def required_capabilities(cls) -> tuple[bytes, ...]:
        """Only the one without which the pack could not be sent: Flux's Git client (go-git) has no ``thin-pack``."""
        return (CAPABILITY_SIDE_BAND_64K,)

    def capabilities(self) -> list[bytes]:
        return [*super().capabilities(), b"allow-tip-sha1-in-want", b"allow-reachable-sha1-in-want"]

    def _start_pack_send_phase(self) -> None:
        super()._start_pack_send_phase()
        store = self.repo.object_store
        if any(sha in store and isinstance(store[sha], Blob) for sha in getattr(self.repo, "asked", ())):
            self.filter_spec = None


class _One(Backend):
    """The one repository that a request is about."""

    def __init__(self, repo: BaseRepo) -> None:
        self._repo = repo

    def open_repository(self, path: str) -> BackendRepo:
        return self._repo  # type: ignore[return-value]  # as dulwich's own DictBackend does


def advertise(service: Service, repo: Repo | None) -> bytes:
    """The refs there are, and what the server can do (``GET info/refs?service=``).

    Args:
        service: What the client is about to ask for.
        repo: None for a project that its first push will make.
    """
    answer = BytesIO()
    proto = ReceivableProtocol(BytesIO().read, answer.write)
    proto.write_pkt_line(f"# service={service.value}\n".encode())
    proto.write_pkt_line(None)
    backend = _One(MemoryRepo() if repo is None else repo)
    if service is Service.UPLOAD_PACK:
        _Upload(backend, [""], proto, stateless_rpc=True, advertise_refs=True).handle()
    else:
        Receive(backend, [""], proto, stateless_rpc=True, advertise_refs=True).handle()
    return answer.getvalue()


def upload_pack(path: Path, request: BinaryIO, answer: BinaryIO) -> None:
    """Answer a clone or a fetch.

    Args:
        path: The repository.
        request: What the client wants and has; read twice.
        answer: Where the pack goes.

    Raises:
        LabError: The request is not what the protocol says.
    """
    with _Asked(str(path), bare=True) as repo:
        repo.asked = _wants(request)
        request.seek(0)
        proto = ReceivableProtocol(request.read, answer.write)
        _handled(_Upload(_One(repo), [""], proto, stateless_rpc=True))


def receive_pack(repo: Repo, request: BinaryIO, answer: BinaryIO, pushed: Pushed) -> None:
    """Take a push in.

    Args:
        repo: The repository.
        request: The commands and the pack.
        answer: Where the report goes.
        pushed: Told what moved.

    Raises:
        LabError: The request is not what the protocol says.
    """
    handler = Receive(_One(repo), [""], ReceivableProtocol(request.read, answer.write), stateless_rpc=True)
    handler.pushed = pushed
    _handled(handler)


def _wants(request: BinaryIO) -> frozenset[ObjectID]:
    try:
        lines = list(ReceivableProtocol(request.read, lambda _: None).read_pkt_seq())
    except (GitProtocolError, HangupException, ValueError, AssertionError) as error:
        raise LabError(f"This is not Git's protocol: {error or type(error).__name__}") from error
    return frozenset(ObjectID(line[5:45]) for line in lines if line.startswith(b"want "))


def _handled(handler: UploadPackHandler | Receive) -> None:
    try:
        handler.handle()
    except (GitProtocolError, HangupException, AssertionError, ValueError, KeyError) as error:
        raise LabError(f"This is not Git's protocol: {error or type(error).__name__}") from error
