"""Questions that need several runs: how many rows, curated against raw, full against light, how good on all rows.

bench = Bench(project, project.opened.dataset())
curve = learning_curve(bench.answer_of_parts(project.spec("classical")), bench.train, bench.primary)
"""

from strop.studies.bench import Bench
from strop.studies.comparison import ArmResult, Comparison, compare, longest_rows, random_rows
from strop.studies.cross_fitting import CrossFitted, cross_fit
from strop.studies.curation import CurationStudy, Draw, curated_against_raw, drawn, raw_rows
from strop.studies.learning_curve import CurvePoint, LearningCurve, forecast, learning_curve, nested
from strop.studies.methods import MethodArm, MethodStudy, methods_compared
from strop.studies.power_law import PowerLaw, fit

__all__ = [
    "ArmResult",
    "Bench",
    "Comparison",
    "CrossFitted",
    "CurationStudy",
    "CurvePoint",
    "Draw",
    "LearningCurve",
    "MethodArm",
    "MethodStudy",
    "PowerLaw",
    "compare",
    "cross_fit",
    "curated_against_raw",
    "drawn",
    "fit",
    "forecast",
    "learning_curve",
    "longest_rows",
    "methods_compared",
    "nested",
    "random_rows",
    "raw_rows",
]
