"""What this machine does: threads, the fastest number format, processor time and memory used."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path

import torch

from strop.records import JSON


@functools.cache
def use_threads() -> int:
    """Set torch's threads once: what OMP_NUM_THREADS says, else all cores but one."""
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) - 1))
    return int(torch.get_num_threads())


@functools.cache
def training_dtype() -> torch.dtype:
    """bfloat16 where its matrix products are clearly faster (without hardware support they can be 20 times slower)."""

    def seconds(dtype: torch.dtype) -> float:
        a, b = torch.ones(256, 512, dtype=dtype), torch.ones(512, 512, dtype=dtype)
        return _fastest(lambda: torch.mm(a, b))

    return torch.bfloat16 if seconds(torch.bfloat16) < 0.7 * seconds(torch.float32) else torch.float32


def _fastest(work: Callable[[], object], repeats: int = 5) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def cpu_seconds() -> float:
    """Processor time of this process so far, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class PeakMemory:
    """Peak of the process's memory above what it held at the start, in bytes (Linux: reset through /proc)."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        self._start = _status("VmRSS") or self._peak()

    def above_start(self) -> int:
        """Bytes."""
        return max(0, self._peak() - self._start)

    @staticmethod
    def _peak() -> int:
        return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _status(name: str) -> int:
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":")), 0)


def environment() -> dict[str, JSON]:
    """Versions and machine, for the run record."""
    import peft
    import transformers

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "peft": peft.__version__,
        "machine": platform.machine(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": use_threads(),
    }
