"""What the simulated runtime keeps of a container that somebody has entered: its files, console and transcript.

``simulated`` asks ``Rooms``, which keeps a ``Room`` for each container until it is restarted or its pod is gone. Here
is what an image brings into it: executables, files, a web server. Leaves to others: what the container's own program
does (``programs``), and whether it runs at all (``sessions``).
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from random import Random

import h11

from gitopslab.controlplane.kubelet.commands import BUILT_INS, BUSYBOX, COMMANDS, NOT_BUSYBOX
from gitopslab.controlplane.kubelet.config import read_only
from gitopslab.controlplane.kubelet.container import Container
from gitopslab.controlplane.kubelet.hostnames import hostname_of, hosts_file, resolver_file
from gitopslab.controlplane.kubelet.images import parse
from gitopslab.controlplane.kubelet.inside.consoles import Attachment, Console, Listener
from gitopslab.controlplane.kubelet.inside.filesystem import SKELETON, Disk, FileSystem, Layer
from gitopslab.controlplane.kubelet.inside.layers import KeptLayer
from gitopslab.controlplane.kubelet.inside.processes import SimulatedProcess
from gitopslab.controlplane.kubelet.inside.servers import (
    HttpConnection,
    Reply,
    SilentConnection,
    Site,
    folders_of,
    page,
    reply_to,
)
from gitopslab.controlplane.kubelet.inside.shelf import Found, Shelf
from gitopslab.controlplane.kubelet.inside.volumes import Volumes
from gitopslab.controlplane.kubelet.lines import Lines, Transcript
from gitopslab.controlplane.kubelet.names import Names, address_of
from gitopslab.controlplane.kubelet.place import Place
from gitopslab.controlplane.kubelet.probes import listens
from gitopslab.controlplane.kubelet.programs import Exit, Program, access_line, exit_of
from gitopslab.controlplane.kubelet.runtime import Task
from gitopslab.controlplane.kubelet.session import MOST_TEXT, Answer, User
from gitopslab.controlplane.kubelet.shell import SHELLS, Shell
from gitopslab.controlplane.runtime.streams import Connection, StartError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, name_of, namespace_of, uid_of

_DISK = 64 * 1024 * 1024  # bytes for all that is written in all containers
_LARGEST_FILE = 32 * 1024 * 1024
_MOST_FOUND = 4 * 1024 * 1024  # characters that are remembered of what a run found in its volumes
_MOST_OF_A_HOOK = 1_000  # lines, and rounds of loops
_FRESH = 1.0  # seconds for which what lies below the written files is not looked up again
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


AskFrom = Callable[[Task, str, int, str, str], Answer | None]
"""Asks a web server for a run: host, port, target and agent."""


@dataclass(slots=True)
class Room:
    """One run of one container.

    Attributes:
        key: Which run.
        layer: What was written in it.
        transcript: What it said besides.
        console: Its program's, once somebody has joined it.
        exit: The end of that program.
        entered: Whether somebody was inside, so that files may be others than the program made.
    """

    key: tuple[str, str, int]
    layer: Layer
    transcript: Transcript = field(default_factory=Transcript)
    console: Console | None = None
    exit: Exit | None = None
    entered: bool = False


class Rooms:
    """All rooms.

    Args:
        clock: The time.
        shelf: Keeps what is written in them.
        changed: Told a volume's identity and a path in it that is written, or is to be, though nobody knew of it.
        ask: Asks a web server of the cluster for a run.
    """

    def __init__(self, clock: Clock, shelf: Shelf, changed: Callable[[str, str], None], ask: AskFrom) -> None:
        self._clock = clock
        self._ask = ask
        self._shelf = shelf
        self._disk = Disk(_DISK)
        self._rooms: dict[str, dict[str, Room]] = {}
        self._volumes = Volumes(clock, self._disk, shelf, changed)
        self._wakes: list[Callable[[Object], None]] = []

    def on_visit(self, wake: Callable[[Object], None]) -> None:
        """Have ``wake`` called with a pod when somebody was inside."""
        self._wakes.append(wake)

    def was_entered(self, task: Task) -> bool:
        """Whether somebody was inside of this run."""
        room = self._rooms.get(uid_of(task.pod), {}).get(task.container["name"])
        return room is not None and room.key == task.key and room.entered

    def exit(self, task: Task) -> Exit | None:
        """How a program ended at its console."""
        room = self._rooms.get(uid_of(task.pod), {}).get(task.container["name"])
        return room.exit if room is not None and room.key == task.key else None

    def transcript(self, task: Task) -> Transcript:
        """What a run said besides; an empty one for a run that is over."""
        room = self._room(task)
        return room.transcript if room.key == task.key else Transcript()

    def place(self, task: Task) -> Place:
        """What a program found when it started, which may be now."""
        task, volumes = self._begun(task)
        return Place(
            hostname=hostname_of(task.pod),
            variables=_variables(task),
            files=self._brought(task),
            volumes=volumes,
            read_only=read_only(task.pod, task.container),
            root_is_read_only=_has_read_only_root(task),
            cwd=task.container.get("workingDir") or "/",
            user=_user(task),
            seed=task.id,
            began=float(int(task.started)),  # as its status tells
            started=task.started,
            others=self._volumes.others(task),
            names=Names(task.lookup, namespace_of(task.pod), self._clock),
        )

    def _begun(self, task: Task) -> tuple[Task, Mapping[str, Mapping[str, bytes]]]:
        """A run with what it was given when it started, and what lay in its volumes then."""
        known = self._shelf.found(task.key)
        if known is None:
            variables, files = task.settings()
            self._volumes.prepare(task)
            volumes = {mount: part.files() for mount, part in self._volumes.of(task)().items()}
            self._shelf.begin(task.key, Found(task.started, variables, files, _readable(volumes)))
            return replace(task, settings=lambda: (variables, files)), volumes
        lay = {
            mount: {path: text.encode("utf-8", "surrogateescape") for path, text in files.items()}
            for mount, files in known.volumes.items()
        }
        return replace(task, started=known.started, settings=lambda: (known.variables, known.files)), lay

    def revision(self, task: Task) -> int:
        """Grows with what is known of the volumes of a container."""
        return self._volumes.revision(task)

    def expect(self, task: Task, program: Program) -> None:
        """A program runs, and writes into its volumes what it is known to write by now."""
        self._volumes.expect(replace(task, started=program.place.started), program.history)

    def expect_more(self, task: Task, program: Program) -> None:
        """A program was played on, and writes more than it was known to write."""
        self._volumes.expect_more(replace(task, started=program.place.started), program.changes, program.history)

    def stop(self, task: Task, seconds: float) -> None:
        """A run ends in some seconds, whatever its program would do."""
        self._volumes.stop(task.key, self._clock.now() + seconds)

    def files(self, task: Task, program: Program) -> FileSystem:
        """The files of a run."""
        return FileSystem(
            self._below(task, program),
            self._room(task).layer,
            self._volumes.of(task),
            read_only(task.pod, task.container),
            root_is_read_only=_has_read_only_root(task),
        )

    def start(self, task: Task, program: Program, command: list[str], *, stdin: bool, tty: bool) -> SimulatedProcess:
        """Run a command.

        Raises:
            StartError: The image has no such executable.
        """
        check_executable(task, command)
        self._room(task).entered = True
        process = SimulatedProcess(
            self._shell(task, program, command, tty=tty), command, self._clock, stdin=stdin, tty=tty,
            ended=lambda: self.wake(task.pod),
        )  # fmt: skip
        return process

    def hook(self, task: Task, program: Program) -> None:
        """Play a ``postStart`` hook of a run that begins.

        Simplified: at once, and whether it fails makes no difference; a real container whose hook fails is killed.
        """
        command = (task.container.get("lifecycle") or {}).get("postStart", {}).get("exec", {}).get("command")
        if command:
            shell = self._shell(task, program, command, tty=False)
            self._room(task).entered = True
            deque(islice(shell.play(list(command)), _MOST_OF_A_HOOK), maxlen=0)

    def join(self, task: Task, program: Program, *, stdin: bool) -> Attachment:
        """Join a program that reads its stdin; the first who does makes it run."""
        room = self._room(task)
        if room.console is None:
            tty, words = bool(task.container.get("tty")), list(program.words)
            shell = self._shell(task, program, words, tty=tty)
            process = SimulatedProcess(shell, words, self._clock, stdin=True, tty=tty)
            once = bool(task.container.get("stdinOnce"))
            room.entered = True
            room.console = Console(
                process, self._clock, room.transcript, once=once, ended=lambda code: self._ended(room, task, code)
            )
        return room.console.join(stdin=stdin)

    def listen(self, task: Task, output: Iterator[tuple[float, str | None]]) -> Listener:
        """Hear what a program writes from now on."""
        lines = Lines(output, self._room(task).transcript)
        return Listener(lines, self._clock, tty=bool(task.container.get("tty")))

    def connect(self, task: Task, program: Program, port: int) -> Connection | None:
        """Connect to the program's server; None when it does not listen on this port."""
        answer = self.answering(task, program, port)
        return None if answer is None else HttpConnection(answer) if callable(answer) else SilentConnection()

    def answering(self, task: Task, program: Program, port: int) -> Callable[[h11.Request], Reply] | bool | None:
        """What answers on a port; True for what listens but does not speak HTTP, None when nothing does."""
        image = parse(task.container.get("image", ""))
        server = image.server if image else {}
        is_script = bool(program.words) or (bool(server) and not server.get("listens"))
        if is_script or not listens(task.container, program, port):
            return None
        if server and "web" not in server:
            return True
        site = _site(task, server.get("web", {}), self.files(task, program))
        return lambda request: self._answer(task, site, request, logged=bool(server.get("access")))

    def cut(self, uid: str) -> None:
        """A pod's containers have ended where nobody sees it."""
        self._volumes.cut(uid)

    def forget(self, uid: str) -> None:
        """A pod is gone."""
        for room in self._rooms.pop(uid, {}).values():
            room.layer.clear()
        for layer in self._shelf.layers(f"run {uid}/"):
            self._shelf.remove(layer)
        self._shelf.end(uid)
        self._volumes.forget(uid)

    def _room(self, task: Task) -> Room:
        """The room of a run; a newer run's takes the place of an older one's."""
        rooms = self._rooms.setdefault(uid_of(task.pod), {})
        room = rooms.get(task.container["name"])
        if room is None or room.key[2] < task.key[2]:
            if room is not None:
                room.layer.clear()
            layer = KeptLayer(self._disk, "run " + "/".join(map(str, task.key)), self._shelf, self._clock)
            room = rooms[task.container["name"]] = Room(task.key, layer, entered=bool(layer.written or layer.removed))
        return room

    def _ended(self, room: Room, task: Task, code: int) -> None:
        room.exit = exit_of(max(0.0, self._clock.now() - task.started), code)
        self.wake(task.pod)

    def wake(self, pod: Object) -> None:
        """Have the kubelet look at a pod."""
        for wake in self._wakes:
            wake(pod)

    def _shell(self, task: Task, program: Program, command: list[str], *, tty: bool) -> Shell:
        image = parse(task.container.get("image", ""))
        style = "bash" if command and command[0].endswith("bash") else image.shell if image else "dash"
        return Shell(
            {**program.place.variables, **({"TERM": "xterm"} if tty else {})},
            program.place.hostname,
            files=self.files(task, program),
            began=self._clock.now(),
            cwd=task.container.get("workingDir") or "/",
            user=program.place.user,
            program=program.line,
            mounts=tuple(mount["mountPath"] for mount in task.container.get("volumeMounts") or ()),
            ask=partial(self._ask, task),
            live=True,
            tty=tty,
            style=style or "dash",
            largest=_LARGEST_FILE,
            names=partial(address_of, task.lookup, namespace_of(task.pod)),
            chance=Random(f"{program.place.seed}/{self._clock.now()}"),
        )

    def _below(self, task: Task, program: Program) -> Callable[[], Mapping[str, str]]:
        """What is there without anybody's doing, looked up now and then."""
        looked, found = 0.0, dict[str, str]()

        def look() -> Mapping[str, str]:
            nonlocal looked, found
            now = self._clock.now()
            if not found or not 0 <= now - looked < _FRESH:
                made = program.made_by(now - task.started)
                all_of_it = {**self._brought(task), **_single_files(task, program), **task.tokens(), **made}
                looked, found = now, {path: text for path, text in all_of_it.items() if text is not None}
            return found

        return look

    def _brought(self, task: Task) -> dict[str, str]:
        image = parse(task.container.get("image", ""))
        web = (image.server if image else {}).get("web", {})
        root = web.get("root", "")
        folders = [*folders_of(root), *(f"{mount['mountPath'].rstrip('/')}/" for mount in _mounts(task.container))]
        return {
            **SKELETON,
            **dict.fromkeys(folders, ""),
            **({f"{root}/index.html": page(_site(task, web, {}))} if root else {}),
            **_network_files(task),
            **task.settings()[1],
        }

    def _answer(self, task: Task, site: Site, request: h11.Request, *, logged: bool) -> Reply:
        reply = reply_to(site, request)
        if logged:
            agent = next((value for name, value in request.headers if name == b"user-agent"), b"-")
            now, words = self._clock.now(), (request.method, request.target, agent)
            method, target, shown = (word.decode("latin-1")[:200] for word in words)
            line = access_line("127.0.0.1", method, target, reply.code, shown, now)
            self._room(task).transcript.add(now, line)
        return reply


