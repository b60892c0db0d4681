"""OpenAI-compatible answers: ``/v1/chat/completions``, ``/v1/completions`` and ``/v1/models``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from strop.errors import StropError
from strop.records import Interaction
from strop.serve import Answered, Asked, Gateway, pieces
from strop.web import refusals
from strop.web.api.bodies import ChatRequest, CompletionRequest, messages_of, prompt_of, refuse_unsupported
from strop.web.refusals import Refused, documented

Session = Annotated[str | None, Header(max_length=200)]


def _choice(answered: Answered) -> dict[str, Any]:
    done = answered.interaction
    return {"index": 0, "finish_reason": "stop" if done.stopped else "length", "logprobs": None}


def _extension(answered: Answered) -> dict[str, Any]:
    done = answered.interaction
    if not done.probabilities:
        return {}
    return {"strop": {"label": done.label, "probabilities": done.probabilities, "abstain": done.abstain}}


def _frame(interaction: Interaction, kind: str, model: str) -> dict[str, Any]:
    return {"id": interaction.id, "object": kind, "created": int(time.time()), "model": model}


def _usage(answered: Answered) -> dict[str, int]:
    tokens = answered.interaction.tokens or 0
    return {
        "prompt_tokens": answered.prompt_tokens, "completion_tokens": tokens,
        "total_tokens": answered.prompt_tokens + tokens,
    }  # fmt: skip


async def _ask(gateway: Gateway, asked: Asked) -> Answered:
    """Answer without holding a thread. A client that leaves does not stop the interaction from being completed."""
    answer = await run_in_threadpool(gateway.ask, asked)
    return await asyncio.shield(asyncio.wrap_future(answer))


class _Streamed:
    """An answer for a client that reads it in pieces: as the model writes them, or cut from a whole answer.

    Args:
        asked: the request.
        chat: whether the pieces are a chat's deltas, or a completion's texts.
        usage: whether the client wants to be told how many tokens it took.
    """

    def __init__(self, asked: Asked, *, chat: bool, usage: bool) -> None:
        self._asked, self._chat, self._usage = asked, chat, usage
        self._pieces: asyncio.Queue[tuple[Interaction, str] | None] = asyncio.Queue()

    async def begin(self, gateway: Gateway) -> StreamingResponse:
        """The response, once there is something to say. Raises what the gateway and the model raise before that."""
        loop = asyncio.get_running_loop()

        def put(piece: tuple[Interaction, str] | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever listened
                loop.call_soon_threadsafe(self._pieces.put_nowait, piece)

        answer = await run_in_threadpool(gateway.ask, self._asked, lambda *piece: put(piece))
        answer.add_done_callback(lambda _: put(None))
        first = await self._pieces.get()
        interaction = first[0] if first else answer.result().interaction
        events = self._events(first, interaction, answer)
        return StreamingResponse(events, media_type="text/event-stream", headers=_headers(interaction))

    async def _events(
        self, told: tuple[Interaction, str] | None, interaction: Interaction, answer: Future[Answered]
    ) -> AsyncIterator[str]:
        if self._chat:
            yield self._event(interaction, {"role": "assistant", "content": ""})
        sent = 0
        while told is not None:
            sent += len(told[1])
            yield self._said(interaction, told[1])
            told = await self._pieces.get()
        try:
            answered = answer.result()
        except StropError as error:  # the status has gone out: clients look for an error among the events, too
            yield _data(refusals.body(error.message, refusals.status_of(error)))
            return
        for piece in pieces(answered.text[sent:]):
            yield self._said(interaction, piece)
        finish = _choice(answered)["finish_reason"]
        yield self._event(interaction, {} if self._chat else {"text": ""}, finish, **_extension(answered))
        if self._usage:
            yield _data({**self._frame(interaction), "choices": [], "usage": _usage(answered)})
        yield "data: [DONE]\n\n"

    def _said(self, interaction: Interaction, piece: str) -> str:
        return self._event(interaction, {"content" if self._chat else "text": piece})

    def _event(self, interaction: Interaction, said: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice: dict[str, Any] = {"index": 0, "finish_reason": finish, "logprobs": None}
        choice |= {"delta": said} if self._chat else said
        return _data({**self._frame(interaction), "choices": [choice], **more})

    def _frame(self, interaction: Interaction) -> dict[str, Any]:
        kind = "chat.completion.chunk" if self._chat else "text_completion"
        return _frame(interaction, kind, self._asked.model)


def _data(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value)}\n\n"


def _headers(interaction: Interaction) -> dict[str, str]:
    return {"X-Strop-Release": interaction.release or ""}


def _wants_usage(asked: ChatRequest | CompletionRequest) -> bool:
    return bool((asked.stream_options or {}).get("include_usage"))


def router(gateway: Gateway, models: Callable[[], Sequence[str]], app_only: Callable[..., Any]) -> APIRouter:
    """The routes. ``models`` names what can be asked; ``app_only`` is the dependency that lets applications in."""
    routes = APIRouter(prefix="/v1", dependencies=[Depends(app_only)], tags=["answers"])
    answers = {
        200: {"description": "The answer, or its events.", "content": {"text/event-stream": {}}},
        **documented(400, 404, 408, 409, 413, 422, 429, 502, 503, 504, 507),
    }

    @routes.post("/chat/completions", responses=answers)
    async def chat(asked: ChatRequest, response: Response, x_session_id: Session = None) -> Any:
        refuse_unsupported(asked)
        limit = asked.max_completion_tokens or asked.max_tokens
        request = Asked(asked.model, messages_of(asked), x_session_id or asked.user, limit)
        if asked.stream:
            return await _Streamed(request, chat=True, usage=_wants_usage(asked)).begin(gateway)
        answered = await _ask(gateway, request)
        response.headers.update(_headers(answered.interaction))
        message = {"role": "assistant", "content": answered.text, "refusal": None}
        return {
            **_frame(answered.interaction, "chat.completion", asked.model),
            "choices": [{**_choice(answered), "message": message}],
            "usage": _usage(answered),
            **_extension(answered),
        }

    @routes.post("/completions", responses=answers)
    async def complete(asked: CompletionRequest, response: Response, x_session_id: Session = None) -> Any:
        refuse_unsupported(asked)
        request = Asked(asked.model, prompt_of(asked), x_session_id or asked.user, asked.max_tokens)
        if asked.stream:
            return await _Streamed(request, chat=False, usage=_wants_usage(asked)).begin(gateway)
        answered = await _ask(gateway, request)
        response.headers.update(_headers(answered.interaction))
        return {
            **_frame(answered.interaction, "text_completion", asked.model),
            "choices": [{**_choice(answered), "text": answered.text}],
            "usage": _usage(answered),
            **_extension(answered),
        }

    @routes.get("/models", responses=documented())
    def listed() -> dict[str, Any]:
        return {"object": "list", "data": [_model(name) for name in models()]}

    @routes.get("/models/{name}", responses=documented(404, 422))
    def one(name: str) -> dict[str, Any]:
        if name not in models():
            raise Refused(404, "no such model", code="model_not_found", param="model")
        return _model(name)

    return routes


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "strop"}
