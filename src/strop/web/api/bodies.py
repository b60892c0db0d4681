"""What an OpenAI-compatible request may hold, told exactly: what the OpenAPI document allows is what is taken.

What would change the answer and is not supported is refused (400); what is harmless is accepted.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from strop.records import Message
from strop.web.refusals import Refused

LONGEST = 4096
"""Most tokens that one answer may have."""
_Schema = dict[str, Any]

# Values under which a field changes nothing: greedy, one answer, no penalties, no tools.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "temperature": (0, None), "top_p": (1, None), "n": (1, None), "best_of": (1, None), "stop": (None, []),
    "frequency_penalty": (0, None), "presence_penalty": (0, None), "logit_bias": (None, {}), "logprobs": (None, False),
    "top_logprobs": (None, 0), "tools": (None, []), "tool_choice": (None, "none", "auto"), "functions": (None, []),
    "function_call": (None, "none", "auto"), "response_format": (None, {"type": "text"}), "suffix": (None, ""),
    "echo": (None, False), "modalities": (None, ["text"]), "audio": (None,), "prediction": (None,),
    "web_search_options": (None,), "moderation": (None,),
}  # fmt: skip
_HARMLESS = (
    "store", "metadata", "seed", "service_tier", "parallel_tool_calls", "safety_identifier", "prompt_cache_key",
    "prompt_cache_options", "prompt_cache_retention", "reasoning_effort", "verbosity",
)  # fmt: skip
# The same of a turn: clients send an assistant's turn back as they got it, with all its fields.
_NEUTRAL_TURN: dict[str, tuple[Any, ...]] = {
    "tool_calls": (None, []), "function_call": (None,), "audio": (None,), "refusal": (None, ""),
}  # fmt: skip
_TELLS = ("system", "developer")
_ASKS = ("user", "tool")


def _tell_all(schema: _Schema) -> None:
    """Every field that is taken, and that no other is."""
    told: _Schema = {name: {"enum": list(values)} for name, values in _NEUTRAL.items()}
    schema["properties"] |= told | {name: {"description": "Changes nothing."} for name in _HARMLESS}
    schema["additionalProperties"] = False


def _tell_turn(schema: _Schema) -> None:
    """What a turn may hold beside its text, and that the rest of it is not looked at."""
    schema["properties"] |= {name: {"enum": list(values)} for name, values in _NEUTRAL_TURN.items()}


def _tell_question(schema: _Schema) -> None:
    """That somebody must have asked something."""
    text: _Schema = {"type": "string", "minLength": 1}
    part = {"type": "object", "properties": {"text": text}, "required": ["text"]}
    content: _Schema = {"anyOf": [text, {"type": "array", "contains": part}]}
    asks = {"role": {"enum": list(_ASKS)}, "content": content}
    schema["contains"] = {"type": "object", "properties": asks, "required": ["role", "content"]}


def _number(value: object) -> object:
    """Raise ValueError for what is no number in JSON and would be taken for one."""
    if isinstance(value, (str, bool)):
        raise ValueError("must be a number")
    return value


Tokens = Annotated[int, Field(ge=1, le=LONGEST), BeforeValidator(_number)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow")


class ContentPart(_Part):
    """A part of a message; text only."""

    type: Literal["text"]
    text: str


class ChatMessage(_Part):
    """One turn."""

    model_config = ConfigDict(json_schema_extra=_tell_turn)

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = None

    def text(self) -> str:
        """The turn's text."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class _Common(BaseModel):
    model_config = ConfigDict(extra="allow", json_schema_extra=_tell_all)

    model: str = Field(min_length=1, max_length=200, description="an alias, a release, a candidate or a base")
    stream: Annotated[bool, Field(strict=True)] | None = None
    stream_options: dict[str, Any] | None = None
    max_tokens: Tokens | None = None
    user: str | None = Field(default=None, max_length=512, description="whose request it is: the session")


class ChatRequest(_Common):
    """A chat request."""

    messages: list[ChatMessage] = Field(min_length=1, max_length=200, json_schema_extra=_tell_question)
    max_completion_tokens: Tokens | None = None


class CompletionRequest(_Common):
    """A plain completion request; the prompt is one user turn."""

    prompt: (
        Annotated[str, Field(min_length=1)]
        | Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=1)]
    )


def refuse_unsupported(asked: ChatRequest | CompletionRequest) -> None:
    """Raise Refused for the first field that would change the answer and cannot be honoured."""
    for name, value in (asked.model_extra or {}).items():
        if name in _HARMLESS or any(_same(value, neutral) for neutral in _NEUTRAL.get(name, ())):
            continue
        if name in _NEUTRAL:
            neutral = json.dumps(_NEUTRAL[name][0])
            raise Refused(400, f"{name} is not supported: answers are greedy and plain text", param=name,
                          code="unsupported_value", remedy=f"leave it out, or send {neutral}")  # fmt: skip
        raise Refused(400, f"unknown field {name[:80]!r}", param=name[:80], code="unknown_parameter")


def _same(value: Any, neutral: Any) -> bool:
    """Equal as JSON, where ``false`` is not 0."""
    return bool(value == neutral) and isinstance(value, bool) == isinstance(neutral, bool)


def messages_of(asked: ChatRequest) -> tuple[Message, ...]:
    """The turns as a model is shown them. Raises Refused where nobody asked anything."""
    if not any(message.text() for message in asked.messages if message.role in _ASKS):
        raise Refused(400, "no message of the user's holds any text", param="messages")
    for number, message in enumerate(asked.messages):
        for name, neutrals in _NEUTRAL_TURN.items():
            if not any(_same((message.model_extra or {}).get(name), neutral) for neutral in neutrals):
                raise Refused(400, f"{name} of message {number + 1} is not supported: turns are plain text",
                              param=f"messages.{number}.{name}", code="unsupported_value",
                              remedy="say it in the turn's content, or leave the turn out")  # fmt: skip
    # A model is shown one system text, the first: further ones are joined to it, so that none is lost.
    told = [message.text() for message in asked.messages if message.role in _TELLS]
    system = [Message(role="system", content="\n\n".join(told))] if told else []
    said: list[Message] = []
    for message in asked.messages:
        if message.role == "user" or message.role == "assistant" or message.role == "tool":
            said.append(Message(role=message.role, content=message.text()))
    return (*system, *said)


def prompt_of(asked: CompletionRequest) -> tuple[Message, ...]:
    """The prompt as a chat."""
    prompt = asked.prompt if isinstance(asked.prompt, str) else asked.prompt[0]
    return (Message(role="user", content=prompt),)