def _readable(volumes: Mapping[str, Mapping[str, bytes]]) -> dict[str, dict[str, str]]:
    """As much of what lies in some volumes as a program can read, and as there is room to remember."""
    room, found = _MOST_FOUND, dict[str, dict[str, str]]()
    for mount, files in volumes.items():
        found[mount] = {}
        for path, contents in files.items():
            text = contents[:MOST_TEXT].decode("utf-8", "surrogateescape")
            room -= len(text)
            if room > 0:
                found[mount][path] = text
    return found


def _site(task: Task, web: Object, files: Mapping[str, str]) -> Site:
    return Site(
        pod=name_of(task.pod),
        namespace=namespace_of(task.pod),
        image=task.container.get("image", ""),
        address=task.address,
        root=web.get("root", ""),
        echoes=bool(web.get("echoes")),
        files=files,
    )


def _variables(task: Task) -> dict[str, str]:
    """The environment: the image's, then the kubelet's and the spec's."""
    return {"PATH": _PATH, "HOSTNAME": hostname_of(task.pod), **task.settings()[0], "HOME": "/root"}


def _user(task: Task) -> User:
    user = Container(task.pod, task.container).user
    groups = [one for one in user["supplementalGroups"] if one != user["gid"]]
    return User(user["uid"], user["gid"], (user["gid"], *groups))


