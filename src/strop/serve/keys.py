"""Keys: made once, shown once, kept as a hash; compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from strop.records import Person, PersonRole, new_id, now

PREFIX = "strop_"


def new_key() -> str:
    """A key of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def key_hash(key: str) -> str:
    """What is kept of a key. The key is random and long, so a plain hash cannot be guessed back."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()


def person(name: str, role: PersonRole, key: str) -> Person:
    """A new person with a key."""
    return Person(id=new_id("person"), name=name, role=role, key_hash=key_hash(key), created=now())


def present(people: Sequence[Person]) -> list[Person]:
    """Those whose key counts: the newest row of each name (``people`` newest first), unless it is revoked."""
    newest: dict[str, Person] = {}
    for row in people:
        newest.setdefault(row.name, row)
    return [row for row in newest.values() if not row.revoked]


def holder(people: Sequence[Person], key: str) -> Person | None:
    """Whose key this is, or None. Every row is compared, so that time tells nothing."""
    wanted, found = key_hash(key), None
    for row in present(people):
        if hmac.compare_digest(row.key_hash, wanted):
            found = row
    return found
