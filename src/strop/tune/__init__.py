"""Spec and dataset to candidate: plan, estimate, train, and the checks that let nothing fail in silence."""

from strop.engines.base import TrainPlan
from strop.tune.folding import FOLDS, folds
from strop.tune.planning import REPLAYED, estimate, plan
from strop.tune.running import tune, worth_comparing
from strop.tune.shots import ShotSet, shot_sets

__all__ = [
    "FOLDS",
    "REPLAYED",
    "ShotSet",
    "TrainPlan",
    "estimate",
    "folds",
    "plan",
    "shot_sets",
    "tune",
    "worth_comparing",
]
