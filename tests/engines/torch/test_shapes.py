"""Matrix products of ever other lengths: what libraries keep for each of them does not grow with the rows of a run."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

_COUNT = """
import ctypes
import strop.engines.torch
import torch

class Heap(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "a b c d mapped f g used i j".split()]

library = ctypes.CDLL(None)
library.mallinfo2.restype = Heap
torch.set_num_threads(1)
weight = torch.zeros(16, 64, dtype=torch.bfloat16)

def multiplied(first, last):
    for length in range(first, last):
        torch.zeros(length, 64, dtype=torch.bfloat16) @ weight.T
    heap = library.mallinfo2()
    return heap.used + heap.mapped

before = multiplied(32, 400)
print(multiplied(400, 800) - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="glibc 2.33 is asked what it holds")
def test_memory_does_not_grow_with_the_lengths_of_rows() -> None:
    ran = subprocess.run([sys.executable, "-c", _COUNT], check=True, capture_output=True, text=True, timeout=300)
    assert int(ran.stdout) < 10 << 20  # with torch's own default 104 << 20
