"""Which rows, by how late they are learned: from those learned at once to those learned late, evenly.

How late is the mean of a row's losses over a small model's passes, as SmallToLarge looks at them (Yang, Mishra, Chiang
and Mirzasoleiman 2024). Its even shares for clusters of like curves are not taken over: of labels most clusters are
small and hard, so they took what is wrong or unclear, and did worse than random rows on three sets (docs/log.md).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LAST = 10
"""One row in so many is learned last and left out: rather wrong or unclear than telling."""


def from_early_to_late(curves: npt.NDArray[np.float64], count: int) -> list[int]:
    """``count`` rows, evenly from the first learned on; of the last tenth only where the others do not suffice.

    Of rows that are learned alike the earlier ones are taken.

    Args:
        curves: rows × losses, one a pass.
        count: how many to take, at most all.
    """
    order = np.argsort(curves.mean(axis=1), kind="stable")
    order = order[: max(count, len(order) - len(order) // _LAST)]
    return [int(order[(2 * step + 1) * len(order) // (2 * count)]) for step in range(count)]
