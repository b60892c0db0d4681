"""What this machine does: where tensors live, threads, the fastest number format, time and memory used."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import platform
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from strop.engines import resident
from strop.records import JSON


@functools.cache
def use_threads() -> int:
    """Set torch's threads once: what OMP_NUM_THREADS says, else all cores but one."""
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) - 1))
    return int(torch.get_num_threads())


_chosen: list[torch.device] = []


def device() -> torch.device:
    """Where models live and are computed: the GPU that this process was given, else its first one, else the processor.

    One place decides; everything else asks a network where it is.
    """
    if not _chosen:
        _chosen.append(torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu"))
        if _chosen[0].type == "cuda":
            torch.cuda.set_device(_chosen[0])
    return _chosen[0]


def use_device(place: torch.device) -> None:
    """Let this process compute there from now on (one of several processes: its own GPU)."""
    _chosen[:] = [place]
    if place.type == "cuda":
        torch.cuda.set_device(place)


@contextlib.contextmanager
def on_processor(enabled: bool) -> Iterator[None]:
    """While the block runs, models are loaded and computed on the processor, where ``enabled``."""
    before = device()
    if enabled:
        _chosen[:] = [torch.device("cpu")]
    try:
        yield
    finally:
        _chosen[:] = [before]


def device_name() -> str:
    """What is computed on, as a signature says it: ``cpu``, or the GPU's name."""
    return str(torch.cuda.get_device_name(device())) if device().type == "cuda" else device().type


def wait() -> None:
    """Return when the device has done what it was given: a GPU is handed its work, and goes on by itself."""
    if device().type == "cuda":
        torch.cuda.synchronize(device())


def in_bf16(place: torch.device, enabled: bool) -> contextlib.AbstractContextManager[object]:
    """Products in bf16 while the block runs, where ``enabled``."""
    return torch.autocast(place.type, torch.bfloat16) if enabled else contextlib.nullcontext()


def random_state() -> list[Tensor]:
    """Where the random numbers of the processor, and of the GPU if there is one, stand."""
    states = [torch.get_rng_state()]
    return [*states, torch.cuda.get_rng_state(device())] if device().type == "cuda" else states


def set_random_state(states: Sequence[Tensor]) -> None:
    """Put :func:`random_state` back; what belongs to a GPU that is not here is left out."""
    torch.set_rng_state(states[0])
    if device().type == "cuda" and len(states) > 1:
        torch.cuda.set_rng_state(states[1], device())


_settled: list[torch.dtype] = []


def settle(dtype: torch.dtype) -> None:
    """Take the number format that another process of the same run found to be the fastest."""
    _settled[:] = [dtype]


@functools.cache
def training_dtype() -> torch.dtype:
    """bfloat16 where its matrix products are clearly faster (without hardware support they can be 20 times slower)."""
    if _settled:
        return _settled[0]
    if device().type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32

    def product(dtype: torch.dtype) -> Callable[[], object]:
        a, b = torch.ones(256, 512, dtype=dtype), torch.ones(512, 512, dtype=dtype)
        return lambda: torch.mm(a, b)

    half, full = _fastest(product(torch.bfloat16), product(torch.float32))
    return torch.bfloat16 if half < 0.7 * full else torch.float32


@functools.cache
def fast_linear() -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    """The fastest exact fp32 linear map: on a processor oneDNN's, where it beats torch's own choice (often MKL).

    Both compute in fp32; they differ by the order of sums.
    """
    own: Callable[[Tensor, Tensor, Tensor | None], Tensor] = torch.nn.functional.linear
    operator = getattr(getattr(torch.ops, "mkldnn", None), "_linear_pointwise", None)
    if device().type != "cpu" or operator is None or not torch.backends.mkldnn.is_available():
        return own

    def one_dnn(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return operator(x, weight, bias, "none", [], "") if x.numel() >= 4 * x.shape[-1] else own(x, weight, bias)

    x, weight = torch.ones(64, 512), torch.ones(512, 512)
    try:
        equal = bool(torch.allclose(one_dnn(x, weight, None), own(x, weight, None)))
    except (RuntimeError, NotImplementedError):
        return own
    theirs, ours = _fastest(lambda: one_dnn(x, weight, None), lambda: own(x, weight, None))
    return one_dnn if equal and theirs < 0.8 * ours else own


def _fastest(*works: Callable[[], object], repeats: int = 15) -> list[float]:
    """Least processor seconds of this thread for each piece of work, done in turn: others on the machine do not count.

    On a crowded machine a wall clock once made fp32 seem as fast as bf16, and a run three times as long.
    """
    for work in works:
        work()
    times: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, spent in zip(works, times, strict=True):
            start = time.thread_time()
            work()
            spent.append(time.thread_time() - start)
    return [min(spent) for spent in times]


def cpu_seconds() -> float:
    """Processor time of this process so far, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def wall_seconds() -> float:
    """A clock that only runs forward."""
    return time.perf_counter()


def available_memory() -> int | None:
    """Bytes that can be had where models live; None where the system does not say.

    On a GPU what is free there; else what can be had without swapping, within the limits of a container and of the
    process (``ulimit -v``).
    """
    if device().type == "cuda":
        unused = torch.cuda.memory_reserved(device()) - torch.cuda.memory_allocated(device())
        return int(torch.cuda.mem_get_info(device())[0] + unused)
    found, group = list[int](), Path("/sys/fs/cgroup")
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
        found.append(next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")))
    with contextlib.suppress(OSError, ValueError):  # "max": no limit
        limit, used = (int((group / name).read_text("ascii")) for name in ("memory.max", "memory.current"))
        lines = (group / "memory.stat").read_text("ascii").splitlines()
        cached = sum(int(line.split()[1]) for line in lines if line.startswith(("active_file ", "inactive_file ")))
        found.append(max(0, limit - used + cached))  # what files take of it is given back when it is asked for
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(OSError, ValueError):
        if most != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
            found.append(max(0, most - pages * resource.getpagesize()))
    return min(found, default=None)


def give_back() -> None:
    """Return to the system all that was freed: else it counts as held, and a new peak hides in it."""
    gc.collect()
    resident.trim()
    if device().type == "cuda":
        torch.cuda.empty_cache()


class PeakMemory:
    """Peak of the memory where models live above what was held at the start, in bytes.

    On a GPU what tensors take there; else the process's memory.
    """

    def __init__(self) -> None:
        give_back()
        self._resident: resident.Peak | None = None
        if device().type == "cuda":
            torch.cuda.reset_peak_memory_stats(device())
            self._start = int(torch.cuda.memory_allocated(device()))
        else:
            self._resident = resident.Peak()

    def above_start(self) -> int:
        """Bytes."""
        if self._resident is not None:
            return self._resident.above_start()
        return max(0, int(torch.cuda.max_memory_allocated(device())) - self._start)


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
        "device": device_name(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": use_threads(),
    }
