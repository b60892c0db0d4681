"""OpenAI-compatible answers: ``/v1/chat/completions``, ``/v1/completions`` and ``/v1/models``.

What would change the answer and is not supported is refused (400); what is harmless is accepted.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator

from strop.records import Message
from strop.serve import Answered, Asked, Gateway, pieces
from strop.web.api.errors import Refused, documented

LONGEST = 4096
"""Most tokens that one answer may have."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="allow")


class ContentPart(_Body):
    """A part of a message; text only."""

    type: Literal["text"]
    text: str


class ChatMessage(_Body):
    """One turn."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = None

    def text(self) -> str:
        """The turn's text."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class _Common(_Body):
    model: str = Field(min_length=1, max_length=200)
    stream: bool = False
    max_tokens: int | None = Field(default=None, ge=1, le=LONGEST)
    user: str | None = Field(default=None, max_length=512)

    @field_validator("model")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must be printable")
        return value


class ChatRequest(_Common):
    """A chat request."""

    messages: list[ChatMessage] = Field(min_length=1, max_length=200)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=LONGEST)
    stream_options: dict[str, Any] | None = None


class CompletionRequest(_Common):
    """A plain completion request; the prompt is one user turn."""

    prompt: str = Field(min_length=1)


# Values under which a field changes nothing: greedy, one answer, no penalties, no tools.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "temperature": (0, None), "top_p": (1, None), "n": (1, None), "best_of": (1, None), "stop": (None, []),
    "frequency_penalty": (0, None), "presence_penalty": (0, None), "logit_bias": (None, {}), "logprobs": (None, False),
    "top_logprobs": (None, 0), "tools": (None, []), "tool_choice": (None, "none", "auto"), "functions": (None, []),
    "response_format": (None, {"type": "text"}), "suffix": (None, ""), "echo": (None, False),
    "modalities": (None, ["text"]), "audio": (None,), "prediction": (None,), "web_search_options": (None,),
}  # fmt: skip
_TELLS = ("system", "developer")
_HARMLESS = {
    "store", "metadata", "seed", "service_tier", "parallel_tool_calls", "safety_identifier", "prompt_cache_key",
    "reasoning_effort", "verbosity",
}  # fmt: skip


def refuse_unsupported(asked: _Common) -> None:
    """Raise Refused for the first field that would change the answer and cannot be honoured."""
    for name, value in (asked.model_extra or {}).items():
        if name in _HARMLESS or (name in _NEUTRAL and any(value == neutral for neutral in _NEUTRAL[name])):
            continue
        if name in _NEUTRAL:
            neutral = json.dumps(_NEUTRAL[name][0])
            raise Refused(400, f"{name} is not supported: answers are greedy and plain text", param=name,
                          code="unsupported_value", remedy=f"leave it out, or send {neutral}")  # fmt: skip
        raise Refused(400, f"unknown field {name[:80]!r}", param=name[:80], code="unknown_parameter")


def _messages(asked: ChatRequest) -> tuple[Message, ...]:
    if asked.messages[-1].role not in ("user", "tool"):
        raise Refused(400, "the last message must be the user's", param="messages")
    if any(message.text() == "" for message in asked.messages if message.role == "user"):
        raise Refused(400, "a user message is empty", param="messages")
    # A model is shown one system text, the first: further ones are joined to it, so that none is lost.
    told = [message.text() for message in asked.messages if message.role in _TELLS]
    system = [Message(role="system", content="\n\n".join(told))] if told else []
    said: list[Message] = []
    for message in asked.messages:
        if message.role == "user" or message.role == "assistant" or message.role == "tool":
            said.append(Message(role=message.role, content=message.text()))
    return (*system, *said)


def _choice(answered: Answered) -> dict[str, Any]:
    done = answered.interaction
    return {"index": 0, "finish_reason": "stop" if done.stopped else "length", "logprobs": None}


def _extension(answered: Answered) -> dict[str, Any]:
    done = answered.interaction
    if not done.probabilities:
        return {}
    return {"strop": {"label": done.label, "probabilities": done.probabilities, "abstain": done.abstain}}


def _frame(answered: Answered, kind: str, model: str) -> dict[str, Any]:
    return {"id": answered.interaction.id, "object": kind, "created": int(time.time()), "model": model}


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


async def _stream(answered: Answered, model: str, *, usage: bool) -> AsyncIterator[str]:
    frame = _frame(answered, "chat.completion.chunk", model)

    def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return f"data: {json.dumps({**frame, 'choices': [choice], **more}, ensure_ascii=False)}\n\n"

    yield event({"role": "assistant", "content": ""})
    for piece in pieces(answered.text):
        yield event({"content": piece})
    yield event({}, _choice(answered)["finish_reason"], **_extension(answered))
    if usage:
        yield f"data: {json.dumps({**frame, 'choices': [], 'usage': _usage(answered)})}\n\n"
    yield "data: [DONE]\n\n"


def router(gateway: Gateway, models: Callable[[], Sequence[str]], app_only: Callable[..., Any]) -> APIRouter:
    """The routes. ``models`` names what can be asked; ``app_only`` is the dependency that lets applications in."""
    routes = APIRouter(prefix="/v1", dependencies=[Depends(app_only)], tags=["answers"])
    errors = documented(400, 404, 409, 413, 422, 429, 503, 507)

    @routes.post("/chat/completions", responses=errors)
    async def chat(
        asked: ChatRequest, response: Response, x_session_id: Annotated[str | None, Header(max_length=200)] = None
    ) -> Any:
        refuse_unsupported(asked)
        limit = asked.max_completion_tokens or asked.max_tokens
        answered = await _ask(gateway, Asked(asked.model, _messages(asked), x_session_id or asked.user, limit))
        headers = {"X-Strop-Release": answered.interaction.release or ""}
        if asked.stream:
            usage = bool((asked.stream_options or {}).get("include_usage"))
            events = _stream(answered, asked.model, usage=usage)
            return StreamingResponse(events, media_type="text/event-stream", headers=headers)
        response.headers.update(headers)
        message = {"role": "assistant", "content": answered.text, "refusal": None}
        return {
            **_frame(answered, "chat.completion", asked.model),
            "choices": [{**_choice(answered), "message": message}],
            "usage": _usage(answered),
            **_extension(answered),
        }

    @routes.post("/completions", responses=errors)
    async def complete(asked: CompletionRequest, response: Response) -> Any:
        refuse_unsupported(asked)
        if asked.stream:
            raise Refused(400, "streaming is for /v1/chat/completions", param="stream")
        messages = (Message(role="user", content=asked.prompt),)
        answered = await _ask(gateway, Asked(asked.model, messages, asked.user, asked.max_tokens))
        response.headers["X-Strop-Release"] = answered.interaction.release or ""
        return {
            **_frame(answered, "text_completion", asked.model),
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
