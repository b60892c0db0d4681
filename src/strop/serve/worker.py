"""One thread owns the models and answers in micro-batches: callers wait on a future, a full queue refuses at once."""

from __future__ import annotations

import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from strop.engines.base import GenerateRequest, GenerateResult, Model, ScoreRequest, ScoreResult
from strop.errors import StropError
from strop.records import silent

Request = ScoreRequest | GenerateRequest
Result = ScoreResult | GenerateResult


class Overloaded(StropError):
    """More requests wait than the queue holds; ``retry_after`` seconds is a fair guess."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many requests are waiting", remedy=f"try again in {retry_after} s")
        self.retry_after = retry_after


class Draining(StropError):
    """The server is stopping and takes no further requests."""


@dataclass
class _Job:
    candidate: str
    request: Request
    future: Future[Result] = field(default_factory=Future)


class Worker:
    """``opener`` opens a candidate's model; at most ``models`` stay open, the longest unused closes first."""

    def __init__(
        self,
        opener: Callable[[str], Model],
        *,
        rows: int = 8,
        wait_seconds: float = 0.02,
        waiting: int = 64,
        models: int = 3,
    ) -> None:
        self._opener, self._rows, self._wait, self._models = opener, rows, wait_seconds, models
        self._jobs: queue.Queue[_Job | None] = queue.Queue(maxsize=waiting)
        self._open: OrderedDict[str, Model] = OrderedDict()
        self._stopping = threading.Event()
        self._seconds_a_job = 0.5
        self._thread = threading.Thread(target=self._run, name="strop-worker", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return self._jobs.qsize()

    def submit(self, candidate: str, request: Request) -> Future[Result]:
        """Queue a request. Raises Overloaded when the queue is full and Draining after :meth:`stop`."""
        if self._stopping.is_set():
            raise Draining("the server is stopping", remedy="try another server, or later")
        job = _Job(candidate, request)
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise Overloaded(max(1, round(self._jobs.maxsize * self._seconds_a_job))) from None
        return job.future

    def stop(self, timeout: float = 30.0) -> None:
        """Take no more, finish what waits, close the models."""
        self._stopping.set()
        self._jobs.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        stopped = False
        while not stopped:
            batch, stopped = self._collect()
            for group in _alike(batch):
                started = time.perf_counter()
                self._answer(group)
                spent = (time.perf_counter() - started) / len(group)
                self._seconds_a_job += 0.2 * (spent - self._seconds_a_job)
        for model in self._open.values():
            model.__exit__(None, None, None)

    def _collect(self) -> tuple[list[_Job], bool]:
        """Wait for one job, then a moment longer for others to share its batch."""
        first = self._jobs.get()
        if first is None:
            return [], True
        batch, end = [first], time.monotonic() + self._wait
        while len(batch) < self._rows:
            try:
                job = self._jobs.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                break
            if job is None:
                return batch, True
            batch.append(job)
        return batch, False

    def _answer(self, group: Sequence[_Job]) -> None:
        live = [job for job in group if job.future.set_running_or_notify_cancel()]
        if not live:
            return
        try:
            results = _ask(self._model(live[0].candidate), [job.request for job in live])
        except Exception as error:  # noqa: BLE001  (handed to every caller who waits for it)
            for job in live:
                job.future.set_exception(error)
            return
        for job, result in zip(live, results, strict=True):
            job.future.set_result(result)

    def _model(self, candidate: str) -> Model:
        if candidate in self._open:
            self._open.move_to_end(candidate)
            return self._open[candidate]
        model = self._opener(candidate)
        self._open[candidate] = model.__enter__()
        while len(self._open) > self._models:
            _, oldest = self._open.popitem(last=False)
            oldest.__exit__(None, None, None)
        return model


def _ask(model: Model, requests: Sequence[Request]) -> Sequence[Result]:
    """One call for requests of one kind."""
    scored = [request for request in requests if isinstance(request, ScoreRequest)]
    if scored:
        return model.score(scored, on_event=silent)
    return model.generate([r for r in requests if isinstance(r, GenerateRequest)], on_event=silent)


def _alike(batch: Sequence[_Job]) -> list[list[_Job]]:
    """Groups that one call can answer: same candidate, same kind of request."""
    groups: dict[tuple[str, bool], list[_Job]] = {}
    for job in batch:
        groups.setdefault((job.candidate, isinstance(job.request, ScoreRequest)), []).append(job)
    return list(groups.values())
