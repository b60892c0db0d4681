"""A model behind an OpenAI-compatible server: it writes, and scores labels where the server tells probabilities."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt

from strop.engines.base import GenerateRequest, GenerateResult, NllResult, ScoreRequest, ScoreResult
from strop.engines.kept import Kept
from strop.engines.remote.client import Client, Refusal
from strop.engines.remote.tops import label_logprobs
from strop.errors import EngineError, RemoteError
from strop.records import JSON, Listener, Message, Progress
from strop.settings import Price

LABEL_TOKENS = 64
"""Most tokens in which a label is written (and a word or two around it)."""
TOP = 20
"""Likeliest tokens that are asked for at each place: the most that servers tell."""
Q = TypeVar("Q", ScoreRequest, GenerateRequest)
R = TypeVar("R", ScoreResult, GenerateResult)


class Said(NamedTuple):
    """One answer of the server, and the seconds that it took when it was given."""

    text: str
    finish: str
    reply: Mapping[str, JSON]
    seconds: float


class RemoteModel:
    """Closes ``client`` when it is closed. Answers are kept in ``kept``, and not asked again."""

    memory_bytes = None

    def __init__(self, client: Client, model: str, *, price: Price | None = None, kept: Kept | None = None) -> None:
        self.client, self.model = client, model
        self._price, self._kept = price, kept
        self._asks_top = True  # until the server refuses to be asked for likely tokens
        self._tells = True  # until it answers without any probability
        self._left_out: set[str] = set()  # fields that this server does not take

    @property
    def concurrency(self) -> int:
        """Requests that the server is sent at a time."""
        return self.client.concurrency

    @property
    def signature(self) -> dict[str, JSON]:
        """The server and the model's name there: whether it is still the same model, nobody tells."""
        return {
            "engine": "remote", "url": self.client.url, "model": self.model,
            "decoding": "the server's own" if "temperature" in self._left_out else "greedy",
            "labels": "told" if self._tells else "written",
        }  # fmt: skip

    def generate(self, requests: Sequence[GenerateRequest], *, on_event: Listener) -> list[GenerateResult]:
        return self._all(requests, self._write, on_event)

    def score(self, requests: Sequence[ScoreRequest], *, on_event: Listener) -> list[ScoreResult]:
        """Labels by what the server tells of probabilities; where it tells nothing, by what it wrote."""
        results = self._all(requests, self._choose, on_event)
        if self._tells:
            return results
        # One way for all items: a server that stops telling in the middle is one that tells nothing.
        return [result.model_copy(update={"logprobs": ()}) for result in results]

    def answer(self, request: ScoreRequest | GenerateRequest) -> tuple[ScoreResult | GenerateResult, int]:
        """One answer, and the length of the prompt in tokens as the server counted it; 0 where it does not count."""
        if isinstance(request, GenerateRequest):
            said = self._asked(request.messages, request.max_new_tokens, **_drawing(request))
            return self._generated(said), _used(said, "prompt_tokens")
        said = self._asked(request.messages, LABEL_TOKENS, top=True)
        result = self._chosen(said, request.options)
        return result if self._tells else result.model_copy(update={"logprobs": ()}), _used(said, "prompt_tokens")

    def stream(self, request: GenerateRequest, on_text: Callable[[str], None]) -> tuple[GenerateResult, int]:
        """Write, telling each piece as it comes; the whole answer, and the length of the prompt in tokens."""
        while True:
            body = self._body(request.messages, request.max_new_tokens, stream_options={"include_usage": True})
            try:
                return self._streamed(body, on_text)
            except Refusal as refusal:  # before any piece
                if not self._learned(refusal, body):
                    raise

    def _streamed(self, body: Mapping[str, JSON], on_text: Callable[[str], None]) -> tuple[GenerateResult, int]:
        started, finish = time.perf_counter(), ""
        pieces: list[str] = []
        usage: Mapping[str, JSON] = {}
        for chunk in self.client.stream(body):
            usage = chunk.get("usage") or usage
            for choice in chunk.get("choices") or ():
                finish = choice.get("finish_reason") or finish
                if text := (choice.get("delta") or {}).get("content"):
                    pieces.append(text)
                    on_text(text)
        if not finish:
            raise self.client.strange("broke off its answer")
        said = Said("".join(pieces), finish, {"usage": usage}, time.perf_counter() - started)
        return self._generated(said), int(usage.get("prompt_tokens") or 0)

    def nll(self, texts: Sequence[str], *, on_event: Listener) -> list[NllResult]:
        raise EngineError("a remote model tells no likelihood of texts")

    def embed(self, texts: Sequence[str], *, on_event: Listener) -> npt.NDArray[np.float32]:
        raise EngineError("a remote model is not asked for embeddings")

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.__exit__(kind, error, trace)

    def _all(self, requests: Sequence[Q], ask: Callable[[Q], R], on_event: Listener) -> list[R]:
        """Several at once; the first error ends it, and what was answered until then is kept."""
        with ThreadPoolExecutor(self.client.concurrency, thread_name_prefix="strop-remote") as pool:
            futures = [pool.submit(ask, request) for request in requests]
            try:
                for done, future in enumerate(as_completed(futures), 1):
                    future.result()
                    on_event(Progress(task=f"asking {self.model}", done=done, total=len(futures)))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [future.result() for future in futures]

    def _write(self, request: GenerateRequest) -> GenerateResult:
        said = self._judged(request.messages, request.max_new_tokens, **_drawing(request))
        return GenerateResult(text="", stopped=False, tokens=0) if said is None else self._generated(said)

    def _generated(self, said: Said) -> GenerateResult:
        return GenerateResult(
            text=said.text, stopped=said.finish == "stop", tokens=_used(said, "completion_tokens"),
            seconds=said.seconds, cost=self._cost(said),
        )  # fmt: skip

    def _choose(self, request: ScoreRequest) -> ScoreResult:
        said = self._judged(request.messages, LABEL_TOKENS, top=True)
        return ScoreResult(logprobs=(), wrote="") if said is None else self._chosen(said, request.options)

    def _judged(self, messages: Sequence[Message], longest: int, *, top: bool = False, **drawing: JSON) -> Said | None:
        """One answer of many; None where the model wrote something that is no text: one item must not end them all."""
        try:
            return self._asked(messages, longest, top=top, **drawing)
        except Refusal as refusal:
            if refusal.about_answer:
                return None
            raise

    def _chosen(self, said: Said, options: Sequence[str]) -> ScoreResult:
        logprobs = _told(said, options)
        if logprobs is None and not _places(said):  # an answer that names no option is told of, and yet without one
            self._tells = False
        return ScoreResult(
            logprobs=logprobs or (), wrote=said.text, seconds=said.seconds,
            tokens=_used(said, "completion_tokens"), cost=self._cost(said),
        )  # fmt: skip

    def _asked(self, messages: Sequence[Message], longest: int, *, top: bool = False, **drawing: JSON) -> Said:
        """The kept answer, or a new one; a field that the server does not take is left out from then on."""
        while True:
            body = self._body(messages, longest, top=top and self._asks_top, **drawing)
            asked = {**body, **drawing}  # each draw is kept by itself, also where the server takes no seed
            if self._kept is not None and (known := self._kept.get(asked)) is not None:
                return self._said(known["reply"], known["seconds"])
            started = time.perf_counter()
            try:
                reply = self.client.complete(body)
            except Refusal as refusal:
                if not self._learned(refusal, body):
                    raise
                continue
            said = self._said(reply, time.perf_counter() - started)
            if self._kept is not None:
                self._kept.put([(asked, {"reply": _essence(reply), "seconds": said.seconds})])
            return said

    def _body(self, messages: Sequence[Message], longest: int, *, top: bool = False, **more: JSON) -> dict[str, JSON]:
        limit = "max_completion_tokens" if "max_tokens" in self._left_out else "max_tokens"
        body: dict[str, JSON] = {
            "model": self.model, "messages": [{"role": m.role, "content": m.content} for m in messages],
            "temperature": 0, limit: longest, **more,
        }  # fmt: skip
        if top:
            body |= {"logprobs": True, "top_logprobs": TOP}
        return {key: value for key, value in body.items() if key not in self._left_out}

    def _learned(self, refusal: Refusal, body: Mapping[str, JSON]) -> bool:
        """Whether a refusal names a field without which the same can be asked."""
        said = refusal.said
        if "logprobs" in said and "logprobs" in body:
            self._asks_top = False
            return True
        if refusal.about_length:  # vLLM: max_tokens=9000 cannot be greater than …; one such request changes no other
            return False
        for field in ("max_tokens", "temperature", "stream_options", "seed"):
            if field in said and field in body:
                self._left_out.add(field)
                return True
        return False

    def _said(self, reply: Mapping[str, JSON], seconds: float) -> Said:
        try:
            choice = reply["choices"][0]
            text, finish = choice["message"].get("content") or "", str(choice.get("finish_reason") or "stop")
        except (KeyError, IndexError, TypeError, AttributeError):
            raise self.client.strange("answers in another shape") from None
        if not isinstance(text, str):
            raise self.client.strange("answers in another shape")
        if not text and finish == "length":
            raise RemoteError(
                f"{self.model} used up its tokens before it answered (it reasons first)", place=self.client.url,
                remedy="turn its reasoning off at the server, or raise task.max_new_tokens",
            )  # fmt: skip
        return Said(text, finish, reply, seconds)

    def _cost(self, said: Said) -> float | None:
        """Money, from the tokens that the server counted; None without a price, or where it counted nothing."""
        usage = said.reply.get("usage")
        if self._price is None or not isinstance(usage, Mapping):
            return None
        asked, answered = (_used(said, key) for key in ("prompt_tokens", "completion_tokens"))
        return (asked * self._price.input + answered * self._price.output) / 1e6


