"""One thread owns the models and answers in micro-batches: callers wait on a future, a full queue refuses at once.

What answers most (a release) is opened alone, at its fastest; a canary, an earlier release or an untuned base shares
its base's weights with the others. A model that another server runs is asked by threads of its own, one request each:
it is waited for, and no other model has to wait.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from strop.engines.base import GenerateRequest, GenerateResult, Model, ScoreRequest, ScoreResult
from strop.errors import StropError
from strop.records import silent

Request = ScoreRequest | GenerateRequest
Result = ScoreResult | GenerateResult


class Submit(Protocol):
    """Submits a request to a place in the queue."""

    def __call__(
        self, candidate: str, request: Request, share: bool, on_text: Callable[[str], None] | None = None, /
    ) -> Future[Reply | None]: ...


class Opener(Protocol):
    """Opens a candidate's model: alone, at its fastest, or sharing its base with others."""

    def __call__(self, candidate: str, /, *, share: bool) -> Model: ...


@runtime_checkable
class Elsewhere(Model, Protocol):
    """A model that another server runs: it takes ``concurrency`` requests at a time, and tells pieces as they come."""

    @property
    def concurrency(self) -> int: ...

    def answer(self, request: Request) -> tuple[Result, int]: ...

    def stream(self, request: GenerateRequest, on_text: Callable[[str], None]) -> tuple[GenerateResult, int]: ...


@runtime_checkable
class Writing(Model, Protocol):
    """A model in this process that tells the text so far of each answer while it writes a batch of them."""

    def write(
        self, requests: Sequence[GenerateRequest], on_texts: Sequence[Callable[[str], None] | None]
    ) -> list[GenerateResult]: ...


class _Telling:
    """Tells what is new of a text that grows. Written again from the start, it tells nothing twice."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text, self._told = on_text, ""

    def __call__(self, text: str) -> None:
        if len(text) > len(self._told) and text.startswith(self._told):
            piece, self._told = text[len(self._told) :], text
            self._on_text(piece)


class Overloaded(StropError):
    """More requests wait than the queue holds; ``retry_after`` seconds is a fair guess."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many requests are waiting", remedy=f"try again in {retry_after} s")
        self.retry_after = retry_after


class Draining(StropError):
    """The server is stopping and takes no further requests."""

    def __init__(self) -> None:
        super().__init__("the server is stopping", remedy="try another server, or later")


class Reply(NamedTuple):
    """What the model gave, and how long the prompt was in its tokens."""

    result: Result
    prompt_tokens: int


@dataclass(eq=False)
class _Job:
    """A request to answer; without a request, only a model to open. ``share``: it need not be the fastest.

    ``on_text``: told the pieces of an answer, where the model writes piece by piece.
    """

    candidate: str
    request: Request | None
    share: bool
    on_text: Callable[[str], None] | None = None
    future: Future[Reply | None] = field(default_factory=Future)


