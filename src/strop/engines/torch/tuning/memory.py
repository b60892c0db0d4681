"""Rows as long as memory allows: what a row needs is weighed before the run, and halved where that was not enough.

A shorter row holds fewer of a batch's sequences, and the batch stays what it is: into how many rows it is split does
not change its mean (objective.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from strop.engines.torch.adapters.methods import trainable
from strop.engines.torch.network import Network
from strop.engines.torch.template import Row
from strop.engines.torch.tuning.objective import Aim, batch_loss, computed
from strop.errors import EngineError
from strop.records import Listener, Said

LEAST = 64
"""Tokens below which a shorter row saves nothing worth its steps."""
_USED = 0.8
"""Share of the available memory that a run plans to take."""
_STATE = 12
"""Bytes that a trained number needs beside itself: its gradient and AdamW's two moments, in fp32."""
_REMEDY = "take a smaller base, a shorter tune.max_length, or more memory; checkpoints are kept"
Result = TypeVar("Result")


def fitting(network: Network, rows: Sequence[Row], aim: Aim, available: int | None, on_event: Listener) -> Aim:
    """The aim with rows that fit into ``available`` bytes, by what the shortest of the rows keeps for its gradient.

    None: not known, nothing is changed. A shorter row is said.
    """
    if available is None:
        return aim
    shortest = min(rows, key=lambda row: len(row.ids))
    ((tokens, _),) = computed([shortest], aim)
    a_token = kept_for_backward(network, shortest, aim) / tokens
    state = _STATE * sum(p.numel() for p in trainable(network).values())
    most = int((_USED * available - state) / a_token)
    if most >= aim.row_tokens:
        return aim
    smaller = max(LEAST, most)
    if smaller < aim.row_tokens:
        free, needed = available / 2**20, (state + a_token * aim.row_tokens) / 2**20
        why = f"{free:,.0f} MiB of memory are free, {needed:,.0f} MiB would be needed"
        on_event(Said(text=f"Rows of {smaller} tokens, not {aim.row_tokens}: {why}. Batches and losses stay the same."))
    return aim._replace(row_tokens=min(smaller, aim.row_tokens))


def kept_for_backward(network: Network, row: Row, aim: Aim) -> int:
    """Bytes that the forward pass of one row keeps for its gradient, weights left out."""
    weights = {t.untyped_storage().data_ptr() for t in [*network.model.parameters(), *network.model.buffers()]}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        place = tensor.untyped_storage()
        if place.data_ptr() not in weights:
            kept[place.data_ptr()] = place.nbytes()
        return tensor

    gpus = [network.device] if network.device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        batch_loss(network, [row], aim, train=True)
    for parameter in trainable(network).values():
        parameter.grad = None
    return sum(kept.values())


def surviving(
    work: Callable[[Aim], Result], aim: Aim, undo: Callable[[], None], on_event: Listener, *, in_step: bool = False
) -> tuple[Result, Aim]:
    """Do the work, with rows half as long as often as memory runs out; the result, and the aim that it took.

    ``undo``: takes back what a failed try has done. Raises EngineError where the shortest rows do not fit, and where
    other processes wait ``in_step`` for this one, as they cannot try again with it.
    """
    while True:
        try:
            return work(aim), aim
        except (MemoryError, RuntimeError) as error:
            if not ran_out(error):
                raise
            if in_step:
                raise EngineError(
                    f"memory ran out with rows of {aim.row_tokens} tokens in one of several processes that go in step",
                    remedy="more processes, or a shorter tune.max_length; checkpoints are kept",
                ) from error
            if aim.row_tokens <= LEAST:
                raise EngineError(
                    f"memory ran out with rows of {aim.row_tokens} tokens",
                    remedy=_REMEDY,
                ) from error
        undo()
        aim = aim._replace(row_tokens=max(LEAST, aim.row_tokens // 2))
        again = f"the step is done again with rows of {aim.row_tokens} tokens"
        on_event(Said(text=f"Memory ran out: {again}. Its batch stays what it is."))


@contextlib.contextmanager
def told(doing: str) -> Iterator[None]:
    """Say where memory ran out for good, with what helps. Raises EngineError."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        raise EngineError(f"memory ran out while {doing}", remedy=_REMEDY) from error


def ran_out(error: MemoryError | RuntimeError) -> bool:
    """Whether an error says that memory could not be had; torch raises a plain RuntimeError on a CPU."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)
