"""Interactions and judgements to findings: quality, drift, and whether to retrain."""

from strop.monitor.quality import FEWEST_JUDGED, Arm, age, audited_quality, canary, judged, opinions, waiting
from strop.monitor.shift import FEWEST_ROWS, FEWEST_SESSIONS, RUNNING, Answer, Traffic, drift, knows_noise, windows
from strop.monitor.signals import Heard, heard, signals

__all__ = [
    "FEWEST_JUDGED",
    "FEWEST_ROWS",
    "FEWEST_SESSIONS",
    "RUNNING",
    "Answer",
    "Arm",
    "Heard",
    "Traffic",
    "age",
    "audited_quality",
    "canary",
    "drift",
    "heard",
    "judged",
    "knows_noise",
    "opinions",
    "signals",
    "waiting",
    "windows",
]
