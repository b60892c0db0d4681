"""A project's state on disk: tables in SQLite or PostgreSQL, artifacts by content, derivations that join them."""

from strop.store.artifacts import Artifacts
from strop.store.database import Database
from strop.store.derivations import fingerprint
from strop.store.erasure import Erasure, Holder
from strop.store.history import History, Link
from strop.store.joblog import JobEvent, JobLog
from strop.store.journal import Journal
from strop.store.kinds import KINDS, class_of, kind_of
from strop.store.store import STATE, Store
from strop.store.traffic import Complaint, Found, Traffic

__all__ = [
    "KINDS",
    "STATE",
    "Artifacts",
    "Complaint",
    "Database",
    "Erasure",
    "Found",
    "History",
    "Holder",
    "JobEvent",
    "JobLog",
    "Journal",
    "Link",
    "Store",
    "Traffic",
    "class_of",
    "fingerprint",
    "kind_of",
]