def _drawing(request: GenerateRequest) -> dict[str, JSON]:
    """What a server is told of a request that is drawn; nothing of a greedy one."""
    return {"temperature": request.temperature, "seed": request.seed} if request.temperature else {}


def _essence(reply: Mapping[str, JSON]) -> dict[str, JSON]:
    return {"choices": list(reply["choices"][:1]), "usage": reply.get("usage"), "strop": reply.get("strop")}


def _used(said: Said, key: str) -> int:
    usage = said.reply.get("usage")
    count = usage.get(key) if isinstance(usage, Mapping) else None
    return count if isinstance(count, int) else 0


def _places(said: Said) -> list[Mapping[str, JSON]]:
    told = (said.reply.get("choices") or [{}])[0].get("logprobs")
    places = told.get("content") if isinstance(told, Mapping) else None
    return places if isinstance(places, list) and all(isinstance(place, Mapping) for place in places) else []


def _told(said: Said, options: Sequence[str]) -> tuple[float, ...] | None:
    """What the reply says of the options: another strop tells their probabilities outright."""
    own = said.reply.get("strop")
    table = own.get("probabilities") if isinstance(own, Mapping) else None
    try:
        if isinstance(table, Mapping) and set(options) <= table.keys():
            return tuple(math.log(max(float(table[option]), 1e-12)) for option in options)
        return label_logprobs(_places(said), options) if _places(said) else None
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
