"""Real walls: bubblewrap where it is installed, and sandlock; tests that need them skip visibly without."""

from __future__ import annotations

import pytest

from strop.evaluate.sandbox import Walls, known_walls, proven


@pytest.fixture
def walls() -> Walls:
    """The walls that hold on this machine."""
    found = proven()
    if found.walls is None:
        pytest.skip(found.why_not)
    return found.walls


@pytest.fixture(params=["bubblewrap", "sandlock"])
def each_walls(request: pytest.FixtureRequest) -> Walls:
    """Each kind that is installed, proven or not."""
    found = {known.name: known for known in known_walls()}
    if request.param not in found:
        pytest.skip(f"{request.param} is not installed")
    return found[request.param]
