"""The facts about a machine that a run's record keeps: what would have to be the same to get the same again."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

from strop.records import JSON

_PACKAGES = ("strop", "numpy", "scipy", "scikit-learn", "torch", "transformers", "peft", "safetensors", "bitsandbytes")


def environment() -> dict[str, JSON]:
    """Python, system, processor, cores, threads, and the versions of the packages that compute."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