def _has_read_only_root(task: Task) -> bool:
    return bool((task.container.get("securityContext") or {}).get("readOnlyRootFilesystem"))


def _single_files(task: Task, program: Program) -> dict[str, str]:
    """The files that are mounted by a ``subPath``: they stay as they were when the container started."""
    paths = [mount["mountPath"] for mount in task.container.get("volumeMounts") or () if mount.get("subPath")]
    return {path: program.place.files[path] for path in paths if path in program.place.files}


def _mounts(container: Object) -> list[Object]:
    found: list[Object] = container.get("volumeMounts") or []
    return [mount for mount in found if not mount.get("subPath")]


def _network_files(task: Task) -> dict[str, str]:
    """What the kubelet writes into every container."""
    return {
        "/etc/hostname": f"{hostname_of(task.pod)}\n",
        "/etc/hosts": hosts_file(task.pod, task.address),
        "/etc/resolv.conf": resolver_file(task.pod),
    }


def check_executable(task: Task, command: list[str]) -> None:
    """Whether an image has an executable that the tiny shell plays.

    Raises:
        StartError: It has none of this name.
    """
    name = command[0] if command else ""
    base = name.rpartition("/")[2]
    image = parse(task.container.get("image", ""))
    shell = image.shell if image else "dash"
    here = {"sh", "ash"} if shell == "ash" else {"sh", "bash"}
    missing = BUILT_INS | (NOT_BUSYBOX if shell == "ash" else BUSYBOX)
    known = base in here if base in SHELLS else base in COMMANDS and base not in missing
    if shell and known:
        return
    why = f"stat {name}: no such file or directory" if "/" in name else "executable file not found in $PATH"
    run = hashlib.sha256("/".join((*map(str, task.key), *command)).encode()).hexdigest()
    failed = f'exec failed: unable to start container process: exec: "{name}": {why}'
    raise StartError(
        f'failed to exec in container: failed to start exec "{run}": OCI runtime exec failed: {failed}: unknown'
    )
