"""The warden: a small process that starts the programs of containers and sees to it that none outlives the cluster.

``wardens`` runs it (``python -I -S warden.py FD``) and talks to it over a Unix socket, in lines of JSON; descriptors
travel beside them. It imports nothing but the standard library, so it takes 9 MB and forks in a millisecond, which the
cluster's own process with its hundred would not. When the socket ends, however that came, it kills everything that it
started and ends too. On Linux its children also die with it (``PR_SET_PDEATHSIG``), and orphans of theirs become its
own (``PR_SET_CHILD_SUBREAPER``), so that they are found.

A program in a room of processes of its own is the first one there and sees no other of the machine; who has let it in
stays outside and waits for it. Ended is what would be ended elsewhere: the kernel keeps signals that a first process
does not handle from it, so such a one is killed.

Requests::

    {"do": "start", "id": 1, "fds": 3, "argv": [...], "env": {...}, "cwd": "/", "data": BYTES or null, "tty": false,
     "room": null or {...}}                the descriptors are its stdin, stdout and stderr
    {"do": "signal", "id": 1, "signal": 15}     to its whole process group
    {"do": "sweep", "id": 1, "mark": "..."}     kills everything that has the mark in its environment
    {"do": "connect", "id": 2, "into": 1, "port": 8080}     from inside of its network namespace

Answers carry the same id: ``{"pid": 4711}`` or ``{"error": 2}`` (an errno), later ``{"code": 0}``; ``{"swept": 3}``;
``{"connected": true}`` with a descriptor.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import select
import signal
import socket
import struct
import sys
from typing import Any

if sys.platform == "win32":  # pragma: no cover  the type checker is told, too
    raise SystemExit("containers do not run as processes on Windows")

_LINUX = sys.platform == "linux"
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_NEW_NS, _NEW_UTS, _NEW_IPC = 0x00020000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE, _DETACH = 1, 32, 4096, 16384, 1 << 18, 2
_KEPT_FLAGS = {2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}
"""Of ``statvfs`` to those of ``mount``: nosuid, nodev, noexec, noatime, nodiratime, relatime."""
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 2, 4, 8
_KINDS = ("user", "mnt", "net", "uts", "ipc", "pid")
_DEVICES = (b"null", b"zero", b"full", b"random", b"urandom", b"tty", b"ptmx", b"pts")
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK, _IFF_UP = 0x8914, 0x8916, 0x891C, 1
_NICE = 5  # the lab itself comes first
_LONGEST = 1 << 20  # bytes of a request
_MOST_MORE = 500  # threads that a program may start, beside all that there are on the machine
_PATIENCE = 5.0  # seconds for a connection inside
_FAILED, _PROGRAM = 0, 1  # what a starting program reports: an errno; its process, when that is another one
_ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)

_libc = ctypes.CDLL(None, use_errno=True)


class Warden:
    """Serves one cluster.

    Args:
        line: The socket to it.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._received = b""
        self._descriptors: list[int] = []
        self._pids: dict[int, int] = {}  # id -> child
        self._programs: dict[int, int] = {}  # id -> process of the program: the child, or the child's
        self._firsts: set[int] = set()  # ids of those that are the first process of a room
        self._forced: dict[int, int] = {}  # id -> the code of one that was killed for not handling a signal

    def run(self) -> None:
        """Serve until the socket ends; then nothing is left."""
        ended, waker = os.pipe()
        for end in (ended, waker):
            os.set_blocking(end, False)
            os.set_inheritable(end, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a Ctrl-C in a terminal is the cluster's affair
            signal.signal(ignored, signal.SIG_IGN)
        while True:
            readable, _, _ = select.select([self._line.fileno(), ended], [], [])
            if ended in readable:
                os.read(ended, 4096)
                self._reap()
            if self._line.fileno() in readable and not self._serve():
                break
        for pid in (*self._programs.values(), *self._pids.values()):
            _kill_group(pid, signal.SIGKILL)
        _sweep(os.environ.get("GITOPSLAB_WARDEN", ""), but=os.getpid())

    def _serve(self) -> bool:
        """Take what has come; False at the end."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._line, _LONGEST, 64)
        except ConnectionError:
            return False
        self._descriptors += descriptors
        self._received += data
        *lines, self._received = self._received.split(b"\n")
        for line in lines:
            self._do(json.loads(line))
        return bool(data)

    def _do(self, request: dict[str, Any]) -> None:
        if request["do"] == "start":
            taken, self._descriptors = self._descriptors[: request["fds"]], self._descriptors[request["fds"] :]
            self._tell({"id": request["id"], **self._start(request, taken)})
        elif request["do"] == "signal":
            if request["id"] in self._pids:
                self._signal(request["id"], request["signal"])
        elif request["do"] == "sweep":
            self._tell({"id": request["id"], "swept": _sweep(request["mark"])})
        elif request["do"] == "connect":
            self._connect(request)

    def _signal(self, number: int, what: int) -> None:
        program = self._programs[number]
        is_unheard = number in self._firsts and what in _ENDING and not _is_awaited(program, what)
        if is_unheard:
            self._forced[number] = 128 + what
        _kill_group(program, signal.SIGKILL if is_unheard else what)

    def _tell(self, answer: dict[str, Any]) -> None:
        self._line.sendall(json.dumps(answer).encode() + b"\n")

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            code = os.waitstatus_to_exitcode(status)
            for number, known in list(self._pids.items()):
                if known == pid:
                    del self._pids[number]
                    self._firsts.discard(number)
                    _kill_group(self._programs.pop(number), signal.SIGKILL)  # a container ends with its first process
                    code = self._forced.pop(number, code)
                    self._tell({"id": number, "code": code if code >= 0 else 128 - code})

    def _start(self, request: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        """Fork and become the program; what goes wrong before it runs comes back through a pipe."""
        told, report = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(told)
            try:
                self._become(request, descriptors, report)
            except OSError as error:
                os.write(report, struct.pack("ii", _FAILED, error.errno or errno.EIO))
            except BaseException:
                os.write(report, struct.pack("ii", _FAILED, errno.EINVAL))
            os._exit(127)
        os.close(report)
        for descriptor in descriptors:
            os.close(descriptor)
        said = dict(struct.iter_unpack("ii", b"".join(iter(lambda: os.read(told, 64), b""))))
        os.close(told)
        if _FAILED in said:
            os.waitpid(pid, 0)
            return {"error": said[_FAILED]}
        number, room = request["id"], request["room"]
        self._pids[number], self._programs[number] = pid, said.get(_PROGRAM, pid)
        if room is not None and room.get("pids") and "beside" not in room:
            self._firsts.add(number)
        return {"pid": self._programs[number]}

    def _become(self, request: dict[str, Any], descriptors: list[int], report: int) -> None:
        os.setsid()
        _die_with_parent()
        self._line.close()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.nice(_NICE)
        _limit(request["data"])
        for descriptor, at in zip(descriptors, range(3), strict=True):
            os.dup2(descriptor, at)
        room = request["room"]
        if room is not None and (_join(room["join"]) if "join" in room else _separate(room)):
            _step_in(report)
        if request["tty"]:
            import fcntl
            import termios

            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        if room is not None and "join" not in room:
            _furnish(room)
        os.umask(0o022)
        os.chdir(request["cwd"])
        if room is not None and room["uid"] and os.geteuid() == 0:
            os.setgroups([])
            os.setgid(room["gid"])
            os.setuid(room["uid"])
            _die_with_parent()  # forgotten with the change of user
        _execute(request["argv"], request["env"])

    def _connect(self, request: dict[str, Any]) -> None:
        """Connect from inside of a network namespace, in a child that is gone at once, and hand the socket on."""
        inside = self._pids.get(request["into"])
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if not pid:
            try:
                _join_network(inside or 0)
                made = socket.create_connection(("127.0.0.1", request["port"]), timeout=_PATIENCE)
                socket.send_fds(theirs, [b"+"], [made.fileno()])
            finally:
                os._exit(0)
        theirs.close()
        said, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        ours.close()
        answer = json.dumps({"id": request["id"], "connected": bool(said)}).encode() + b"\n"
        socket.send_fds(self._line, [answer], descriptors) if said else self._line.sendall(answer)
        for descriptor in descriptors:
            os.close(descriptor)


def _limit(data: int | None) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _LINUX:  # the bound counts all threads of the user, so it lies above those that there are
        with open("/proc/loadavg") as file:
            most = int(file.read().split()[3].partition("/")[2]) + _MOST_MORE
        _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    if data is not None and _LINUX:
        resource.setrlimit(resource.RLIMIT_DATA, (data, data))


def _execute(argv: list[str], env: dict[str, str]) -> None:
    """Run a program; one without a slash is looked for in its own ``PATH``, as it is inside of its root."""
    if "/" in argv[0]:
        os.execve(argv[0], argv, env)
    for folder in env.get("PATH", "").split(":"):
        path = f"{folder}/{argv[0]}"
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            os.execve(path, argv, env)
    raise OSError(errno.ENOENT, "not found")


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _die_with_parent() -> None:
    if _LINUX:
        _check(_libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def _separate(room: dict[str, Any]) -> bool:
    """Namespaces of one's own; whether children of this process are the first of a namespace of processes.

    Only a root user needs no user namespace; to anybody else it gives the right to mount and nothing outside of it.
    """
    kinds = _NEW_NS | (_NEW_UTS | _NEW_IPC if room["root"] else 0) | (_NEW_NET if room["address"] else 0)
    if beside := room.get("beside"):
        _set_namespace(beside, "user")
        is_inside = _set_namespace(beside, "pid")
        _check(_libc.unshare(kinds))
        return is_inside
    kinds |= _NEW_PID if room["pids"] else 0
    if os.geteuid():
        uid, gid = os.geteuid(), os.getegid()
        _check(_libc.unshare(kinds | _NEW_USER))
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{room.get('uid') or 0} {uid} 1")
        _write("/proc/self/gid_map", f"{room.get('gid') or 0} {gid} 1")
    else:
        _check(_libc.unshare(kinds))
    return bool(room["pids"])


def _step_in(report: int) -> None:
    """Go on as a child, which is in the namespace of processes; this process reports it, waits and ends like it."""
    pid = os.fork()
    if not pid:
        os.setsid()
        _die_with_parent()
        return
    os.write(report, struct.pack("ii", _PROGRAM, pid))
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    os.closerange(0, 1 << 16)  # what the program closes shall be closed
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _furnish(room: dict[str, Any]) -> None:
    """A network of one's own, and the container's root file system as the root; a view of one's own processes."""
    if not room["root"]:
        _mount(b"none", b"/", _MS_REC | _MS_PRIVATE)
        _show_processes(b"/proc")
        return
    if room["address"]:
        _bring_up(room["address"])
        with contextlib.suppress(OSError):  # as in every container: nobody is below 1024 there but the program itself
            _write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")
    socket.sethostname(room["hostname"])
    root = room["root"].encode()
    _mount(b"none", b"/", _MS_REC | _MS_PRIVATE)
    _mount(root, root, _MS_BIND | _MS_REC)
    _make_devices(root + b"/dev")
    for source, inner, is_read_only in room["binds"]:
        _make_place(source, root, inner)
        _bind(source.encode(), root + inner.encode(), is_read_only=is_read_only)
    if room["proc"]:
        _show_processes(root + b"/proc")
    os.chdir(root)
    number = _PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(errno.ENOSYS, "no pivot_root")
    _check(_libc.syscall(number, b".", b"."))
    _check(_libc.umount2(b".", _DETACH))
    os.chdir("/")


def _show_processes(place: bytes) -> None:
    _mount(b"proc", place, _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, kind=b"proc")


def _make_devices(folder: bytes) -> None:
    """A ``/dev`` of the room's own with the few devices of every container: what is removed there is its own."""
    if os.path.islink(folder):
        os.unlink(folder)
    os.makedirs(folder, exist_ok=True)
    _mount(b"tmpfs", folder, _MS_NOSUID, kind=b"tmpfs", options=b"mode=755,size=64m")
    for name in _DEVICES:
        place = folder + b"/" + name
        os.mkdir(place) if os.path.isdir(b"/dev/" + name) else os.close(os.open(place, os.O_CREAT, 0o666))
        _mount(b"/dev/" + name, place, _MS_BIND | _MS_REC)
    os.mkdir(folder + b"/shm")
    for link, target in ((b"fd", b""), (b"stdin", b"/0"), (b"stdout", b"/1"), (b"stderr", b"/2")):
        os.symlink(b"/proc/self/fd" + target, folder + b"/" + link)


def _make_place(source: str, root: bytes, inner: str) -> None:
    """What something is mounted upon, where the room's own ``/dev`` or another volume has covered it.

    Simplified: a link on the way that a volume holds is refused if it leads out; a real runtime follows it inside.
    """
    target = root + inner.encode()
    if not (os.path.realpath(target) + b"/").startswith(os.path.realpath(root) + b"/"):
        raise OSError(errno.ELOOP, f"a link leads out of the container's files: {inner}")
    if os.path.lexists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.mkdir(target) if os.path.isdir(source) else os.close(os.open(target, os.O_CREAT, 0o666))


def _mount(
    source: bytes, target: bytes, flags: int, *, kind: bytes | None = None, options: bytes | None = None
) -> None:
    _check(_libc.mount(source, target, kind, ctypes.c_ulong(flags), options))


def _bind(source: bytes, target: bytes, *, is_read_only: bool) -> None:
    _mount(source, target, _MS_BIND | _MS_REC)
    if is_read_only:
        # what the mount it comes from forbids (nosuid, nodev ...) may not be taken back by a user
        known = os.statvfs(target).f_flag
        kept = sum(flag for bit, flag in _KEPT_FLAGS.items() if known & bit)
        _mount(source, target, _MS_BIND | _MS_REMOUNT | _MS_RDONLY | kept)


def _bring_up(address: str) -> None:
    """Loopback, and beside it the pod's own address."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP) + bytes(14))
        for request, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, "255.255.255.255")):
            family = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(value))
            fcntl.ioctl(any_socket, request, struct.pack("16s16s", b"lo:1", family) + bytes(8))


def _join(pid: int) -> bool:
    """The namespaces of a running container; whether that of processes is among them, for children alone."""
    others = [kind for kind in _KINDS if os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}")]
    opened = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in others]
    for at in opened:  # all were opened before: among other mounts the same number may be another process
        _check(_libc.setns(at, 0))
        os.close(at)
    os.chdir("/")
    return "pid" in others


def _join_network(pid: int) -> None:
    _set_namespace(pid, "user")
    _set_namespace(pid, "net")


def _set_namespace(pid: int, kind: str) -> bool:
    if os.stat(f"/proc/{pid}/ns/{kind}").st_ino == os.stat(f"/proc/self/ns/{kind}").st_ino:
        return False  # entering the user namespace that one is in is refused
    descriptor = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
    _check(_libc.setns(descriptor, 0))
    os.close(descriptor)
    return True


def _is_awaited(pid: int, number: int) -> bool:
    """Whether a process handles, ignores or holds back a signal."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as file:
        masks = [int(line.split()[1], 16) for line in file if line.startswith(("SigBlk", "SigIgn", "SigCgt"))]
        return any(mask >> (number - 1) & 1 for mask in masks)
    return True  # it has ended


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _kill_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _sweep(mark: str, but: int = 0) -> int:
    """Kill what has a mark in its environment: orphans that left their process group. Linux alone shows them."""
    killed = 0
    for name in os.listdir("/proc") if _LINUX and mark else ():
        if not name.isdigit() or int(name) in (but, os.getpid()):
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                marked = mark.encode() in file.read()
            if marked:
                os.kill(int(name), signal.SIGKILL)
                killed += 1
        except OSError:
            continue
    return killed


def main() -> None:
    """Serve the cluster at the other end of a descriptor."""
    if _LINUX:
        _libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    Warden(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
