"""What log probabilities say: bits per byte, divergence, and pass@k of sampled programs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from strop.measure.statistics.intervals import Array


def bits_per_byte(nats: float, size: int) -> float:
    """Bits that a model needs for one byte of text: comparable between tokenizers.

    Args:
        nats: negative log likelihood of the text, in nats.
        size: its length in UTF-8 bytes.
    Raises:
        ValueError: for an empty text.
    """
    if size < 1:
        raise ValueError("an empty text has no bits per byte")
    return nats / math.log(2) / size


def divergence(before: Sequence[float] | Array, after: Sequence[float] | Array) -> float:
    """Kullback-Leibler divergence of two distributions in nats, from their log probabilities; ``before`` is the truth.

    Args:
        before, after: natural log probabilities over the same options; each side is normalised.
    Raises:
        ValueError: for differing lengths.
    """
    first, second = (np.asarray(side, dtype=np.float64) for side in (before, after))
    if first.shape != second.shape or first.size == 0:
        raise ValueError(f"{first.size} and {second.size} options")
    first, second = (side - np.logaddexp.reduce(side) for side in (first, second))
    return max(0.0, float((np.exp(first) * (first - second))[first > -np.inf].sum()))


def pass_at_k(samples: int, passed: int, k: int) -> float:
    """Chance that one of ``k`` samples passes, without bias, from ``passed`` of ``samples`` (Chen et al. 2021, eq. 1).

    Raises:
        ValueError: for counts that are not possible, or fewer samples than ``k``.
    """
    if not 0 <= passed <= samples or not 1 <= k <= samples:
        raise ValueError(f"pass@{k} cannot be told from {passed} of {samples} samples")
    return 1.0 - math.comb(samples - passed, k) / math.comb(samples, k)
