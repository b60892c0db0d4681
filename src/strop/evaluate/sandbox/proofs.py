"""Do the walls hold? Every denial is tried from inside, and where it can be, checked from outside."""

from __future__ import annotations

import functools
import json
import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from strop.evaluate.sandbox.running import run
from strop.evaluate.sandbox.walls import Limits, Walls, kept_out, known_walls

_FOLDERS: Final = ("/", "/usr", "/usr/lib", "/dev", "/dev/shm", "/var/tmp", "/etc")  # noqa: S108 - to be refused
_ESCAPED: Final = "strop-escaped"
_SHORT: Final = Limits(seconds=5.0, cpu_seconds=4)
_MOST_FILES = 20  # of the home folder, tried one by one
_TOLD = 200  # characters of a complaint
_GRACE = 2.0  # seconds in which the system clears away what was killed


class Proof(NamedTuple):
    """One denial: whether it held, what was seen and, where that is known, what mends it."""

    name: str
    held: bool
    seen: str
    remedy: str = ""


class Proven(NamedTuple):
    """The walls that may be used (None: there are none that hold), and the proofs of every way that was tried."""

    walls: Walls | None
    proofs: dict[str, tuple[Proof, ...]]

    @property
    def why_not(self) -> str:
        """Why there are no walls; empty where there are."""
        if self.walls:
            return ""
        if not self.proofs:
            return "model-written code runs only in a sandbox, and this machine has none: apt install bubblewrap"
        failed = {name: next(proof for proof in proofs if not proof.held) for name, proofs in self.proofs.items()}
        told = " and ".join(f"{name} does not hold here ({one.name}: {one.seen})" for name, one in failed.items())
        remedies = "; ".join(one.remedy for one in failed.values() if one.remedy)
        return f"model-written code runs only in a sandbox, and {told}" + (f": {remedies}" if remedies else "")


@functools.cache
def proven() -> Proven:
    """The first known walls of which every proof holds; tried once a process, in about two seconds."""
    tried: dict[str, tuple[Proof, ...]] = {}
    for walls in known_walls():
        tried[walls.name] = tuple(prove(walls))
        if all(proof.held for proof in tried[walls.name]):
            return Proven(walls, tried)
    return Proven(None, tried)


def prove(walls: Walls) -> Iterator[Proof]:
    """Each denial, tried. Nothing else is tried once Python does not even start."""
    first = _python_runs(walls)
    yield first
    if first.held:
        for attack in _ATTACKS:
            yield attack(walls)


def _python_runs(walls: Walls) -> Proof:
    program = "print(6 * 7)"
    if run(walls, program, limits=_SHORT).output == b"42\n":
        return Proof("runs", True, "Python starts inside")
    again = run(walls, program, limits=_SHORT, errors=True)
    lines = again.output.decode("utf-8", "replace").strip().splitlines()
    seen = f"Python does not start inside ({lines[-1][:_TOLD] if lines else again.end})"
    closed = kept_out() if walls.in_place else None
    if closed is None:
        return Proof("runs", False, seen)
    seen += f": root's code is run as a user who owns nothing, and {closed} lets only its owner in"
    return Proof("runs", False, seen, _remedy())


def _remedy() -> str:
    """What lets root's code start although the interpreter lies where others may not go."""
    install = "" if shutil.which("bwrap") else ", or: apt install bubblewrap"
    return (
        f"use a Python that every user may read, such as the system's, or run strop as another user than root{install}"
    )


def _said(walls: Walls, program: str, *arguments: str, limits: Limits = _SHORT) -> Any:
    """What an attack reports, as JSON; None when it did not come to its end, so that nothing is proven."""
    try:
        return json.loads(run(walls, program, arguments, limits=limits).output)
    except ValueError:
        return None


def _judged(name: str, reached: Any, denied: str) -> Proof:
    """A proof from the list of what an attack could reach."""
    if not isinstance(reached, list):
        return Proof(name, False, "the attack did not come to its end")
    return Proof(name, not reached, f"reached: {', '.join(map(str, reached))}" if reached else denied)


NETWORK: Final = """
import json, socket, sys
port, abstract = int(sys.argv[1]), sys.argv[2]
reached = [name for _, name in socket.if_nameindex() if name != "lo"] if hasattr(socket, "if_nameindex") else []
for family, kind, address in (
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", port)),
    (socket.AF_INET, socket.SOCK_STREAM, ("192.0.2.1", 80)),
    (socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 53)),
    (socket.AF_UNIX, socket.SOCK_STREAM, "\\0" + abstract),
):
    try:
        with socket.socket(family, kind) as tried:
            tried.settimeout(0.5)
            tried.connect(address)
            tried.send(b"escaped")
            reached.append(str(address))
    except OSError:
        pass
print(json.dumps(reached))
"""


def _network(walls: Walls) -> Proof:
    name = f"strop-{secrets.token_hex(8)}"
    with socket.socket() as listener, socket.socket(socket.AF_UNIX) as local:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        local.bind(f"\0{name}")
        local.listen()
        reached = _said(walls, NETWORK, str(listener.getsockname()[1]), name)
    return _judged("network", reached, "no connection: loopback, outside, datagram, local socket")


