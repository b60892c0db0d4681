"""A request's way through: mask at the door, commit, assign an arm, answer, complete, put the names back.

The raw text lives in this call only. What is stored is masked, and is committed before the first byte of an answer
leaves, since feedback on it may arrive at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal, Protocol

from strop.engines import prompts
from strop.engines.base import GenerateRequest, GenerateResult, ScoreRequest, ScoreResult
from strop.errors import UnknownRecord
from strop.privacy import Masker
from strop.records import Candidate, Example, Interaction, Message, Release, new_id, now
from strop.serve.releases import arm_of, serving
from strop.serve.worker import Result, Worker


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


@dataclass(frozen=True)
class Asked:
    """One request as the application made it."""

    model: str
    messages: tuple[Message, ...]
    session: str | None = None
    max_new_tokens: int = 256


@dataclass(frozen=True)
class Answered:
    """The interaction as stored (masked) and the text for the application (names put back)."""

    interaction: Interaction
    text: str
    prompt_tokens: int = 0


class Gateway:
    """Answers for the aliases of a project. ``lookup`` finds a candidate by id; ``releases``: newest first."""

    def __init__(
        self,
        worker: Worker,
        journal: Journal,
        *,
        releases: Callable[[], Sequence[Release]],
        lookup: Callable[[str], Served],
        masker: Masker | None,
        audit: Callable[[str], bool] = lambda interaction: False,
    ) -> None:
        self._worker, self._journal, self._releases = worker, journal, releases
        self._lookup, self._masker, self._audit = lookup, masker, audit

    def answer(self, asked: Asked) -> Answered:
        """Answer and wait. Raises UnknownRecord for an unknown model, Overloaded when the queue is full."""
        started, originals, future = self.begin(asked)
        return self.end(started, originals, future.result())

    def begin(self, asked: Asked) -> tuple[Interaction, dict[str, str], Future[Result]]:
        """Mask, commit, queue. Returns the stored interaction, surrogates to originals, and the answer to come."""
        release, arm, served = self._resolve(asked)
        messages, originals = self._mask(asked.messages)
        identity = new_id("int")
        interaction = Interaction(
            id=identity,
            release=release.id if release else None,
            candidate=served.candidate.id,
            arm=arm,
            session=asked.session,
            messages=messages,
            audit=self._audit(identity),
            created=now(),
        )
        composed = prompts.compose(served.candidate.spec, messages, served.shots)
        labels = served.candidate.spec.labels
        request: ScoreRequest | GenerateRequest
        if labels:
            request = ScoreRequest(messages=composed, options=labels)
        else:
            request = GenerateRequest(messages=composed, max_new_tokens=asked.max_new_tokens)
        # Committed before it is queued: an answer that is on its way has a row that feedback can name.
        self._journal.begin(interaction)
        return interaction, originals, self._worker.submit(served.candidate.id, request)

    def _resolve(self, asked: Asked) -> tuple[Release | None, Literal["release", "canary", "direct"], Served]:
        releases = self._releases()
        release = serving(releases, asked.model)
        if release is None:
            release = next((r for r in releases if r.id == asked.model), None)
        if release is not None:
            arm, candidate = arm_of(release, asked.session or new_id("unit"))
            return release, arm, self._lookup(candidate)
        if asked.model.startswith("cand_"):
            return None, "direct", self._lookup(asked.model)
        raise UnknownRecord(f"no model is called {asked.model[:80]!r}", remedy="GET /v1/models lists them")

    def _mask(self, messages: Sequence[Message]) -> tuple[tuple[Message, ...], dict[str, str]]:
        if self._masker is None:
            return tuple(messages), {}
        originals: dict[str, str] = {}
        hidden = []
        for message in messages:
            masked = self._masker.mask(message.content)
            originals |= masked.originals
            hidden.append(message.model_copy(update={"content": masked.text}))
        return tuple(hidden), originals

    def end(self, interaction: Interaction, originals: dict[str, str], result: Result) -> Answered:
        """Complete the interaction and put the names back."""
        served = self._lookup(interaction.candidate)
        update: dict[str, object] = {"complete": True, "ended": now(), "seconds": result.seconds}
        if isinstance(result, ScoreResult):
            update |= _labelled(served, result)
        else:
            answer = self._masker.mask(result.text).text if self._masker else result.text
            update |= {"answer": answer, "stopped": result.stopped, "tokens": result.tokens}
        done = interaction.model_copy(update=update)
        self._journal.complete(done)
        text = done.answer or ""
        if isinstance(result, GenerateResult) and self._masker is not None:
            text = self._masker.unmask(result.text, originals)
        return Answered(interaction=done, text=text)


def _labelled(served: Served, result: ScoreResult) -> dict[str, object]:
    labels = served.candidate.spec.labels
    table = dict(zip(labels, result.probabilities(), strict=True))
    best = max(table, key=table.__getitem__)
    abstain = None if served.threshold is None else table[best] < served.threshold
    return {
        "answer": best, "label": best, "probabilities": table, "abstain": abstain, "stopped": True, "tokens": 1
    }  # fmt: skip


def pieces(text: str, size: int = 24) -> Iterator[str]:
    """A finished answer in pieces for a streaming client (the engine answers whole batches at once)."""
    for start in range(0, len(text), size):
        yield text[start : start + size]