class Worker:
    """``opener`` opens a candidate's model; at most ``models`` stay open, the longest unused closes first.

    Args:
        opener: called in the worker's thread; may refuse (CheckFailed), which every caller then gets.
        rows: most requests in one batch.
        wait_seconds: how long the first request of a batch waits for others.
        waiting: most requests in the queue.
        models: most models in memory.
    """

    def __init__(
        self,
        opener: Opener,
        *,
        rows: int = 32,
        wait_seconds: float = 0.02,
        waiting: int = 64,
        models: int = 3,
    ) -> None:
        self._opener, self._rows, self._wait = opener, rows, wait_seconds
        self._waiting, self._models = waiting, models
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._promised = 0  # places taken by requests that are being written down and will come
        self._taken = 0  # places of requests that left the queue and whose model is being looked for
        self._away = 0  # places taken by requests that another server answers
        self._askers: dict[str, ThreadPoolExecutor] = {}  # who asks it, by candidate
        self._stopping = False
        self._open: OrderedDict[tuple[str, bool], Model] = OrderedDict()  # by candidate, and whether it shares its base
        self._refused: dict[str, str] = {}
        self._seconds_a_job = 0.1
        self._thread = threading.Thread(target=self._run, name="strop-worker", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._jobs)

    @property
    def stopping(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stopping

    def is_open(self, candidate: str) -> bool:
        """Whether the candidate's model is in memory, having passed the checks of its opening."""
        return (candidate, False) in self._open or (candidate, True) in self._open

    def refusal(self, candidate: str) -> str | None:
        """Why the candidate's model could not be opened the last time, None if it could or nobody tried."""
        return self._refused.get(candidate)

    def warm(self, candidate: str, *, share: bool = False) -> Future[Reply | None]:
        """Open a model before somebody asks for it. The future's error says why that failed."""
        job = _Job(candidate, None, share)
        with self._changed:
            if self._stopping:
                raise Draining
            self._jobs.append(job)
            self._changed.notify_all()
        return job.future

    @contextmanager
    def place(self) -> Iterator[Submit]:
        """A place in the queue, taken before anything is written, so that a refused request leaves no trace.

        Yields what submits to it: a candidate, a request, whether the model may share its base, and who is told pieces.
        Raises Overloaded when the queue is full and Draining after :meth:`stop`.
        """
        with self._changed:
            if self._stopping:
                raise Draining
            if len(self._jobs) + self._promised + self._taken + self._away >= self._waiting:
                raise Overloaded(max(1, round(self._waiting * self._seconds_a_job)))
            self._promised += 1
        job: _Job | None = None

        def submit(
            candidate: str, request: Request, share: bool, on_text: Callable[[str], None] | None = None, /
        ) -> Future[Reply | None]:
            nonlocal job
            job = _Job(candidate, request, share, on_text)
            return job.future

        try:
            yield submit
        finally:
            with self._changed:
                self._promised -= 1
                if job is not None:
                    self._jobs.append(job)
                self._changed.notify_all()

    def stop(self, timeout: float = 30.0) -> None:
        """Take no more, finish what waits, close the models. What is not done in time is refused (Draining)."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout)
        with self._changed:
            left, self._jobs = list(self._jobs), deque()
        for job in left:
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(Draining())

    def _run(self) -> None:
        while batch := self._collect():
            for group in _alike(batch):
                started = time.perf_counter()
                self._answer(group)
                spent = (time.perf_counter() - started) / len(group)
                self._seconds_a_job += 0.2 * (spent - self._seconds_a_job)
        for asker in self._askers.values():
            asker.shutdown(wait=True)
        while self._open:
            self._open.popitem()[1].__exit__(None, None, None)

    def _collect(self) -> list[_Job]:
        """Wait for one job, then a moment longer for others to share its batch; empty when all is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or (self._stopping and not self._promised))
            if not self._jobs:
                return []
            self._changed.wait_for(lambda: self._stopping or len(self._jobs) >= self._rows, timeout=self._wait)
            self._taken = min(self._rows, len(self._jobs))
            return [self._jobs.popleft() for _ in range(self._taken)]

    def _answer(self, group: Sequence[_Job]) -> None:
        live = [job for job in group if job.future.set_running_or_notify_cancel()]
        try:
            model = self._model(live[0].candidate, live[0].share) if live else None
        except Exception as error:  # noqa: BLE001  (handed to every caller who waits for it)
            self._refused[live[0].candidate] = str(error)
            for job in live:
                job.future.set_exception(error)
            model = None
        elsewhere = isinstance(model, Elsewhere)
        with self._changed:
            self._taken -= len(group)
            self._away += len(live) if elsewhere else 0
        if isinstance(model, Elsewhere):
            self._hand_over(model, live)
        elif model is not None:
            _give(model, live + self._more(live))

    def _more(self, group: Sequence[_Job]) -> list[_Job]:
        """What came for the same model while it was opened, as far as it fits into the batch."""
        with self._changed:
            came = [job for job in self._jobs if _kind(job) == _kind(group[0])][: self._rows - len(group)]
            for job in came:
                self._jobs.remove(job)
        return [job for job in came if job.future.set_running_or_notify_cancel()]

    def _hand_over(self, model: Elsewhere, jobs: Sequence[_Job]) -> None:
        """Let the other server be asked, at most as often at once as it takes. The jobs are counted as away already."""
        candidate = jobs[0].candidate
        if candidate not in self._askers:
            self._askers[candidate] = ThreadPoolExecutor(model.concurrency, thread_name_prefix="strop-elsewhere")
        for job in jobs:
            self._askers[candidate].submit(self._ask_elsewhere, model, job)

    def _ask_elsewhere(self, model: Elsewhere, job: _Job) -> None:
        started = time.perf_counter()
        try:
            if job.request is None:
                job.future.set_result(None)
            elif job.on_text is not None and isinstance(job.request, GenerateRequest):
                job.future.set_result(Reply(*model.stream(job.request, job.on_text)))
            else:
                job.future.set_result(Reply(*model.answer(job.request)))
        except Exception as error:  # noqa: BLE001  (handed to the caller whose request it is)
            job.future.set_exception(error)
        spent = (time.perf_counter() - started) / model.concurrency
        with self._changed:
            self._away -= 1
            self._seconds_a_job += 0.2 * (spent - self._seconds_a_job)
            self._changed.notify_all()

    def _model(self, candidate: str, share: bool) -> Model:
        for key in ((candidate, False), *([(candidate, True)] if share else [])):  # one that is alone serves all
            if key in self._open:
                self._open.move_to_end(key)
                return self._open[key]
        model = self._opener(candidate, share=share).__enter__()
        self._open[candidate, share] = model
        self._refused.pop(candidate, None)
        while len(self._here()) > self._models:
            self._open.pop(self._here()[0]).__exit__(None, None, None)
        return model

    def _here(self) -> list[tuple[str, bool]]:
        """Models in this process's memory, the longest unused first; one that runs elsewhere takes none."""
        return [key for key, model in self._open.items() if not isinstance(model, Elsewhere)]


