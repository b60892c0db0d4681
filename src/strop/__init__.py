"""strop fine-tunes small language models on evidence, and keeps them sharp.

    import strop
    project = strop.open("tickets")
    project.curate(); project.choose(); decision = project.decide()

Public names are imported on first use, so that ``import strop`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from strop.errors import StropError, UserError
    from strop.loop import turn
    from strop.project import Project, init, open  # noqa: A004

__version__ = "0.1.0"
__all__ = ["Project", "StropError", "UserError", "__version__", "init", "open", "turn"]

_HOMES = {
    "Project": "strop.project",
    "StropError": "strop.errors",
    "UserError": "strop.errors",
    "init": "strop.project",
    "open": "strop.project",
    "turn": "strop.loop",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'strop' has no attribute {name!r}")
