"""Interactions and judgements to findings: quality, drift, and whether to retrain."""

from strop.monitor.quality import audited_quality, canary, opinions, waiting
from strop.monitor.shift import WINDOW, Traffic, input_drift, output_drift, windows

__all__ = [
    "WINDOW",
    "Traffic",
    "audited_quality",
    "canary",
    "input_drift",
    "opinions",
    "output_drift",
    "waiting",
    "windows",
]
