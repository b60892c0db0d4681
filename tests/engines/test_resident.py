"""What a process holds: its peak since a moment, not since its beginning."""

from __future__ import annotations

import numpy as np

from strop.engines.resident import Peak

MIB = 1 << 20


def test_a_peak_counts_from_when_it_was_made() -> None:
    first = Peak()
    np.ones(64 * MIB, dtype=np.uint8)
    assert first.above_start() >= 60 * MIB
    second = Peak()
    assert second.above_start() < 30 * MIB
    np.ones(32 * MIB, dtype=np.uint8)
    assert 28 * MIB <= second.above_start() < 60 * MIB
