"""What LiteLLM's client makes of a served project, as one JSON object: ``litellm_client.py URL KEY``."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import litellm
import openai

litellm.suppress_debug_info = True
litellm.telemetry = False
URL, KEY = sys.argv[1:]
QUESTION = [{"role": "user", "content": "type: mug\nmaterial: clay"}]
COMMON: dict[str, Any] = {"api_base": URL, "api_key": KEY, "num_retries": 0, "max_retries": 0}


def ask(**more: Any) -> Any:
    return litellm.completion(**{"model": "openai/descriptions", "messages": QUESTION, **COMMON, **more})


def text(found: Any) -> str:
    return str(found.choices[0].message.content)


def refused(**more: Any) -> list[Any]:
    try:
        ask(**more)
    except openai.APIError as error:  # which all of LiteLLM's errors are
        return [type(error).__name__, getattr(error, "status_code", None)]
    return ["no error"]


async def later() -> str:
    return text(await litellm.acompletion(model="openai/descriptions", messages=QUESTION, **COMMON))


def main() -> None:
    plain = ask()
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    fields = ask(
        user="u1", metadata={"a": "b"}, n=1, max_tokens=200, temperature=0, top_p=1, seed=7, timeout=30,
        response_format={"type": "text"}, frequency_penalty=0, presence_penalty=0, stop=None, logit_bias={},
    )  # fmt: skip
    parts = ask(messages=[{"role": "user", "content": [{"type": "text", "text": QUESTION[0]["content"]}]}])
    rest = litellm.text_completion(model="text-completion-openai/descriptions", prompt="type: mug", **COMMON)
    found = {
        "id": plain.id, "plain": text(plain), "usage": plain.usage.prompt_tokens,
        "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
        "stream_usage": next((c.usage.prompt_tokens for c in reversed(chunks) if getattr(c, "usage", None)), None),
        "fields": text(fields), "parts": text(parts), "text": rest.choices[0].text, "async": asyncio.run(later()),
        "errors": {
            "wrong key": refused(api_key="strop_wrong"), "unknown model": refused(model="openai/gpt-4"),
            "temperature": refused(temperature=0.7), "n": refused(n=2),
            "too long": refused(messages=[{"role": "user", "content": "x" * 1_100_000}]),
        },
    }  # fmt: skip
    print(json.dumps(found))


main()
