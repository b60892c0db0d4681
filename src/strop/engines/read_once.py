"""Texts that a base reads once though several classifiers learn from them: the parts of a cross-fitting.

All of them are read at the first training that needs them, in one order. What a vector is hangs a little on the texts
that are read beside it (sums in another order), so the same rows give the same vectors, whatever was killed before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

import numpy as np
import numpy.typing as npt

from strop.engines.base import Model
from strop.records import Base, Listener


class _Read:
    """The texts of a block, and by base what was read of them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = sorted(set(texts))
        self.places = {text: place for place, text in enumerate(self.texts)}
        self.vectors: dict[str, npt.NDArray[np.float32]] = {}


_CURRENT: ContextVar[_Read | None] = ContextVar("read_once", default=None)


@contextlib.contextmanager
def read_once(texts: Sequence[str]) -> Iterator[None]:
    """While the block runs, trainings on some of these texts read all of them at the first, and none afterwards.

    Their vectors are held in memory, 4 bytes a dimension. What an opened model is asked is read each time: how long an
    answer takes is measured on it.
    """
    before = _CURRENT.set(_Read(texts))
    try:
        yield
    finally:
        _CURRENT.reset(before)


def vectors(base: Base, reader: Model, texts: Sequence[str], on_event: Listener) -> npt.NDArray[np.float32]:
    """The vectors [n, d] of texts that a classifier learns from, by ``reader``, which is ``base`` opened."""
    held = _CURRENT.get()
    if held is None or any(text not in held.places for text in texts):
        return reader.embed(texts, on_event=on_event)
    if base.id not in held.vectors:
        held.vectors[base.id] = reader.embed(held.texts, on_event=on_event)
    return held.vectors[base.id][[held.places[text] for text in texts]]
