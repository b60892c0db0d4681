"""What holds a record, what must be done to forget it, and proof that it is gone."""

from strop.lineage.forgetting import FORGOTTEN, KEPT, forget
from strop.lineage.planning import Plan, Step, plan
from strop.lineage.proving import Proof, prove, search
from strop.lineage.selecting import Selected, select

__all__ = ["FORGOTTEN", "KEPT", "Plan", "Proof", "Selected", "Step", "forget", "plan", "prove", "search", "select"]
