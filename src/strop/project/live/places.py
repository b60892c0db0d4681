"""Requests as points, so that it can be seen whether they have moved: by which label they look like, and by the model.

A classifier's requests are read by the classical method, trained on the candidate's own rows: its label probabilities
move when other things are asked, whatever model serves. Beside them stand the hidden states of the model that serves,
where it has any, evened out over its training rows; for a model behind an address, the texts' own n-grams.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from strop import tune
from strop.engines import engine_for
from strop.engines.base import Model
from strop.measure.rows.directions import points_of, whitening
from strop.measure.statistics.drift import unit_rows
from strop.project.opened import Opened
from strop.records import Candidate, Dataset, Example, Spec, silent

Points = npt.NDArray[np.float32]

_READ, _EVENED = 3_000, 600
"""Training rows that the reader learns from, and those over which hidden states are evened out."""
_WIDTH = 50
"""Directions of n-grams, where there is nothing else to see."""


def places(project: Opened, candidate: Candidate, model: Model, groups: Sequence[Sequence[str]]) -> list[Points]:
    """Where the texts of each group lie (texts × dimensions); only points of one call can be compared.

    Args:
        project, candidate: whose training rows say what was usual.
        model: the candidate's, opened.
        groups: texts of requests.
    """
    dataset = project.store.get(candidate.dataset, Dataset)
    train = [row for row in project.rows(dataset, "train") if row.reference]
    texts = [text for group in groups for text in group]
    views: list[npt.NDArray[np.floating]] = []
    if dataset.kind == "classification" and candidate.spec.method != "classical":
        views += _as_labels(project, train[:_READ], texts)
    if candidate.spec.method == "classical":
        views.append(model.embed(texts, on_event=silent))
    elif candidate.spec.method != "remote":
        usual = model.embed([row.input for row in train[:_EVENED]], on_event=silent)
        views.append(whitening(usual)(model.embed(texts, on_event=silent)))
    if not views:
        views.append(points_of(texts, _WIDTH).points)
    joined = np.hstack([unit_rows(view) for view in views])
    return np.split(joined, np.cumsum([len(group) for group in groups])[:-1])


def _as_labels(project: Opened, train: Sequence[Example], texts: Sequence[str]) -> list[Points]:
    """Square roots of the label probabilities of each text; nothing where the rows have a single label."""
    if len({row.reference for row in train}) < 2:
        return []
    spec = Spec.of("classical")
    plan = tune.plan(spec, "classification", train, [], project.settings, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        engine = engine_for(spec.method, None)
        engine.train(plan, None, folder=Path(folder), work=Path(folder), on_event=silent)
        with engine.open(None, Path(folder)) as reader:
            return [reader.embed(texts, on_event=silent)]
