"""Run code that a model wrote, where it can do no harm."""

from strop.evaluate.sandbox.proofs import Proof, Proven, prove, proven
from strop.evaluate.sandbox.trial import Task, Trial, try_code
from strop.evaluate.sandbox.walls import Limits, Walls, known_walls

__all__ = ["Limits", "Proof", "Proven", "Task", "Trial", "Walls", "known_walls", "prove", "proven", "try_code"]
