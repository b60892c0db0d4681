"""Coroutines in a thread of their own: in the tests' own thread a browser test may have left an event loop running."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run_alone(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; what it raises is raised here."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
