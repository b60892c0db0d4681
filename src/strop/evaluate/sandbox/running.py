"""Start confined Python, hear what it says within its limits, and leave nothing of it running."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import IO, Literal, NamedTuple, TypeAlias

from strop.evaluate.sandbox.walls import Limits, Walls

End: TypeAlias = Literal["ended", "time", "output"]
"""How hearing ended: the program closed its end, its time was over, or it said more than it may."""
_CHUNK = 65536
_GRACE = 2.0  # seconds to end by itself
Stream: TypeAlias = int | IO[bytes]


class Outcome(NamedTuple):
    """What a program said, how that ended, and the seconds it took."""

    output: bytes
    end: End
    seconds: float


@contextlib.contextmanager
def started(
    walls: Walls,
    arguments: Sequence[str],
    limits: Limits,
    *,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = subprocess.DEVNULL,
    stderr: Stream = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """Python with these arguments behind the walls; on leaving, it and all that it started are killed."""
    process = subprocess.Popen(  # noqa: S603 - a list, no shell
        walls.command(arguments, limits), stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
    )
    try:
        yield process
    finally:
        process.terminate()  # walls that must clear up behind them hear this; those that need not end at once
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
        process.wait()


def hear(stream: int, limits: Limits) -> Outcome:
    """Everything that comes out of a pipe until it closes, or until time or size is used up.

    Args:
        stream: the descriptor of the pipe's reading end.
        limits: ``seconds`` and ``output`` count.
    """
    start = time.monotonic()
    heard = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            left = start + limits.seconds - time.monotonic()
            if left <= 0 or not selector.select(left):
                return Outcome(bytes(heard), "time", time.monotonic() - start)
            piece = os.read(stream, _CHUNK)
            heard += piece
            if not piece or len(heard) > limits.output:
                end: End = "output" if piece else "ended"
                return Outcome(bytes(heard[: limits.output]), end, time.monotonic() - start)


def run(
    walls: Walls, program: str, arguments: Sequence[str] = (), *, limits: Limits, errors: bool = False
) -> Outcome:  # fmt: skip
    """Run a Python program behind the walls and return what it printed; ``errors``: with what it complained of."""
    heard = subprocess.STDOUT if errors else subprocess.DEVNULL
    with started(walls, ["-c", program, *arguments], limits, stdout=subprocess.PIPE, stderr=heard) as process:
        assert process.stdout is not None
        return hear(process.stdout.fileno(), limits)
