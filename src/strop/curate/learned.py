"""Training rows by how the classical model learns their labels: easy ones, late ones, and those that it never does."""

from __future__ import annotations

import math
from collections.abc import Sequence

from strop.curate.drafts import Draft
from strop.curate.work import Work
from strop.errors import InputError
from strop.measure import clusters_of, spread_over_clusters

_MOST_CLUSTERS = 100


def by_how_learned(
    pool: Sequence[Draft], order: Sequence[int], count: int, judged: Sequence[int], work: Work
) -> list[int]:
    """Numbers of ``count`` rows, spread evenly over the clusters of loss curves, and one of each label at least.

    As many clusters as the root of the number of rows, at most a hundred.

    Args:
        pool: the rows.
        order: their numbers in the order in which rows of a cluster are taken.
        count: how many to take beside those that people judged.
        judged: numbers of the rows that are taken already.
        work: what is curated.
    Raises:
        InputError: where answers are no labels, where all have the same, or for fewer rows than labels.
    """
    if work.settings.task.kind != "classification":
        raise InputError(
            "data.selection is loss_trajectories, which needs labels: the classical model has no loss of other answers",
            remedy="data.selection: facility_location, or ifd for free answers",
        )
    first = {pool[number].answer: number for number in [*reversed(order), *judged]}
    if len(first) < 2:
        raise InputError(
            "data.selection is loss_trajectories, but all training rows have one label, so there is nothing to learn",
            remedy="data.selection: facility_location",
        )
    a_row_each(count + len(judged), len(first))
    from strop.engines.classical import losses_by_pass

    curves = losses_by_pass([pool[number].asked for number in order], [pool[number].answer for number in order])
    clusters = clusters_of(curves, min(_MOST_CLUSTERS, math.isqrt(len(order))))
    own = [number for number in first.values() if number not in set(judged)][:count]
    place = {number: at for at, number in enumerate(order)}
    given = [place[number] for number in (*judged, *own)]
    return own + [order[at] for at in spread_over_clusters(clusters, count - len(own), given=given)]


def a_row_each(budget: int, labels: int) -> None:
    """Refuse a budget below the number of labels.

    Raises:
        InputError: for such a budget.
    """
    if budget < labels:
        raise InputError(
            f"data.budget is {budget}, but there are {labels} labels", remedy="a row of each label at least"
        )
