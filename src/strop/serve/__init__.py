"""Releases, canary assignment, answering, interactions. No HTTP."""

from strop.serve.gateway import Answered, Asked, Gateway, Journal, Models, Served, UnknownModel, pieces, request_for
from strop.serve.keys import holder, key_hash, new_key, person, present
from strop.serve.masking import Masking
from strop.serve.releases import arm_of, came, opened, promote, rollback, serving
from strop.serve.worker import Draining, Overloaded, Worker

__all__ = [
    "Answered",
    "Asked",
    "Draining",
    "Gateway",
    "Journal",
    "Masking",
    "Models",
    "Overloaded",
    "Served",
    "UnknownModel",
    "Worker",
    "arm_of",
    "came",
    "holder",
    "key_hash",
    "new_key",
    "opened",
    "person",
    "pieces",
    "present",
    "promote",
    "request_for",
    "rollback",
    "serving",
]
