"""The process that runs a notebook restricts itself: it may read what it is given and write its draft, nothing else.

On Linux with Landlock (kernel 5.13 and later), the kernel enforces it for Python, DuckDB, and every subprocess.
Elsewhere an audit hook refuses what Python can see: weaker, and the manifest says so. Landlock's calls and rights are
those of its kernel documentation (userspace API, ABI 1 to 6).
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_SCOPES = 0b11  # no abstract UNIX sockets, no signals to processes outside


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def abi() -> int:
    """The kernel's Landlock version, 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    found = ctypes.CDLL(None, use_errno=True).syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION_FLAG)
    return max(0, found)


def _all_rights(version: int) -> int:
    known = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    return (1 << known) - 1


def _landlock(read: list[Path], write: list[Path], version: int, listens: bool) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    handled = _all_rights(version)
    network = _CONNECT_TCP | (0 if listens else _BIND_TCP)
    attributes = _Ruleset(handled, network if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_CREATE, ctypes.byref(attributes), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    for rights, paths in ((_READ, read), (handled & ~_EXECUTE, write)):
        for path in paths:
            if not path.exists():
                continue
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            allowed = rights & handled if path.is_dir() else rights & handled & _FILE_RIGHTS
            rule = _PathBeneath(allowed, descriptor)
            failed = libc.syscall(_ADD, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
            os.close(descriptor)
            if failed:
                raise OSError(ctypes.get_errno(), "landlock_add_rule")
    # A thread that exists already would stay free: refuse rather than pretend.
    if len(os.listdir("/proc/self/task")) != 1:
        raise OSError(0, "several threads before the restriction")
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.syscall(_RESTRICT, ruleset, 0):
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    os.close(ruleset)


def _audit(read: list[Path], write: list[Path]) -> None:
    readable = tuple(str(p.resolve()) for p in (*read, *write))
    writable = tuple(str(p.resolve()) for p in write)

    def inside(path: object, roots: tuple[str, ...]) -> bool:
        real = os.path.realpath(os.fsdecode(os.fspath(path)))  # type: ignore[call-overload]  # audit events are untyped
        return any(real == root or real.startswith(root + os.sep) for root in roots)

    def refuse(what: str) -> None:
        raise PermissionError(f"veille: {what} refused")

    written = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    changing = {
        "os.link",
        "os.symlink",
        "os.rename",
        "os.remove",
        "os.rmdir",
        "os.mkdir",
        "os.truncate",
        "os.chmod",
        "os.chown",
        "os.utime",
    }
    forbidden = {
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.fork",
        "socket.connect",
        "ctypes.dlopen",
        "ctypes.dlsym",
    }

    def hook(event: str, args: tuple) -> None:
        if event == "open" and not isinstance(args[0], int):
            writes = bool(args[2] & written) if isinstance(args[2], int) else any(c in str(args[1]) for c in "wax+")
            if not inside(args[0], writable if writes else readable):
                refuse("file outside the staged folder")
        elif event in changing:
            if not all(inside(a, writable) for a in args if isinstance(a, str | bytes | os.PathLike)):
                refuse(event)
        elif event in ("os.listdir", "os.scandir"):
            if isinstance(args[0], str | bytes | os.PathLike) and not inside(args[0], readable):
                refuse(event)
        elif event in forbidden:
            refuse(event)
        elif event == "import" and args[0].split(".")[0] == "duckdb":
            refuse("DuckDB, which reads past this hook,")

    sys.addaudithook(hook)


def system_paths() -> list[Path]:
    """What any Python needs to read: its environment, the system's libraries, a few devices."""
    from ..project import PACKAGE

    fixed = (
        "/lib",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/usr/bin",
        "/bin",
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/etc/nsswitch.conf",
        "/usr/share/zoneinfo",
        "/proc/self",
        "/proc/cpuinfo",
        "/proc/meminfo",
        "/proc/stat",
        "/dev/null",
        "/dev/zero",
        "/dev/urandom",
        "/dev/random",
        "/sys/devices/system/cpu",
        "/sys/fs/cgroup",
    )
    return [Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix), PACKAGE, *(Path(p) for p in fixed)]


def restrict(read: list[Path], write: list[Path], *, listens: bool = True) -> str:
    """Restrict this process and all its children for good; the name of what enforces it.

    No TCP connection can be made; none can be awaited either unless `listens` (a kernel without UNIX sockets).

    Raises OSError when Landlock exists and cannot be applied: a notebook never runs unprotected by accident.
    """
    reading = [*system_paths(), *read]
    writing = [*write, Path("/dev/null")]
    version = abi()
    if version:
        _landlock(reading, writing, version, listens)
        return f"landlock abi {version}"
    _audit(reading, writing)
    return "audit hook (weaker)"
