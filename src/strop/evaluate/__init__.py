"""Candidate and suite to report: domain measures, slices, general ability."""

from strop.evaluate.constant import without_a_model
from strop.evaluate.fitting import extremes, refuse_unfit
from strop.evaluate.general import folder_digest, general_examples, general_suite, items_a_task, shipped_examples
from strop.evaluate.judging import (
    OF_PROBABILITIES,
    Again,
    Evaluated,
    evaluate,
    gathered,
    report_id,
    scored_again,
    swapped,
)
from strop.evaluate.kinds.likelihood import reference_likelihood
from strop.evaluate.suites import domain_suite, measure_names, primary_measure
from strop.evaluate.weak import WeakSlice, weak_slices

__all__ = [
    "OF_PROBABILITIES",
    "Again",
    "Evaluated",
    "WeakSlice",
    "domain_suite",
    "evaluate",
    "extremes",
    "folder_digest",
    "gathered",
    "general_examples",
    "general_suite",
    "items_a_task",
    "measure_names",
    "primary_measure",
    "reference_likelihood",
    "refuse_unfit",
    "report_id",
    "scored_again",
    "shipped_examples",
    "swapped",
    "weak_slices",
    "without_a_model",
]
