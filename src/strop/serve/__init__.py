"""Releases, canary assignment, answering, interactions. No HTTP."""

from strop.serve.gateway import Answered, Asked, Gateway, Journal, Served, pieces
from strop.serve.keys import holder, key_hash, new_key, person, present
from strop.serve.releases import arm_of, promote, rollback, serving
from strop.serve.worker import Draining, Overloaded, Worker

__all__ = [
    "Answered",
    "Asked",
    "Draining",
    "Gateway",
    "Journal",
    "Overloaded",
    "Served",
    "Worker",
    "arm_of",
    "holder",
    "key_hash",
    "new_key",
    "person",
    "pieces",
    "present",
    "promote",
    "rollback",
    "serving",
]
