"""Does an answer state what nobody gave it? A number, a unit or a name that its input does not hold."""

from __future__ import annotations

from strop.evaluate.answers import Answer
from strop.evaluate.kinds.grounding import source_of
from strop.evaluate.measures import Measure
from strop.measure.answers.stated import invented
from strop.records import Example


def nothing_invented(example: Example, answer: Answer) -> float:
    """1 when every number, with its unit, and every name of the answer stands in what the model was given, else 0.

    A number without a known unit is taken for any, one with a unit may stand in another unit ("1.2 kg" of "1,200 g"),
    and the input's may be words ("three"). Numbers of a list ("1. …") and words in the answer ("four seasons") are
    none.
    """
    return float(not invented(answer.text, source_of(example)))


NOTHING_INVENTED = Measure(
    "nothing_invented",
    "mean",
    nothing_invented,
    settings={"of": "numbers,units,names", "numbers": "any form", "pounds": "either"},
)
