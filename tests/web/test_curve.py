"""The learning curve as a page: its sentence, its picture, and every number also in the table."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from strop.records import Measured
from strop.studies import LearningCurve
from strop.studies.learning_curve import CurvePoint
from strop.studies.power_law import PowerLaw
from strop.web import curve

LAW = PowerLaw(top=0.95, scale=1.2, exponent=0.4)
POINTS = tuple(
    CurvePoint(rows=rows, values=(LAW.at(rows) - 0.01, LAW.at(rows), LAW.at(rows) + 0.01))
    for rows in (40, 72, 130, 233, 420)
)
FOUND = LearningCurve(
    measure="macro_f1", points=POINTS, law=LAW, more=200, gain=Measured(value=0.015, low=0.002, high=0.03, n=60)
)  # fmt: skip
REFUSED = LearningCurve(measure="macro_f1", points=POINTS, more=200, refused="the smaller sizes foretell it wrongly")


@pytest.mark.parametrize("found", [FOUND, REFUSED], ids=["forecast", "refused"])
def test_the_picture_has_every_number_in_its_table(found: LearningCurve) -> None:
    made = curve.figure(found)
    assert [row[0] for row in made.rows] == ["40", "72", "130", "233", "420"]
    assert made.rows[0][3] == ", ".join(f"{value:.3f}" for value in POINTS[0].values)
    root = ElementTree.fromstring(made.svg)
    assert root.get("role") == "img" and made.title in (root.get("aria-label") or "")
    assert ("no law is drawn" in made.caption) == (found.gain is None)
    dashed = [one for one in root.iter() if one.get("stroke-dasharray") == "4,3"]
    assert bool(dashed) == (found.gain is not None)


def test_the_page_says_the_sentence_and_needs_nothing_else() -> None:
    page = curve.page(FOUND, project="tickets")
    assert FOUND.sentence() in page and "200 rows buy about 1.5 points" in page
    assert "<script" not in page and "<svg" in page and page == curve.page(FOUND, project="tickets")
    assert "No forecast: the smaller sizes foretell it wrongly." in curve.page(REFUSED, project="tickets")
