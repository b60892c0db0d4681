"""Any OpenAI-compatible server, named by its address in strop.yaml: an incumbent to beat, or vLLM to serve with."""

from __future__ import annotations

from strop.engines.remote.client import Client
from strop.engines.remote.model import RemoteModel

__all__ = ["Client", "RemoteModel"]
