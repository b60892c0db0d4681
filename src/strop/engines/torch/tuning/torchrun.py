"""Under torchrun one process runs the command, and the others wait for what it tunes.

torchrun starts the same command many times over, and a project is one: so rank 0 alone runs it, and tells the others of
each run through the store at which torchrun has them meet. On several machines the project's folder and the bases must
be found at the same place on each (a shared disk), as checkpoints are read there.
"""

from __future__ import annotations

import atexit
import functools
import os
from collections.abc import Iterator
from datetime import timedelta

import torch.distributed as dist

_WAIT = timedelta(days=30)
"""How long the others wait for the next run: rank 0 curates, evaluates and serves between two."""
_END = "end"


def processes() -> int:
    """How many processes torchrun has started; 0 where this is not one of several."""
    many = int(os.environ.get("WORLD_SIZE", "1")) if "TORCHELASTIC_RUN_ID" in os.environ else 1
    return many if many > 1 else 0


def on_this_machine() -> int:
    """How many of them are on this machine; 0 where torchrun has started none."""
    return int(os.environ["LOCAL_WORLD_SIZE"]) if processes() else 0


def rank() -> int:
    """Which of them this is."""
    return int(os.environ["RANK"])


def here() -> int:
    """Which of those on this machine this is: the number of its GPU."""
    return int(os.environ["LOCAL_RANK"])


def lead() -> None:
    """As rank 0: when this process ends, the others are told so, whether it has tuned anything or not."""
    atexit.register(lambda: _store().set(_next(), _END))


def tell(run: str) -> dist.Store:
    """As rank 0: the others join this run; where they meet."""
    name = _next()
    _store().set(name, run)
    _count.append(name)
    return dist.PrefixStore(f"{name}/", _store())


def told() -> Iterator[tuple[str, dist.Store]]:
    """As one of the others: the runs of rank 0, each with where it is met, until rank 0 ends."""
    while True:
        name = _next()
        _store().wait([name], _WAIT)
        run = _store().get(name).decode("utf-8")
        if run == _END:
            return
        _count.append(name)
        yield run, dist.PrefixStore(f"{name}/", _store())


_count: list[str] = []
"""The runs of this process so far."""


def _next() -> str:
    return f"strop/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}/{len(_count)}"


@functools.cache
def _store() -> dist.TCPStore:
    """Where torchrun has its processes meet: it keeps the store itself, or leaves that to rank 0."""
    keeps = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    return dist.TCPStore(address, port, is_master=not keeps and rank() == 0, timeout=timedelta(minutes=5))
