"""The only door to models: ``open_engine`` imports the one engine asked for, so that nothing else pays for torch."""

from __future__ import annotations

from pathlib import Path

from strop.engines.base import Engine, Turns, Weights
from strop.errors import UserError
from strop.records import Base, Method

__all__ = ["ALONE", "engine_for", "merge", "open_engine", "to_gguf", "turns_of"]

ALONE = Path(__file__).parent / "torch" / "alone.py"
"""The file by which exported weights answer without strop."""


def open_engine(name: str) -> Engine:
    """The engine of that name: ``torch``, ``classical``, ``embeddings`` or ``fake``."""
    if name == "torch":
        from strop.engines.torch import TorchEngine

        return TorchEngine()
    if name == "classical":
        from strop.engines.classical import ClassicalEngine

        return ClassicalEngine()
    if name == "embeddings":
        from strop.engines.embeddings import EmbeddingsEngine

        return EmbeddingsEngine()
    if name == "fake":
        from strop.engines.fake import FakeEngine

        return FakeEngine()
    raise ValueError(f"no engine is called {name!r}")


def engine_for(method: Method, base: Base | None) -> Engine:
    """The engine that runs a method on a base."""
    if method in ("classical", "embeddings"):
        return open_engine(method)
    if base is None:
        raise ValueError(f"method {method!r} needs a base")
    return open_engine(base.engine)


def merge(base: Base, artifact: Path, folder: Path) -> None:
    """Fill ``folder`` with a tuned model as plain transformers weights. Raises UserError where there are none."""
    if base.engine != "torch":
        raise UserError(f"a model on {base.name} has no weights that other programs read", remedy="tune another base")
    from strop.engines.torch.adapters.merged import write_merged

    write_merged(base, artifact, folder)


def to_gguf(base: Base, artifact: Path, path: Path, weights: Weights) -> None:
    """Write a tuned model as one file for llama.cpp. Raises UserError where there are no weights, or it cannot be."""
    if base.engine != "torch":
        raise UserError(f"a model on {base.name} has no weights that other programs read", remedy="tune another base")
    from strop.engines.torch.weights.gguf_file import write_gguf

    write_gguf(base, artifact, path, weights)


def turns_of(folder: Path) -> Turns | None:
    """What the chat template of a folder of weights writes around each turn; None where it does more than that."""
    from strop.engines.torch.turns import turns_of_folder

    return turns_of_folder(folder)