READ: Final = """
import json, sys
reached = []
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            file.read(1)
        reached.append(path)
    except OSError:
        pass
print(json.dumps(reached))
"""


def _reading(walls: Walls) -> Proof:
    home = [path for path in sorted(Path.home().iterdir()) if path.is_file()][:_MOST_FILES]
    with tempfile.NamedTemporaryFile(prefix="strop-", suffix=".txt") as secret:
        secret.write(b"secret")
        secret.flush()
        Path(secret.name).chmod(0o644)
        paths = [secret.name, "/etc/passwd", "/proc/1/environ", __file__, *map(str, home)]
        reached = _said(walls, READ, *paths)
    return _judged("reading", reached, f"none of {len(paths)} files: home, settings, temporary")


WRITE: Final = """
import json, os, sys
reached = []
for folder in sys.argv[2:]:
    path = os.path.join(folder, sys.argv[1])
    try:
        with open(path, "wb") as file:
            file.write(b"escaped")
        reached.append(folder)
    except OSError:
        pass
print(json.dumps(reached))
"""


def _writing(walls: Walls) -> Proof:
    with tempfile.TemporaryDirectory(prefix="strop-") as folder:
        Path(folder).chmod(0o777)
        folders = (folder, str(Path.home()), str(Path.cwd()), *_FOLDERS)
        reached = _said(walls, WRITE, _ESCAPED, *folders)
        written = [place for place in folders if (Path(place) / _ESCAPED).exists()]
        for place in written:
            (Path(place) / _ESCAPED).unlink()
        if isinstance(reached, list):
            reached = sorted({*reached, *written})
    return _judged("writing", reached, "no file outside its own folder")


FORK: Final = """
import json, os, time
count = 0
try:
    while count < 1000:
        if os.fork() == 0:
            os.close(1)
            time.sleep(60)
            os._exit(0)
        count += 1
except OSError:
    pass
print(json.dumps(count))
"""


def _forking(walls: Walls) -> Proof:
    count = _said(walls, FORK)
    held = isinstance(count, int) and count < _SHORT.processes
    return Proof("forking", held, f"stopped after {count} processes" if held else f"{count} processes were started")


MEMORY: Final = """
held = []
try:
    while len(held) < 64:
        held.append(bytearray(16 * 2**20))
        print("+", end="", flush=True)  # one may be killed instead of told
except MemoryError:
    pass
"""


def _memory(walls: Walls) -> Proof:
    limits = _SHORT._replace(memory=128 * 2**20)  # less to fill than the usual limit
    size = 16 * run(walls, MEMORY, limits=limits).output.count(b"+")
    held = 0 < size * 2**20 <= limits.memory
    return Proof("memory", held, f"stopped at {size} MiB" if held else f"{size} MiB were handed out")


DISK: Final = """
import json, os
size = 0
try:
    for number in range(64):
        with open(f"{number}", "wb", buffering=0) as file:
            for _ in range(8):
                size += file.write(bytes(2**20))
except OSError:
    pass
print(json.dumps(size))
"""


def _disk(walls: Walls) -> Proof:
    size = _said(walls, DISK)
    held = isinstance(size, int) and size <= _SHORT.disk
    return Proof("disk", held, f"full after {size / 2**20:.0f} MiB" if held else f"{size} bytes were written")


OTHERS: Final = """
import json, os, sys
reached = []
for pid in map(int, sys.argv[1:]):
    try:
        os.kill(pid, 0)
        reached.append(pid)
    except OSError:
        pass
try:
    os.setuid(0)
    reached.append("root")
except OSError:
    pass
print(json.dumps(reached))
"""


def _others(walls: Walls) -> Proof:
    reached = _said(walls, OTHERS, str(os.getpid()), str(os.getppid()))
    return _judged("others", reached, "no other process, no root")


STAY: Final = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)", sys.argv[1]])
    os._exit(0)
os.wait()
print("left one behind", flush=True)
time.sleep(60)
"""


def _time(walls: Walls) -> Proof:
    """A program that sleeps, and one that it left behind: both must be gone when the time is over."""
    token = secrets.token_hex(16)
    limits = _SHORT._replace(seconds=1.0)
    outcome = run(walls, STAY, [token], limits=limits)
    until = time.monotonic() + _GRACE
    while (left := _running(token)) and time.monotonic() < until:
        time.sleep(0.02)
    if not outcome.output or outcome.end != "time":
        return Proof("time", False, "the attack did not come to its end")
    return Proof("time", not left, f"{left} processes still run" if left else f"stopped after {outcome.seconds:.1f} s")


def _running(token: str) -> int:
    """Processes of this machine with ``token`` among their arguments."""
    count = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            count += token.encode() in path.read_bytes()
        except OSError:
            continue  # it has ended meanwhile
    return count


_ATTACKS: Final[tuple[Callable[[Walls], Proof], ...]] = (
    _network,
    _reading,
    _writing,
    _forking,
    _memory,
    _disk,
    _others,
    _time,
)
