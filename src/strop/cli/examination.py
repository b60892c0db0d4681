"""What ``doctor`` looks at: the machine, what is installed, which models are at hand, a real write to the disk,
and real attempts to get out of the sandbox."""

from __future__ import annotations

import importlib.util
import io
import os
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal

from ruamel.yaml import YAML

from strop import durable
from strop.errors import StropError
from strop.records import Record
from strop.settings import Settings, cache_folder

State = Literal["ok", "warn", "fail"]
_EXTRAS = {
    "torch": ("torch", "transformers", "peft", "safetensors", "gguf"),
    "qlora": ("bitsandbytes",),
    "parquet": ("pyarrow",),
    "zstd": ("zstandard",),
    "postgres": ("psycopg",),
    "wordllama": ("wordllama",),
    "sandbox": ("sandlock",),
    "pii": ("presidio_analyzer", "spacy"),
}


class Examined(Record):
    """One thing looked at."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def examine() -> list[Examined]:
    """Every check, in order. Nothing is imported that is not needed: torch is loaded where there is a GPU."""
    return [*_machine(), *_installed(), _device(), *_models(), _disk(), *_sandbox()]


def default_settings() -> str:
    """Every key of strop.yaml with its default, as YAML."""
    text = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(Settings().model_dump(mode="json", by_alias=True), text)
    return text.getvalue()


def _machine() -> Iterator[Examined]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    state: State = "ok" if memory >= 4 else "warn"
    detail = f"{platform.system()} {platform.machine()}, {cores} cores, {memory:.0f} GiB memory"
    yield Examined(name="machine", state=state, detail=detail)
    yield Examined(name="python", state="ok", detail=platform.python_version())
    version = sqlite3.sqlite_version_info
    # Two writers that checkpoint could corrupt the log before this version; strop has one, so it only warns.
    safe = version >= (3, 51, 3)
    yield Examined(
        name="sqlite",
        state="ok",
        detail=sqlite3.sqlite_version + ("" if safe else " (older than 3.51.3: fine, strop writes through one lock)"),
    )


def _installed() -> Iterator[Examined]:
    for extra, modules in _EXTRAS.items():
        missing = [name for name in modules if importlib.util.find_spec(name) is None]
        if missing:
            yield Examined(
                name=f"extra [{extra}]",
                state="warn",
                detail=f"not installed: {', '.join(missing)}",
                remedy=f"pip install 'strop[{extra}]'",
            )
        else:
            versions = ", ".join(f"{m} {_version(m)}" for m in modules)
            yield Examined(name=f"extra [{extra}]", state="ok", detail=versions)


def _version(module: str) -> str:
    try:
        return metadata.version(module.replace("_", "-"))
    except metadata.PackageNotFoundError:
        return "(version unknown)"


def _device() -> Examined:
    """What models are computed on; torch is asked only where the system knows of a GPU."""
    known = shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()
    if not known:
        return Examined(name="device", state="ok", detail="the processor; no GPU is known to this system")
    if importlib.util.find_spec("torch") is None:
        return Examined(name="device", state="ok", detail="a GPU is here; without the extra torch nothing uses it")
    from strop.engines.torch import machine

    if machine.device().type == "cpu":
        remedy = "install a torch that is built for CUDA (pytorch.org), or look whether CUDA_VISIBLE_DEVICES hides it"
        return Examined(name="device", state="warn", detail="a GPU is here, and torch cannot use it", remedy=remedy)
    memory, dtype = machine.available_memory() or 0, str(machine.training_dtype()).removeprefix("torch.")
    detail = f"{machine.device_name()}, {memory / 2**30:.0f} GiB free, tuned in {dtype}"
    return Examined(name="device", state="ok", detail=detail)


def _models() -> Iterator[Examined]:
    from strop.engines import bases

    for base in bases.at_hand(cache_folder()):
        yield Examined(name="base", state="ok", detail=f"{base.name} ({base.licence}, {base.revision[:16]})")
    at_hand = {base.name for base in bases.at_hand(cache_folder())}
    for name in bases.CATALOGUE:
        if name not in at_hand:
            yield Examined(
                name="base", state="warn", detail=f"{name} is not at hand", remedy=f"strop models add {name}"
            )


def _disk() -> Examined:
    free = shutil.disk_usage(tempfile.gettempdir()).free / 2**30
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "probe"
            durable.write_text(path, "strop")
            written = path.read_text("utf-8") == "strop"
    except (OSError, StropError) as error:
        return Examined(name="disk", state="fail", detail=str(error), remedy="free some space")
    state: State = "ok" if written and free > 2 else "warn"
    return Examined(name="disk", state=state, detail=f"durable write works, {free:.0f} GiB free")


def _sandbox() -> Iterator[Examined]:
    from strop.evaluate.sandbox import proven

    tried = proven()
    if not tried.proofs:
        yield Examined(name="sandbox", state="warn", detail=tried.why_not, remedy="apt install bubblewrap")
    for name, proofs in tried.proofs.items():
        for proof in proofs:
            state: State = "ok" if proof.held else "warn"  # walls that do not hold are not used
            remedy = "" if proof.held else proof.remedy or "measures that run model-written code stay unmeasured"
            yield Examined(name=f"{name}: {proof.name}", state=state, detail=proof.seen, remedy=remedy)