def _give(model: Model, jobs: Sequence[_Job]) -> None:
    """Answer jobs of one kind with one call; where that fails, one by one: a request must not fail its neighbours."""
    requests = [job.request for job in jobs if job.request is not None]
    for job in jobs:
        if job.on_text is not None and not isinstance(job.on_text, _Telling):
            job.on_text = _Telling(job.on_text)
    try:
        replies: Sequence[Reply | None] = _ask(model, requests, jobs) if requests else [None] * len(jobs)
    except Exception as error:  # noqa: BLE001  (handed to the caller whose request it is)
        if len(jobs) == 1:
            jobs[0].future.set_exception(error)
            return
        for job in jobs:
            _give(model, [job])
        return
    for job, reply in zip(jobs, replies, strict=True):
        job.future.set_result(reply)


def _ask(model: Model, requests: Sequence[Request], jobs: Sequence[_Job]) -> list[Reply]:
    """One call for requests of one kind; whoever listens to one of ``jobs`` is told while it is written."""
    results: list[Result] = []
    if isinstance(model, Writing) and isinstance(requests[0], GenerateRequest) and any(job.on_text for job in jobs):
        asking = [(r, job.on_text) for job in jobs if isinstance(r := job.request, GenerateRequest)]
        results += model.write([r for r, _ in asking], [on_text for _, on_text in asking])
    elif isinstance(requests[0], ScoreRequest):
        results += model.score([r for r in requests if isinstance(r, ScoreRequest)], on_event=silent)
    else:
        results += model.generate([r for r in requests if isinstance(r, GenerateRequest)], on_event=silent)
    lengths = [model.count_tokens(request.messages) for request in requests]
    return [Reply(result, length) for result, length in zip(results, lengths, strict=True)]


def _alike(batch: Sequence[_Job]) -> list[list[_Job]]:
    """Groups that one call can answer: same candidate, same kind of request."""
    groups: dict[tuple[str, bool, type], list[_Job]] = {}
    for job in batch:
        groups.setdefault(_kind(job), []).append(job)
    return list(groups.values())


def _kind(job: _Job) -> tuple[str, bool, type]:
    return job.candidate, job.share, type(job.request)
