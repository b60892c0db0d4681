"""A shipped learner without torch: nearest neighbour with value substitution. The whole loop in seconds.

It is a real, if simple, model: it answers from the rows it was trained on (or from the shots in its prompt), by finding
the most similar one and putting the new row's values where the old row's values stood. Untrained, it repeats the first
line of what it is asked.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from strop import durable
from strop.engines.base import (
    Capability,
    GenerateRequest,
    GenerateResult,
    NllResult,
    ScoreRequest,
    ScoreResult,
    TrainOutcome,
    TrainPlan,
)
from strop.errors import CheckFailed
from strop.records import JSON, Base, Cost, Listener, LossPoint, LossSeen, Message, Progress, RunCheck, silent

_WIDTH = 2048
_SHARPNESS = 12
"""How much more a nearer memory weighs."""
_WORD = re.compile(r"\w+")
_PAIR = re.compile(r"^\s*([^:\n]{1,40}):\s*(\S.*?)\s*$", re.MULTILINE)

FAKE_BASE = Base(
    id="base_fake-small",
    name="fake-small",
    engine="fake",
    source="shipped",
    revision="1",
    files={},
    licence="Apache-2.0",
    path="",
    template_hash="none",
)


class Memory(NamedTuple):
    """One remembered row."""

    text: str
    answer: str


def _user_text(messages: Sequence[Message]) -> str:
    return next((m.content for m in reversed(messages) if m.role == "user"), "")


def _shots(messages: Sequence[Message]) -> list[Memory]:
    turns = [m for m in messages if m.role in ("user", "assistant")]
    return [
        Memory(question.content, answer.content)
        for question, answer in pairwise(turns)
        if (question.role, answer.role) == ("user", "assistant")
    ]


def _vector(text: str) -> npt.NDArray[np.float32]:
    """Words and word parts hashed into a fixed width, damped counts, length one."""
    vector = np.zeros(_WIDTH, dtype=np.float32)
    words = _WORD.findall(text.lower())
    features = words + [a + "_" + b for a, b in pairwise(words)]
    features += [w[i : i + 4] for w in words for i in range(max(len(w) - 3, 0))]
    for feature, count in Counter(features).items():
        vector[zlib.crc32(feature.encode()) % _WIDTH] += 1 + math.log(count)
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _substitute(memory: Memory, text: str) -> str:
    """The remembered answer with the remembered row's values replaced by this row's values of the same keys."""
    old, new = dict(_PAIR.findall(memory.text)), dict(_PAIR.findall(text))
    table: dict[str, str] = {}
    for key, value in old.items():
        if key in new:
            table.setdefault(value, new[key])
    if not table:
        return memory.answer
    # One pass, the longest first: what was put in is not replaced again.
    found = "|".join(re.escape(value) for value in sorted(table, key=len, reverse=True))
    return re.sub(found, lambda match: table[match.group()], memory.answer)


def _drawn(near: list[tuple[float, Memory]], request: GenerateRequest) -> list[tuple[float, Memory]]:
    """The memory to answer from first: the nearest, or for a request with a temperature a draw in which near ones weigh
    more."""
    chance = request.chance()
    if chance is None or not near:
        return near
    similar = np.array([similarity for similarity, _ in near])
    weights = np.exp(_SHARPNESS * (similar - similar.max()) / request.temperature)
    taken = int(chance.choice(len(near), p=weights / weights.sum()))
    return [near[taken], *near[:taken], *near[taken + 1 :]]


class FakeModel:
    """An opened fake base, with a memory of training rows when an artifact is given."""

    memory_bytes = 0

    def __init__(self, artifact: Path | None) -> None:
        lines = (artifact / "memory.jsonl").read_text("utf-8").splitlines() if artifact else []
        self._memories = [Memory(*json.loads(line)) for line in lines]
        self._vectors: npt.NDArray[np.float32] = self.embed([m.text for m in self._memories], on_event=silent)
        self.memory_bytes = int(self._vectors.nbytes)
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] if artifact else None
        self.signature: dict[str, JSON] = {"engine": "fake", "version": 1, "base": FAKE_BASE.id, "artifact": digest}

    def _nearest(self, messages: Sequence[Message]) -> list[tuple[float, Memory]]:
        """Memories (or shots) by falling similarity to the question."""
        text = _user_text(messages)
        shots = _shots(messages)
        memories, vectors = self._memories, self._vectors
        if shots:
            memories = self._memories + shots
            vectors = np.vstack([self._vectors, self.embed([m.text for m in shots], on_event=silent)])
        if not memories:
            return []
        similar = vectors @ _vector(text)
        keys = {key for key, _ in _PAIR.findall(text)}
        if keys:
            # A row with the same attributes is worth more than one with the same words.
            shared = [len(keys ^ {key for key, _ in _PAIR.findall(m.text)}) / len(keys) for m in memories]
            similar = similar - np.asarray(shared, dtype=np.float32)
        return [(float(similar[i]), memories[i]) for i in np.argsort(-similar, kind="stable")[:16]]

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        results = []
        for number, request in enumerate(requests):
            start = time.perf_counter()
            text, near = _user_text(request.messages), _drawn(self._nearest(request.messages), request)
            words = self._answer(near, text).split(" ")
            stopped = len(words) <= request.max_new_tokens
            answer = " ".join(words[: request.max_new_tokens])
            seconds = time.perf_counter() - start
            results.append(GenerateResult(text=answer, stopped=stopped, tokens=len(words), seconds=seconds))
            on_event(Progress(task="answering", done=number + 1, total=len(requests)))
        return results

    def _answer(self, near: list[tuple[float, Memory]], text: str) -> str:
        if not near:
            return text.partition("\n")[0]
        answer = _substitute(near[0][1], text)
        # What training adds over shots: attributes that the remembered answer has no place for are named at its end.
        left = [value for _, value in _PAIR.findall(text) if self._memories and value not in answer]
        return f"{answer.rstrip('.')}, with {' and '.join(left)}." if left else answer

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        """Votes of the nearest memories by answer; without memories, overlap of option and text."""
        results = []
        for number, request in enumerate(requests):
            start = time.perf_counter()
            near = self._nearest(request.messages)
            votes = Counter[str]()
            for similarity, memory in near:
                votes[memory.answer] += math.exp(_SHARPNESS * similarity)  # type: ignore[assignment]
            words = set(_WORD.findall(_user_text(request.messages).lower()))
            weights = []
            for option in request.options:
                overlap = len(words & set(_WORD.findall(option.lower().replace("_", " "))))
                weights.append(1 + overlap + votes[option])
            total = math.log(sum(weights))
            logprobs = tuple(math.log(w) - total for w in weights)
            results.append(ScoreResult(logprobs=logprobs, seconds=time.perf_counter() - start))
            on_event(Progress(task="scoring", done=number + 1, total=len(requests)))
        return results

    def nll(self, texts: Sequence[str], *, on_event: Listener) -> list[NllResult]:
        """A code of log 256 a byte: this base knows nothing of language."""
        sizes = [len(t.encode()) for t in texts]
        return [NllResult(nats=size * math.log(256), tokens=size, bytes=size, divergence=0.0) for size in sizes]

    def embed(self, texts: Sequence[str], *, on_event: Listener) -> npt.NDArray[np.float32]:
        on_event(Progress(task="reading", done=len(texts), total=len(texts), unit="texts"))
        return np.stack([_vector(t) for t in texts]) if texts else np.zeros((0, _WIDTH), dtype=np.float32)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(m.content.split()) for m in messages)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class FakeEngine:
    """Trains by remembering, opens what it remembers."""

    name = "fake"
    capabilities: frozenset[Capability] = frozenset({"score", "generate", "nll", "embed", "train"})

    def open(self, base: Base | None, artifact: Path | None, *, share: bool = False) -> FakeModel:
        return FakeModel(artifact)

    def estimate(self, plan: TrainPlan, base: Base | None, *, kept: Path | None = None) -> Cost:
        tokens = sum(len(item.answer.split()) + len(_user_text(item.messages).split()) for item in plan.train)
        seconds = 0.001 + 3e-5 * tokens
        return Cost(
            examples=len(plan.train),
            tokens=tokens,
            cpu_seconds=seconds,
            wall_seconds=seconds,
            peak_memory_bytes=len(plan.train) * _WIDTH * 4,
        )

    def train(
        self, plan: TrainPlan, base: Base | None, *, folder: Path, work: Path, on_event: Listener,
        kept: Path | None = None,
    ) -> TrainOutcome:  # fmt: skip
        start, cpu = time.perf_counter(), time.process_time()
        rows = [[_user_text(item.messages), item.answer] for item in plan.train]
        if not rows:
            raise CheckFailed("there is nothing to train on")
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        durable.write_text(folder / "memory.jsonl", text)
        model = FakeModel(folder)
        losses = self._losses(model, plan, on_event)
        changed = model.signature["artifact"] is not None
        measured = self.estimate(plan, base).model_copy(
            update={"cpu_seconds": time.process_time() - cpu, "wall_seconds": time.perf_counter() - start}
        )
        return TrainOutcome(
            measured=measured,
            losses=losses,
            checks=(RunCheck(name="remembers", passed=changed, detail=f"{len(rows)} rows"),),
            environment={"engine": "fake"},
        )

    @staticmethod
    def _losses(model: FakeModel, plan: TrainPlan, on_event: Listener) -> tuple[LossPoint, ...]:
        """One point an epoch: distance of the validation rows from what is remembered."""
        rows = plan.validation or plan.train
        points = []
        for number, share in enumerate((0.25, 0.5, 1.0)):
            known = model._vectors[: max(1, int(len(model._memories) * share))]
            near = [float((known @ _vector(_user_text(row.messages))).max()) for row in rows[:50]]
            loss = 1 - sum(near) / len(near)
            points.append(LossPoint(step=number + 1, epoch=float(number + 1), loss=loss, learning_rate=0.0))
            on_event(LossSeen(step=number + 1, steps=3, loss=loss, learning_rate=0.0, examples_per_second=0.0))
        return tuple(points)
