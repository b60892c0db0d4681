"""Which rows, by how they are learned: rows whose loss falls alike are one cluster, and every cluster has its share.

SmallToLarge (Yang, Mishra, Chiang and Mirzasoleiman 2024, S2L: Scalable data selection for fine-tuning large language
models by summarizing training trajectories of small models, algorithm 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_ROUNDS = 100


def spread_over_clusters(clusters: Sequence[int], count: int, *, given: Sequence[int] = ()) -> list[int]:
    """Rows that share ``count`` evenly among clusters: the smallest first, whole if they fit; the rest is shared again.

    Within a cluster rows are taken in their order. Without ``given``.

    Args:
        clusters: the cluster of each row [n].
        count: how many to take, the given ones not among them; all that there are, when they are fewer.
        given: rows that are taken already; they count towards the share of their cluster.
    """
    members: dict[int, list[int]] = {}
    for row, cluster in enumerate(clusters):
        members.setdefault(cluster, []).append(row)
    taken = set(given)
    left, chosen = count + len(taken), list[int]()
    in_order = sorted(members, key=lambda cluster: (len(members[cluster]), cluster))
    for place, cluster in enumerate(in_order):
        held = sum(row in taken for row in members[cluster])
        share = max(left // (len(in_order) - place) - held, 0)
        new = [row for row in members[cluster] if row not in taken][:share]
        chosen += new
        left -= held + len(new)
    return chosen[:count]  # given rows of large clusters may be more than their share


def clusters_of(curves: Floats, count: int) -> list[int]:
    """The cluster of each row by k-means (Lloyd 1982), begun by k-means++ (Arthur and Vassilvitskii 2007).

    The same rows in the same order give the same clusters: the draws are fixed. Fewer clusters than ``count`` where
    fewer rows differ.

    Args:
        curves: rows × losses, one a pass.
        count: how many clusters.
    """
    if not len(curves):
        return []
    rng = np.random.default_rng(0)
    centres = [curves[int(rng.integers(len(curves)))]]
    far = ((curves - centres[0]) ** 2).sum(axis=1)
    while len(centres) < count and far.max() > 0:
        centres.append(curves[int(rng.choice(len(curves), p=far / far.sum()))])
        far = np.minimum(far, ((curves - centres[-1]) ** 2).sum(axis=1))
    middle, found = np.array(centres), np.full(len(curves), -1)
    for _ in range(_ROUNDS):
        before = found
        found = ((middle**2).sum(axis=1) - 2 * curves @ middle.T).argmin(axis=1)
        if (found == before).all():
            break
        for cluster in np.unique(found):
            middle[cluster] = curves[found == cluster].mean(axis=0)
    return [int(cluster) for cluster in found]
