"""How the classical model learns the labels of training rows: some at once, some late, some never."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from strop.curate.drafts import Draft
from strop.curate.work import Work
from strop.errors import InputError


def losses_of(rows: Sequence[Draft], work: Work) -> npt.NDArray[np.float64]:
    """The loss of each row's label after more and more passes (rows × passes).

    Raises:
        InputError: where answers are no labels, or all have the same.
    """
    if work.settings.task.kind != "classification":
        raise InputError(
            "data.selection is loss_trajectories, which needs labels: the classical model has no loss of other answers",
            remedy="data.selection: facility_location, or ifd for free answers",
        )
    labels = [row.answer for row in rows]
    if len(set(labels)) < 2:
        raise InputError(
            "data.selection is loss_trajectories, but all training rows have one label, so there is nothing to learn",
            remedy="data.selection: facility_location",
        )
    from strop.engines.classical import losses_by_pass

    return losses_by_pass([row.asked for row in rows], labels)
