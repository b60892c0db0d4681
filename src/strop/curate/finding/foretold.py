"""What rows that speak foretell of the label of any row: fitted to them once, then asked about each other row.

Of the rows that speak, what the others of them say is found with the fit, each row left out. A row that does not speak
is asked about alone: what is said of it hangs on the fit and on its own text, not on what else is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from strop.curate.finding.strangers import nearness, nearness_of
from strop.curate.kept import Arrays
from strop.measure import Ngrams
from strop.measure.rows.directions import Floats, placed_along, points_and_axes
from strop.measure.rows.left_out import left_out_by
from strop.measure.rows.mislabelled import mislabelled, mislabelled_by
from strop.measure.rows.naive_bayes import Speakers, spoken_for_and_by, spoken_of
from strop.measure.rows.neighbours import said_by_neighbours, said_of, voters
from strop.measure.rows.ngrams import Vocabulary, weighed

DIRECTIONS: Final = 300
"""Directions in which texts are seen; labels are foretold in more (of many rows not: they would not fit)."""
_OF_LABELS: Final = 600
_OF_NEIGHBOURS: Final = 50
"""Directions in which rows are neighbours whose labels speak for each other's: in more, rows of one document are."""
_FEW_ROWS: Final = 20_000
"""Rows up to which labels are foretold in more directions."""
_NAMED, _MOST_NAMED = 3, 500
"""Rows like a doubtful one that are named, and rows that speak, the most doubtful first, of which they are."""
Ints = npt.NDArray[np.int64]


class Foretold(NamedTuple):
    """By row: how probable its label is right, the label that is likely (an index) and its share, how near it is to any
    label, and the positions of the speaking rows most like it (-1: none is named)."""

    right: Floats
    likely: Ints
    share: Floats
    near: Floats
    like: Ints


def fitted(texts: Sequence[str], labels: Sequence[int]) -> Arrays:
    """All that has to be kept to foretell labels; nothing where the texts do not differ.

    Args:
        texts: of the rows that speak.
        labels: one index a row, each from 0 on at least once.
    """
    seen, own = Ngrams(texts), np.asarray(labels, dtype=np.int64)
    placed, axes = points_and_axes(seen, _OF_LABELS if len(texts) <= _FEW_ROWS else DIRECTIONS)
    if not axes.shape[1]:
        return {}
    given = np.eye(int(own.max()) + 1)[own]
    foretold, by_points = left_out_by(placed.points, given)
    by_ngrams, speakers = spoken_for_and_by(seen, own.tolist())
    views = [foretold, *by_ngrams]
    chosen = voters(np.arange(len(own)))
    around = placed.along(_OF_NEIGHBOURS).points
    if len(texts) <= _FEW_ROWS:
        views.append(said_by_neighbours(around, own.tolist()))
    doubt = mislabelled(views, own.tolist())
    # What no label is near is seen in the main directions: with more of them every text is explained.
    among = placed.along(DIRECTIONS)
    near, by_main_points = left_out_by(among.points, given)
    told = nearness(among, near.max(axis=1))
    voting = _of_length_one(around[chosen])
    found: Arrays = {
        "axes": axes.astype(np.float16), "labels": own, "by_points": by_points,
        "by_main_points": by_main_points, "scales": doubt.scales, "weights": np.append(doubt.weights, doubt.odd),
        "taken": doubt.taken,
        "around": voting, "chosen": chosen, "right": doubt.right, "likely": doubt.likely,
        "share": doubt.likely_share, "near": told.scores, "usual": np.array([told.usual]), "strange": told.strange,
        "like": _like(doubt.right, doubt.likely, own, around, (voting, chosen, own[chosen]), most=_MOST_NAMED),
    }  # fmt: skip
    for number, (view, said) in enumerate(zip(seen.vocabularies, speakers, strict=True)):
        found |= {
            f"known{number}": view.known, f"weight{number}": view.weight,
            f"logs{number}": said.logs.astype(np.float32), f"logs_of_all{number}": said.logs_of_all,
        }  # fmt: skip
    return found


