"""Micro-batches, a queue that refuses at once when full, one request that does not fail its neighbours, drain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from strop.engines.base import GenerateRequest, GenerateResult, ScoreRequest
from strop.engines.fake import FakeModel
from strop.errors import CheckFailed, EngineError
from strop.records import Listener, Message
from strop.serve.worker import Draining, Overloaded, Reply, Request, Worker


class Slow(FakeModel):
    """The fake model behind a gate; it notes its batches, and chokes on one word."""

    def __init__(self) -> None:
        super().__init__(None)
        self.batches: list[int] = []
        self.gate, self.inside, self.closed = threading.Event(), threading.Event(), False
        self.gate.set()

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        self.inside.set()
        self.gate.wait(10)
        self.batches.append(len(requests))
        if any("poison" in request.messages[-1].content for request in requests):
            raise EngineError("cannot be read")
        return super().generate(requests, on_event=on_event)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self


class Writer(Slow):
    """Tells the text so far, letter by letter."""

    def write(
        self, requests: Sequence[GenerateRequest], on_texts: Sequence[Callable[[str], None] | None]
    ) -> list[GenerateResult]:
        for one, on_text in zip(requests, on_texts, strict=True):
            text = one.messages[-1].content
            for end in range(1, len(text) + 1) if on_text else ():
                on_text(text[:end])
        return self.generate(requests, on_event=lambda event: None)


def request(text: str) -> GenerateRequest:
    return GenerateRequest(messages=(Message(role="user", content=text),))


def ask(worker: Worker, text: str, candidate: str = "cand_a") -> Future[Reply | None]:
    with worker.place() as submit:
        return submit(candidate, request(text), False)


def text_of(future: Future[Reply | None]) -> str:
    reply = future.result(10)
    assert reply is not None and isinstance(reply.result, GenerateResult)
    return reply.result.text


@pytest.fixture
def model() -> Slow:
    return Slow()


def test_requests_share_batches_and_each_gets_its_own_answer(model: Slow) -> None:
    worker = Worker(lambda candidate, *, share: model, rows=4)
    model.gate.clear()
    first = ask(worker, "first")
    assert model.inside.wait(10)
    others = [ask(worker, f"text {number}") for number in range(8)]
    model.gate.set()
    assert text_of(first) == "first"
    assert [text_of(other) for other in others] == [f"text {number}" for number in range(8)]
    assert model.batches == [1, 4, 4]
    worker.stop()


def test_what_comes_while_a_model_is_opened_shares_the_first_batch(model: Slow) -> None:
    asked, others = threading.Event(), list[Future[Reply | None]]()

    def slow_opener(candidate: str, *, share: bool) -> Slow:
        assert asked.wait(10)
        return model

    worker = Worker(slow_opener, rows=4)
    first = ask(worker, "first")
    while worker.waiting:  # until the worker has taken it and opens the model
        threading.Event().wait(0.001)
    others += [ask(worker, f"text {number}") for number in range(5)]
    elsewhere = ask(worker, "elsewhere", "cand_b")
    asked.set()
    assert [text_of(one) for one in (first, *others, elsewhere)] == [
        "first", *(f"text {number}" for number in range(5)), "elsewhere",
    ]  # fmt: skip
    assert model.batches[0] == 4 and sum(model.batches) == 7
    worker.stop()


def test_a_full_queue_refuses_at_once_and_says_when_to_come_again(model: Slow) -> None:
    worker = Worker(lambda candidate, *, share: model, waiting=3)
    model.gate.clear()
    ask(worker, "under way")
    assert model.inside.wait(10)
    taken = [ask(worker, f"{number}") for number in range(3)]
    with pytest.raises(Overloaded) as caught, worker.place():
        raise AssertionError("a place was given")
    assert caught.value.retry_after >= 1
    model.gate.set()
    assert [text_of(one) for one in taken] == ["0", "1", "2"]
    assert text_of(ask(worker, "again")) == "again"
    worker.stop()


def test_a_place_that_is_not_used_is_given_back(model: Slow) -> None:
    worker = Worker(lambda candidate, *, share: model, waiting=1)
    for _ in range(3):
        with pytest.raises(OSError), worker.place():
            raise OSError("the disk is full")
    assert text_of(ask(worker, "there is room")) == "there is room"
    worker.stop()


def test_a_bad_request_does_not_fail_its_neighbours(model: Slow) -> None:
    worker = Worker(lambda candidate, *, share: model, rows=8)
    model.gate.clear()
    ask(worker, "first")
    assert model.inside.wait(10)
    found = [ask(worker, text) for text in ("one", "poison", "two")]
    model.gate.set()
    assert text_of(found[0]) == "one" and text_of(found[2]) == "two"
    with pytest.raises(EngineError):
        found[1].result(10)
    worker.stop()


def test_a_model_that_is_refused_is_tried_again_and_says_why() -> None:
    broken = [True]

    def opener(candidate: str, *, share: bool) -> Slow:
        if broken[0]:
            raise CheckFailed("is not what was judged")
        return Slow()

    worker = Worker(opener)
    with pytest.raises(CheckFailed):
        ask(worker, "x").result(10)
    assert "not what was judged" in (worker.refusal("cand_a") or "")
    broken[0] = False
    worker.warm("cand_a").result(10)
    assert worker.is_open("cand_a") and worker.refusal("cand_a") is None
    worker.stop()


def test_stopping_finishes_what_waits_and_takes_no_more(model: Slow) -> None:
    worker = Worker(lambda candidate, *, share: model, rows=2)
    model.gate.clear()
    found = [ask(worker, f"{number}") for number in range(5)]
    assert model.inside.wait(10)
    place = worker.place()
    submit: Callable[[str, Request, bool], Future[Reply | None]] = place.__enter__()
    stopper = threading.Thread(target=worker.stop)
    stopper.start()
    while not worker.stopping:
        pass
    with pytest.raises(Draining), worker.place():
        raise AssertionError("a place was given")
    model.gate.set()
    late = submit("cand_a", request("was promised"), False)
    place.__exit__(None, None, None)
    stopper.join(10)
    assert [text_of(one) for one in found] == ["0", "1", "2", "3", "4"]
    assert text_of(late) == "was promised"
    assert model.closed


def test_what_cannot_be_finished_in_time_is_refused(model: Slow) -> None:
    worker = Worker(lambda candidate, *, share: model, rows=1)
    model.gate.clear()
    ask(worker, "stuck")
    assert model.inside.wait(10)
    waits = ask(worker, "waits")
    worker.stop(timeout=0.01)
    with pytest.raises(Draining):
        waits.result(10)
    model.gate.set()


def test_few_models_stay_open_and_the_longest_unused_closes() -> None:
    made: dict[str, Slow] = {}

    def opener(candidate: str, *, share: bool) -> Slow:
        made[candidate] = Slow()
        return made[candidate]

    worker = Worker(opener, models=2)
    for candidate in ("a", "b", "a", "c"):
        ask(worker, "x", candidate).result(10)
    assert [made[name].closed for name in ("a", "b", "c")] == [False, True, False]
    worker.stop()
    assert all(model.closed for model in made.values())


def test_a_model_is_opened_again_alone_once_it_answers_most_and_is_never_shared_then() -> None:
    opened: list[tuple[str, bool]] = []

    def opener(candidate: str, *, share: bool) -> Slow:
        opened.append((candidate, share))
        return Slow()

    worker = Worker(opener)
    for share in (True, True, False, True, False):
        with worker.place() as submit:
            answer = submit("cand_a", request("x"), share)
        answer.result(10)
    assert opened == [("cand_a", True), ("cand_a", False)]
    worker.stop()


def test_prompts_are_counted_and_kinds_are_not_mixed(tmp_path: Path, model: Slow) -> None:
    worker = Worker(lambda candidate, *, share: model, rows=4)
    with worker.place() as submit:
        question = ScoreRequest(messages=(Message(role="user", content="a b c"),), options=("yes", "no"))
        scored = submit("cand_a", question, False)
    written = ask(worker, "four words are here")
    reply, other = scored.result(10), written.result(10)
    assert reply is not None and reply.prompt_tokens == 3
    assert other is not None and other.prompt_tokens == 4
    worker.stop()


def test_pieces_are_told_once_even_where_a_neighbour_spoils_the_batch() -> None:
    writer, told = Writer(), dict[str, list[str]]()
    worker = Worker(lambda candidate, *, share: writer, rows=4)
    writer.gate.clear()
    first = ask(worker, "first")
    assert writer.inside.wait(10)
    futures = {}
    for text in ("good morning", "poison", "good night"):
        with worker.place() as submit:
            futures[text] = submit("cand_a", request(text), False, told.setdefault(text, []).append)
    silent_one = ask(worker, "nobody listens")
    writer.gate.set()
    assert text_of(first) == "first" and text_of(silent_one) == "nobody listens"
    for text in ("good morning", "good night"):
        assert text_of(futures[text]) == text == "".join(told[text]) and len(told[text]) == len(text)
    with pytest.raises(EngineError, match="cannot be read"):
        futures["poison"].result(10)
    worker.stop()
