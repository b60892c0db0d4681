"""Spec and dataset to a candidate: plan, estimate, train, and the checks without which there is no result."""

from strop.engines.base import TrainPlan
from strop.tune.planning import plan
from strop.tune.running import environment, estimate, tune

__all__ = ["TrainPlan", "environment", "estimate", "plan", "tune"]
