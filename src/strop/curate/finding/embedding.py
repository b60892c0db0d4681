"""Texts as vectors, by the embedder that strop.yaml names: the texts' own directions, or a model's."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from strop.engines import bases, open_engine
from strop.errors import UserError
from strop.measure import points_of
from strop.measure.rows.directions import whitening
from strop.records import Listener
from strop.settings import Settings, cache_folder

_DIRECTIONS = 300
Floats = npt.NDArray[np.float64]


def embed(texts: Sequence[str], settings: Settings, on_event: Listener) -> Floats:
    """One vector of length one a text (or none: zeros).

    Raises:
        UserError: for an embedder that is not installed, or a base that is not at hand.
    """
    match settings.data.embedder:
        case "hidden_states":
            found = _hidden_states(texts, settings, on_event)
        case "wordllama":
            found = _wordllama(texts)
        case _:
            found = points_of(texts, _DIRECTIONS).points
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12))


def _hidden_states(texts: Sequence[str], settings: Settings, on_event: Listener) -> Floats:
    """Mean hidden states of the first base of the ladder, each direction counting alike."""
    base = bases.find(cache_folder(), settings.ladder.first_base("data.embedder: hidden_states"))
    with open_engine(base.engine).open(base, None) as model:
        states = np.asarray(model.embed(texts, on_event=on_event), dtype=np.float64)
    return np.asarray(whitening(states)(states))


def _wordllama(texts: Sequence[str]) -> Floats:
    """Vectors of words, averaged. They derive from Llama 2's, whose licence holds for them."""
    found = importlib.util.find_spec("wordllama")
    if found is None or found.origin is None:
        raise UserError(
            "data.embedder is wordllama, which is not installed",
            remedy="pip install 'strop[wordllama]', or data.embedder: svd",
        )
    from wordllama import WordLlama

    # Its own weights lie in the package, but it looks elsewhere unless it is told, and then asks the network.
    model = WordLlama.load(cache_dir=Path(found.origin).parent, disable_download=True)
    return np.asarray(model.embed(list(texts)), dtype=np.float64)
