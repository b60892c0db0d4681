"""Interactions and judgements to findings: quality, drift, and whether to retrain."""

from strop.monitor.quality import Arm, age, audited_quality, canary, judged, opinions, waiting
from strop.monitor.shift import RUNNING, Answer, Traffic, drift, windows

__all__ = [
    "RUNNING",
    "Answer",
    "Arm",
    "Traffic",
    "age",
    "audited_quality",
    "canary",
    "drift",
    "judged",
    "opinions",
    "waiting",
    "windows",
]
