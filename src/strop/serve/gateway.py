"""A request's way through: mask at the door, commit, assign an arm, answer, complete, put the names back.

The raw text lives in this call only. What is stored is masked, and is committed before the first byte of an answer
leaves, since feedback on it may arrive at once. An answer is completed whether or not anybody still waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Protocol

from strop.engines import prompts
from strop.engines.base import GenerateRequest, ScoreRequest, ScoreResult
from strop.engines.labels import chosen
from strop.errors import UnknownRecord
from strop.records import Candidate, Example, Interaction, Message, Release, new_id, now
from strop.serve.masking import Masking
from strop.serve.releases import arm_of, serving
from strop.serve.worker import Reply, Request, Worker


class UnknownModel(UnknownRecord):
    """Nothing serves under the name that was asked for."""


class Journal(Protocol):
    """Where interactions are kept; both calls return after the commit is durable."""

    def begin(self, interaction: Interaction) -> None: ...

    def complete(self, interaction: Interaction) -> None: ...


@dataclass(frozen=True)
class Served:
    """What a candidate needs to answer: itself, its shots, its abstain threshold."""

    candidate: Candidate
    shots: tuple[Example, ...] = ()
    threshold: float | None = None


class Models(Protocol):
    """What can be asked."""

    def releases(self) -> Sequence[Release]:
        """All releases, newest first."""
        ...

    def named(self, model: str) -> str | None:
        """The candidate of that id, or the one that answers for a base of that name; None for neither."""
        ...

    def served(self, candidate: str) -> Served:
        """A candidate, ready to be asked. Raises UnknownRecord."""
        ...


@dataclass(frozen=True)
class Asked:
    """One request as the application made it. Without a session every request is its own."""

    model: str
    messages: tuple[Message, ...]
    session: str | None = None
    max_new_tokens: int | None = None


@dataclass(frozen=True)
class Answered:
    """The interaction as stored (masked) and the text for the application (names put back)."""

    interaction: Interaction
    text: str
    prompt_tokens: int = 0


class Gateway:
    """Answers for the aliases of a project.

    Args:
        worker: owns the models; stopped by :meth:`close`.
        journal: keeps the interactions.
        models: what can be asked.
        masking: what becomes of personal data.
        max_new_tokens: longest answer where the request names none.
        audit: whether a request (its id, its candidate, the second it came) belongs to the audit sample.

    ``listeners`` are called with every interaction after it was completed.
    """

    def __init__(
        self,
        worker: Worker,
        journal: Journal,
        models: Models,
        *,
        masking: Masking,
        max_new_tokens: int = 256,
        audit: Callable[[str, str, float], bool] = lambda identity, candidate, when: False,
    ) -> None:
        self.worker, self.models = worker, models
        self.listeners: list[Callable[[Interaction], None]] = []
        self._journal, self._masking, self._longest, self._audit = journal, masking, max_new_tokens, audit
        self._completing = ThreadPoolExecutor(1, thread_name_prefix="strop-complete")

    def answer(self, asked: Asked) -> Answered:
        """Answer and wait. Raises as :meth:`ask` does, and what the model raised."""
        return self.ask(asked).result()

    def ask(self, asked: Asked, on_text: Callable[[Interaction, str], None] | None = None) -> Future[Answered]:
        """Mask, commit and queue a request; its answer comes later, stored whether or not anybody waits.

        ``on_text`` is told the beginning of the answer in pieces as they are written, names put back, by another
        thread; only by models that write piece by piece, and seldom to the end.

        Raises UnknownModel for a name under which nothing serves, InputError where personal data is refused,
        Overloaded when the queue is full, StorageError when the request could not be written down.
        """
        release, arm, served = self._resolve(asked)
        messages, originals = self._masking.hide(asked.messages)
        identity = new_id("int")
        interaction = Interaction(
            id=identity,
            release=release.id if release else None,
            candidate=served.candidate.id,
            arm=arm,
            session=self._masking.hide_name(asked.session) if asked.session else None,
            messages=messages,
            audit=self._audit(identity, served.candidate.id, time.time()),
            created=now(),
        )
        request = request_for(served, messages, asked.max_new_tokens or self._longest)
        answered: Future[Answered] = Future()
        # Running from the start: a client that leaves cannot cancel what was committed.
        answered.set_running_or_notify_cancel()
        restoring = self._masking.restoring(originals)

        def told(piece: str) -> None:
            if on_text is not None and (shown := restoring.add(piece)):
                on_text(interaction, shown)

        with self.worker.place() as submit:
            self._journal.begin(interaction)
            submit(served.candidate.id, request, arm != "release", told if on_text else None).add_done_callback(
                lambda done: self._later(answered, done, served, interaction, originals)
            )
        return answered

    def close(self, timeout: float = 30.0) -> None:
        """Take no more, finish and complete what was taken, close the models."""
        self.worker.stop(timeout)
        self._completing.shutdown(wait=True)

    def _resolve(self, asked: Asked) -> tuple[Release | None, Literal["release", "canary", "direct"], Served]:
        releases = self.models.releases()
        release = serving(releases, asked.model) or next((r for r in releases if r.id == asked.model), None)
        if release is not None:
            arm, candidate = arm_of(release, asked.session or new_id("unit"))
            return release, arm, self.models.served(candidate)
        named = self.models.named(asked.model)
        if named is None:
            raise UnknownModel(f"no model is called {asked.model[:80]!r}", remedy="GET /v1/models lists them")
        return None, "direct", self.models.served(named)

    def _later(
        self,
        answered: Future[Answered],
        done: Future[Reply | None],
        served: Served,
        interaction: Interaction,
        originals: dict[str, str],
    ) -> None:
        """Complete in a thread of its own: the worker goes on with the next batch."""

        def complete() -> None:
            try:
                reply = done.result()
                assert reply is not None
                answered.set_result(self._end(served, interaction, originals, reply))
            except Exception as error:  # noqa: BLE001  (handed to the caller, who waits for it)
                answered.set_exception(error)

        self._completing.submit(complete)

    def _end(self, served: Served, interaction: Interaction, originals: dict[str, str], reply: Reply) -> Answered:
        result = reply.result
        update: dict[str, object] = {"complete": True, "ended": now(), "seconds": result.seconds}
        if isinstance(result, ScoreResult):
            update |= _labelled(served, result)
        else:
            answer = self._masking.hide_text(result.text)
            update |= {"answer": answer, "stopped": result.stopped, "tokens": result.tokens}
        ended = interaction.model_copy(update=update)
        self._journal.complete(ended)
        for listener in self.listeners:
            listener(ended)
        text = str(ended.answer) if isinstance(result, ScoreResult) else self._masking.restore(result.text, originals)
        return Answered(interaction=ended, text=text, prompt_tokens=reply.prompt_tokens)


def request_for(served: Served, messages: Sequence[Message], longest: int) -> Request:
    """What the model is asked: to score the labels, or to write at most ``longest`` tokens."""
    spec = served.candidate.spec
    composed = prompts.compose(spec, messages, served.shots)
    if spec.labels:
        return ScoreRequest(messages=composed, options=spec.labels)
    return GenerateRequest(messages=composed, max_new_tokens=longest)


def _labelled(served: Served, result: ScoreResult) -> dict[str, object]:
    text, label, table = chosen(served.candidate.spec.labels, result)
    abstain = None if served.threshold is None or not table else table[text] < served.threshold
    return {
        "answer": text, "label": label, "probabilities": table, "abstain": abstain, "stopped": True,
        "tokens": result.tokens or 1,
    }  # fmt: skip


def pieces(text: str, size: int = 24) -> Iterator[str]:
    """A finished answer in pieces for a streaming client: a label is whole at once, and so is what was not told."""
    for start in range(0, len(text), size):
        yield text[start : start + size]
