"""What keeps model-written code in: commands that start Python confined. Whether they hold is proven elsewhere.

Inside there is the standard library, an empty folder of limited size, and nothing else: no network, no files of the
machine, no other processes, no privileges.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias


class Limits(NamedTuple):
    """What code may use up: wall and CPU seconds, processes, and bytes of memory a process, of files, of output."""

    seconds: float = 10.0
    cpu_seconds: int = 8
    processes: int = 8
    memory: int = 512 * 2**20
    disk: int = 16 * 2**20
    output: int = 2**20


Command: TypeAlias = Callable[[Sequence[str], Limits], list[str]]
"""Arguments of Python (``-c``, a program, its arguments) to the command that runs them confined."""

SYSTEM: Final = ("/lib", "/lib32", "/lib64", "/libx32", "/bin")
FOLDER: Final = "/tmp"  # noqa: S108 - inside; it is empty, of limited size, and gone with the last process
# The range that systemd reserves for users who exist only while something runs.
_PASSING_USERS: Final = range(61184, 65520)


class Walls(NamedTuple):
    """One way to confine Python. ``in_place``: the interpreter is started where it lies on the machine."""

    name: str
    command: Command
    in_place: bool = False


def known_walls() -> list[Walls]:
    """The ways that this machine offers, the strongest first; none is proven yet."""
    if not shutil.which("prlimit") or not (os.geteuid() or shutil.which("setpriv")):
        return []
    found = [Walls("bubblewrap", _bubblewrap)] if shutil.which("bwrap") else []
    return found + ([Walls("sandlock", _sandlock, in_place=True)] if importlib.util.find_spec("sandlock") else [])


def kept_out(interpreter: Path | None = None) -> Path | None:
    """What keeps another user from the interpreter: a folder above it that only its owner may enter, or itself.

    None where nothing does, and where code keeps the user that runs strop: root's alone is given to somebody else.
    """
    if os.geteuid():
        return None
    real = interpreter or _interpreter()
    return next((place for place in [*reversed(real.parents), real] if not place.stat().st_mode & stat.S_IXOTH), None)


def _bubblewrap(arguments: Sequence[str], limits: Limits) -> list[str]:
    """Namespaces of one's own, mounted read-only (bubblewrap(1)), and another user.

    Root would escape the limit on processes, so root's code runs under a user number that nobody has, a new one each
    time: its processes are counted apart. Everybody else gets a user namespace, which counts apart by itself.
    """
    python, prefix = _python()
    command = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if os.geteuid() == 0:
        command += ["--cap-drop", "ALL"]
        command += [word for name in ("SETUID", "SETGID", "SETPCAP") for word in ("--cap-add", f"CAP_{name}")]
    else:
        command += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    command += ["--die-with-parent", "--new-session", "--clearenv"]
    for name, value in _environment(prefix).items():
        command += ["--setenv", name, value]
    command += ["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for path in map(Path, SYSTEM):
        if path.is_symlink():
            command += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            command += ["--ro-bind", str(path), str(path)]
    if prefix:
        command += ["--ro-bind", prefix, "/python"]
    # /dev has a shared-memory folder that nothing limits, and the root is a file system in memory: both read-only.
    command += ["--dev", "/dev", "--remount-ro", "/dev"]
    command += ["--perms", "1777", "--size", str(limits.disk), "--tmpfs", FOLDER, "--remount-ro", "/"]
    return [*command, "--chdir", FOLDER, "--", *_passing_user(), *_limited(limits), python, "-I", "-S", *arguments]


def _passing_user() -> list[str]:
    """Root's code becomes somebody who owns nothing and may nothing; a new one each time."""
    if os.geteuid():
        return []
    number = random.choice(_PASSING_USERS)  # noqa: S311 - to be different, not to be secret
    switch = ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups"]
    return [*switch, "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"]


def _limited(limits: Limits) -> list[str]:
    return [
        "prlimit",
        f"--nproc={limits.processes}",
        f"--as={limits.memory}",
        f"--cpu={limits.cpu_seconds}",
        f"--fsize={limits.disk}",
        "--nofile=64",
        "--core=0",
        "--",
    ]


def _python() -> tuple[str, str]:
    """The interpreter's path inside, and the folder to show as ``/python`` (none when it stands under ``/usr``)."""
    real, prefix = _interpreter(), Path(os.path.realpath(sys.base_prefix))
    if prefix == Path("/usr"):
        return str(real), ""
    return str("/python" / real.relative_to(prefix)), str(prefix)


def _interpreter() -> Path:
    """The interpreter; of an environment that holds a copy of it (``venv --copies``) the one it was copied from."""
    real, prefix = Path(os.path.realpath(sys.executable)), Path(os.path.realpath(sys.base_prefix))
    return real if real.is_relative_to(prefix) else prefix / "bin" / f"python3.{sys.version_info.minor}"


def _environment(prefix: str) -> dict[str, str]:
    found = {"PATH": "/usr/bin:/bin", "HOME": FOLDER, "LC_ALL": "C.UTF-8"}
    return {**found, "LD_LIBRARY_PATH": "/python/lib"} if prefix else found


def _sandlock(arguments: Sequence[str], limits: Limits) -> list[str]:
    """Landlock and seccomp through the package sandlock, for machines without namespaces; root's code changes user."""
    policy = {"readable": ["/usr", *SYSTEM, os.path.realpath(sys.base_prefix)], **limits._asdict()}
    inside = [*_passing_user(), "prlimit", f"--cpu={limits.cpu_seconds}", "--", str(_interpreter())]
    return [sys.executable, "-I", "-c", _SUPERVISOR, json.dumps(policy), *inside, "-I", "-S", *arguments]


# It must live as long as what it started: asked to end, it kills all of that first.
_SUPERVISOR: Final = """
import json, os, signal, sys, tempfile, threading
from sandlock import BranchAction, Sandbox

policy = json.loads(sys.argv[1])
readable = [path for path in [*policy["readable"], "/dev/urandom"] if os.path.exists(path)]
with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as kept:
    box = Sandbox(
        fs_readable=readable, fs_writable=["/dev/null"], workdir=folder, cwd=folder, fs_storage=kept,
        max_disk=policy["disk"], on_exit=BranchAction.ABORT, on_error=BranchAction.ABORT,
        max_memory=policy["memory"], max_processes=policy["processes"], max_open_files=64, no_coredump=True,
        clean_env=True, env={"PATH": "/usr/bin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8"},
    )
    process = box.popen(sys.argv[2:])
    signal.signal(signal.SIGTERM, lambda *_: process.kill())
    waiting = threading.Thread(target=process.wait, kwargs={"timeout": policy["seconds"] + 1})
    waiting.start()
    waiting.join()
"""
