"""Questions that need several runs: how many rows, curated against raw, full against light.

bench = Bench(project, project.opened.dataset())
curve = learning_curve(bench.answer(project.spec("classical")), bench.train, bench.primary)
"""

from strop.studies.bench import Bench
from strop.studies.comparison import ArmResult, Comparison, compare, longest_rows, random_rows
from strop.studies.learning_curve import CurvePoint, LearningCurve, forecast, learning_curve, nested
from strop.studies.power_law import PowerLaw, fit

__all__ = [
    "ArmResult",
    "Bench",
    "Comparison",
    "CurvePoint",
    "LearningCurve",
    "PowerLaw",
    "compare",
    "fit",
    "forecast",
    "learning_curve",
    "longest_rows",
    "nested",
    "random_rows",
]
