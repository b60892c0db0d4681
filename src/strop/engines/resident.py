"""What this process holds in memory: its peak since a moment (Linux: from /proc; elsewhere since its beginning)."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import resource
from pathlib import Path


def trim() -> None:
    """Return to the system what was freed and glibc keeps: pieces of ever other lengths leave ever other holes."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


class Peak:
    """Peak of the process's memory above what it held when this was made, in bytes."""

    def __init__(self) -> None:
        gc.collect()
        trim()  # what was freed and is kept counts as held, and a new peak would hide in it
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        self._start = _status("VmRSS") or _peak()

    def above_start(self) -> int:
        """Bytes."""
        return max(0, _peak() - self._start)


def _peak() -> int:
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _status(name: str) -> int:
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":")), 0)
