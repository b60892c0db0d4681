"""Memory of a process: what was freed before does not hide a new peak."""

from __future__ import annotations

import platform

import pytest

from strop.engines.torch.machine import PeakMemory

MIB = 2**20


def held(mebibytes: int) -> list[bytearray]:
    """Touched memory in pieces that malloc takes from its heap, and keeps when they are freed."""
    return [bytearray(b"x" * 50_000) for _ in range(mebibytes * MIB // 50_000)]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="measured through glibc and /proc")
def test_a_peak_is_seen_in_a_process_that_once_held_more() -> None:
    first = PeakMemory()
    pieces = held(200)
    last = pieces.pop()  # at the end of the heap: malloc gives nothing back below it by itself
    del pieces
    assert first.above_start() > 100 * MIB
    peak = PeakMemory()
    again = held(100)
    assert 70 * MIB < peak.above_start() < 130 * MIB
    del again, last
