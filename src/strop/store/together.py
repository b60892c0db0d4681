"""Group commit: callers that arrive while another's commit waits for the disk share the next one.

A durable commit costs one wait for the disk, however much is in it. Each caller still returns only after the commit
that holds its work (DeWitt et al. 1984, "Implementation techniques for main memory database systems"). A caller that
has a thread to wait in leads the commit itself; one that has none (an event loop) is told later, by a thread of ours.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa

from strop.errors import StropError
from strop.store.database import Database

T = TypeVar("T")
Work = Callable[[sa.Connection], T]


class Together:
    """Runs pieces of work of many threads in common transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._arriving = threading.Lock()
        self._leading = threading.Lock()
        self._waiting: list[tuple[Work[Any], Future[Any]]] = []
        self._leader = ThreadPoolExecutor(1, thread_name_prefix="strop-commit")  # its thread starts when it is needed

    def run(self, work: Work[T]) -> T:
        """Do ``work`` in a transaction, and return what it returned once that is durable.

        It must raise before it writes: a StropError or ValueError is then its own caller's alone, while anything else
        takes back the whole transaction, and every caller in it is told.
        """
        future = self._join(work)
        with self._leading:
            if not future.done():
                self._lead()
        return future.result()

    def later(self, work: Work[T]) -> Future[T]:
        """As :meth:`run`, without waiting for it."""
        future = self._join(work)
        self._leader.submit(self._lead_for_others)
        return future

    def _join(self, work: Work[T]) -> Future[T]:
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # what has joined is done, whoever waits for it
        with self._arriving:
            self._waiting.append((work, future))
        return future

    def _lead_for_others(self) -> None:
        with self._leading:
            self._lead()

    def _lead(self) -> None:
        with self._arriving:
            batch, self._waiting = self._waiting, []
        if batch:
            self._commit(batch)

    def _commit(self, batch: list[tuple[Work[Any], Future[Any]]]) -> None:
        outcomes: list[tuple[Future[Any], Any, Exception | None]] = []
        try:
            with self._database.writing() as connection:
                for work, future in batch:
                    try:
                        outcomes.append((future, work(connection), None))
                    except (StropError, ValueError) as error:
                        outcomes.append((future, None, error))
        except BaseException as error:  # noqa: BLE001  (raised again by every caller's result)
            for _, future in batch:
                future.set_exception(error)
            return
        for future, value, problem in outcomes:
            if problem is None:
                future.set_result(value)
            else:
                future.set_exception(problem)