def of_speaking(fit: Arrays) -> Foretold:
    """What is foretold of the rows that speak."""
    return Foretold(*(np.asarray(fit[name]) for name in Foretold._fields))


def of_others(fit: Arrays, texts: Sequence[str], labels: Sequence[int]) -> Foretold:
    """What is foretold of further rows.

    Args:
        fit: what :func:`fitted` gave.
        texts: theirs.
        labels: one index a row; -1 for a label that no row has that speaks.
    """
    own = np.asarray(labels, dtype=np.int64)
    views = weighed([Vocabulary(fit[f"known{n}"], fit[f"weight{n}"]) for n in (0, 1)], texts)
    points = placed_along(views, fit["axes"]).points
    held = {name: np.asarray(part) for name, part in fit.items() if name not in ("axes", "logs0", "logs1")}
    held["voting"] = held["labels"][held["chosen"]]
    told = [Speakers(fit[f"logs{n}"], held[f"logs_of_all{n}"]) for n in (0, 1)]
    by_ngrams = [spoken_of(view, one) for view, one in zip(views, told, strict=True)]
    lines = [_one(held, point, len(views)) for point in points]
    shape = len(lines), fit["by_points"].shape[1]
    alone = [np.array([said[place] for said, _ in lines]).reshape(shape) for place in range(len(held["scales"]) - 2)]
    said = [alone[0], *by_ngrams, *alone[1:]]
    weights, odd = held["weights"][:-1], float(held["weights"][-1])
    doubt = mislabelled_by(said, own, held["taken"], weights=weights, odd=odd, scales=held["scales"])
    named = held["around"], held["chosen"], held["voting"]
    like = _like(doubt.right, doubt.likely, own, points[:, :_OF_NEIGHBOURS], named)
    near = np.array([line[1] for line in lines], dtype=np.float64)
    return Foretold(doubt.right, doubt.likely, doubt.likely_share, near, like)


def _one(fit: Arrays, point: Floats, of_ngrams: int) -> tuple[list[Floats], float]:
    """What each view of one row says, but for those of n-grams, so many; and how near it is to any label."""
    count = fit["by_points"].shape[1]
    views = [np.append(point, 1.0) @ fit["by_points"]]
    if len(fit["scales"]) > len(views) + of_ngrams:
        views.append(said_of(point[:_OF_NEIGHBOURS], fit["around"], fit["voting"], count))
    main = point[:DIRECTIONS]
    explained = min(1.0, float((main**2).sum()) / of_ngrams)
    usual = float(fit["usual"][0])
    if usual <= 0:
        return views, 1.0
    label = float((np.append(main, 1.0) @ fit["by_main_points"]).max())
    return views, nearness_of(main, explained, label, usual, fit["strange"])


def _like(
    right: Floats,
    likely: Ints,
    own: Ints,
    points: Floats,
    among: tuple[npt.NDArray[np.float32], Ints, Ints],
    *,
    most: int | None = None,
) -> Ints:
    """For doubtful rows the positions of the voting rows of the label they are likely to have that lie nearest; -1 for
    the others.

    Args:
        right, likely, own: of each row the probability, the likely label, and its own.
        points: where they lie, in the directions in which rows are neighbours.
        among: where the voting rows lie, their positions, and their labels.
        most: of how many rows at most, the most doubtful first.
    """
    found = np.full((len(own), _NAMED), -1, dtype=np.int64)
    chosen = [n for n in np.argsort(right, kind="stable").tolist() if likely[n] != own[n]][:most]
    places, positions, labels = among
    for label in sorted({int(likely[n]) for n in chosen}):
        others = np.flatnonzero(labels == label)
        theirs = places[others]
        for n in chosen:
            if likely[n] == label:
                alike = theirs @ points[n].astype(np.float32)
                for place in range(min(_NAMED, len(others))):  # sorting them all takes longer
                    found[n, place] = positions[others[nearest := int(alike.argmax())]]
                    alike[nearest] = -np.inf
    return found


def _of_length_one(points: Floats) -> npt.NDArray[np.float32]:
    lengths = np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9)
    return np.asarray(points / lengths, dtype=np.float32)
