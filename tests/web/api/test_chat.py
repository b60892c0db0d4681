"""OpenAI-compatible answers: what is accepted, what is refused and how, and what a client does that leaves."""

from __future__ import annotations

import asyncio
import json
from typing import Any, get_type_hints

import httpx
import openai
import pytest
from fastapi.testclient import TestClient
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming as ChatFields
from openai.types.completion_create_params import CompletionCreateParamsStreaming as CompletionFields
from tests.web.own_loop import run_alone

from strop.project import Project
from strop.records import Interaction
from strop.web import server

PATH = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "type: mug\nmaterial: clay\nwrite to jane.doe@acme-corp.example"}]


def body(**more: Any) -> dict[str, Any]:
    return {"model": "descriptions", "messages": MESSAGES, **more}


def error_of(response: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["message"]
    return error


def test_an_answer_is_shaped_as_clients_expect(client: TestClient, promoted: Project) -> None:
    found = client.post(PATH, json=body())
    shown = found.json()
    assert found.status_code == 200 and shown["object"] == "chat.completion"
    assert shown["choices"][0]["finish_reason"] == "stop" and "clay" in shown["choices"][0]["message"]["content"]
    usage = shown["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] and usage["prompt_tokens"] > 3
    stored = promoted.store.get(shown["id"], Interaction)
    assert stored.complete and stored.release == found.headers["x-strop-release"]


@pytest.mark.parametrize(
    "harmless",
    [
        {"user": "u1", "store": True, "metadata": {"a": "b"}, "seed": 7},
        {"temperature": 0, "top_p": 1, "n": 1, "stop": None, "tools": [], "response_format": {"type": "text"}},
        {"max_tokens": 5}, {"max_completion_tokens": 5, "stream_options": None},
        {"messages": [{"role": "developer", "content": "short"}, *MESSAGES]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "type: mug"}]}]},
        {"messages": [*MESSAGES, {"role": "assistant", "content": "A mug."}, {"role": "user", "content": "shorter"}]},
        {"messages": [*MESSAGES, {"role": "system", "content": "Be short."}]},
        {"messages": [*MESSAGES, {"role": "assistant", "content": "A"}]},
        {"messages": [*MESSAGES, {"role": "assistant", "content": "A", "refusal": None, "tool_calls": []}]},
        {"stream": None, "user": None, "function_call": "auto", "prompt_cache_retention": "24h"},
    ],
)  # fmt: skip
def test_harmless_fields_are_accepted(client: TestClient, harmless: dict[str, Any]) -> None:
    assert client.post(PATH, json=body(**harmless)).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0.7), ("top_p", 0.5), ("n", 2), ("stop", ["\n"]), ("logprobs", True), ("top_logprobs", 3),
        ("tools", [{"type": "function"}]), ("response_format", {"type": "json_object"}), ("logit_bias", {"1": 5}),
        ("frequency_penalty", 1), ("presence_penalty", -1), ("tool_choice", "required"), ("modalities", ["audio"]),
        ("guided_json", {}), ("no_such_field", None), ("temperature", False), ("n", True),
    ],
)  # fmt: skip
def test_what_would_change_the_answer_and_is_not_supported_is_refused(
    client: TestClient, promoted: Project, name: str, value: Any
) -> None:
    found = client.post(PATH, json=body(**{name: value}))
    assert found.status_code == 400 and error_of(found)["param"] == name
    assert promoted.store.all(Interaction) == []


@pytest.mark.parametrize(
    ("path", "fields"), [(PATH, ChatFields), ("/v1/completions", CompletionFields)], ids=["chat", "completions"]
)
def test_every_field_that_the_openai_package_knows_may_be_null(client: TestClient, path: str, fields: type) -> None:
    """Clients write out what was not set. Only what a request is about must be there."""
    asked = {"model": "descriptions", **({"messages": MESSAGES} if path == PATH else {"prompt": "type: mug"})}
    names = [name for name in get_type_hints(fields) if name not in asked]
    assert len(names) > 12
    found = client.post(path, json={**dict.fromkeys(names), **asked})
    assert found.status_code == 200, found.text


@pytest.mark.parametrize(
    "turn",
    [
        {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": ""}}]},
        {"content": "A", "function_call": {"name": "f", "arguments": "{}"}}, {"content": "", "refusal": "No."},
        {"content": None, "audio": {"id": "audio_1"}},
    ],
)  # fmt: skip
def test_a_turn_that_would_be_read_without_half_of_it_is_refused(client: TestClient, turn: dict[str, Any]) -> None:
    found = client.post(PATH, json=body(messages=[*MESSAGES, {"role": "assistant", **turn}, *MESSAGES]))
    assert found.status_code == 400 and error_of(found)["param"] == f"messages.1.{list(turn)[-1]}"


@pytest.mark.parametrize(
    ("raw", "kind", "told"),
    [
        (b'{"model": "descriptions"}', "application/x-www-form-urlencoded", "Content-Type: application/json"),
        (b'{"model": "descriptions"}', None, "Content-Type: application/json"),
        (b"{", "application/json", "no JSON"), (b"[]", "application/json", "no JSON object"),
        (b"", "application/json", "no JSON object"),
    ],
)  # fmt: skip
def test_a_body_that_is_not_read_says_why(client: TestClient, raw: bytes, kind: str | None, told: str) -> None:
    found = client.post(PATH, content=raw, headers={"content-type": kind} if kind else {})
    assert found.status_code == 422 and told in error_of(found)["message"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (body(model="nope"), 404), (body(model=""), 422), (body(model="a\x00b"), 404), (body(model=7), 422),
        (body(messages=[]), 422), (body(messages="hello"), 422), (body(messages=None), 422),
        (body(messages=[{"role": "user"}]), 400), (body(messages=[{"role": "user", "content": ""}]), 400),
        (body(messages=[{"role": "assistant", "content": "x"}]), 400), (body(messages=[{"role": "x"}]), 422),
        (body(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]), 422),
        (body(max_tokens=0), 422), (body(max_tokens=10**9), 422), (body(max_tokens="5"), 422),
        (body(max_tokens=True), 422), (body(stream="true"), 422), (body(stream=1), 422), (body(stream_options=3), 422),
        ([], 422), (None, 422), ("text", 422),
    ],
)  # fmt: skip
def test_wrong_requests_are_told_so(client: TestClient, promoted: Project, sent: Any, status: int) -> None:
    found = client.post(PATH, json=sent)
    assert found.status_code == status
    error_of(found)
    assert promoted.store.all(Interaction) == []


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff\xfe", b'{"model": NaN}', b"[" * 100_000, b'{"model":"\\ud800","messages":[]}',
     b'{"model":"descriptions","messages":[{"role":"user","content":"\\ud800"}]}', b"1" * 5_000],
)  # fmt: skip
def test_what_is_no_request_at_all_is_told_so(client: TestClient, raw: bytes) -> None:
    found = client.post(PATH, content=raw, headers={"content-type": "application/json"})
    assert 400 <= found.status_code < 500
    error_of(found)


def test_an_unknown_model_has_the_code_that_clients_look_for(client: TestClient) -> None:
    error = error_of(client.post(PATH, json=body(model="gpt-4")))
    assert (error["code"], error["param"], error["type"]) == ("model_not_found", "model", "not_found_error")
    assert client.get("/v1/models/gpt-4").status_code == 404


@pytest.mark.parametrize("chunked", [False, True])
def test_two_megabytes_are_too_large(client: TestClient, promoted: Project, chunked: bool) -> None:
    raw = json.dumps(body(messages=[{"role": "user", "content": "x" * 2_000_000}])).encode()
    content: Any = (raw[start : start + 65_536] for start in range(0, len(raw), 65_536)) if chunked else raw
    found = client.post(PATH, content=content, headers={"content-type": "application/json"})
    assert found.status_code == 413
    error_of(found)
    assert promoted.store.all(Interaction) == []


def test_a_stream_gives_the_same_text_in_pieces(client: TestClient) -> None:
    whole = client.post(PATH, json=body()).json()["choices"][0]["message"]["content"]
    found = client.post(PATH, json=body(stream=True, stream_options={"include_usage": True}))
    assert found.headers["content-type"].startswith("text/event-stream")
    *events, end = [line.removeprefix("data: ") for line in found.text.split("\n\n") if line]
    assert end == "[DONE]"
    parts = [json.loads(event) for event in events]
    assert len({part["id"] for part in parts}) == 1
    assert "".join(part["choices"][0]["delta"].get("content", "") for part in parts[:-1]) == whole
    assert parts[-2]["choices"][0]["finish_reason"] == "stop" and parts[-1]["usage"]["prompt_tokens"] > 0


def test_several_system_texts_are_all_read(client: TestClient, promoted: Project) -> None:
    told = [{"role": "system", "content": "one"}, {"role": "developer", "content": "two"}]
    made = client.post(PATH, json=body(messages=[*told, *MESSAGES])).json()["id"]
    assert promoted.store.get(made, Interaction).messages[0].content == "one\n\ntwo"


def test_plain_completions(client: TestClient) -> None:
    sent = {"model": "descriptions", "prompt": "type: mug\nmaterial: clay"}
    found = client.post("/v1/completions", json=sent)
    assert found.status_code == 200 and found.json()["object"] == "text_completion"
    whole = found.json()["choices"][0]["text"]
    listed = client.post("/v1/completions", json={**sent, "prompt": [sent["prompt"]]}).json()
    assert listed["choices"][0]["text"] == whole
    assert client.post("/v1/completions", json={**sent, "prompt": ["one", "two"]}).status_code == 422
    streamed = client.post("/v1/completions", json={**sent, "stream": True}).text
    *events, end = [line.removeprefix("data: ") for line in streamed.split("\n\n") if line]
    assert end == "[DONE]" and "".join(json.loads(event)["choices"][0]["text"] for event in events) == whole


def test_every_answer_has_the_request_id(client: TestClient) -> None:
    assert client.get("/v1/models", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    strange = client.get("/v1/models", headers={"X-Request-Id": "a b\x7f<script>"}).headers["x-request-id"]
    assert strange.startswith("req_")


class _Transport(httpx.BaseTransport):
    """The openai client speaks httpx; this hands its requests to the application in this process."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        found = self._client.request(
            request.method, request.url.raw_path.decode(), content=request.read(), headers=dict(request.headers)
        )
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)


def test_the_openai_package_works_unchanged(client: TestClient) -> None:
    with openai.OpenAI(
        base_url="http://localhost/v1", api_key="none", max_retries=0,
        http_client=httpx.Client(transport=_Transport(client)),
    ) as unmodified:  # fmt: skip
        assert next(model.id for model in unmodified.models.list()) == "descriptions"
        made = unmodified.chat.completions.create(model="descriptions", messages=MESSAGES)  # type: ignore[call-overload]
        assert made.id.startswith("int_") and "clay" in made.choices[0].message.content
        stream = unmodified.chat.completions.create(model="descriptions", messages=MESSAGES, stream=True)  # type: ignore[call-overload]
        assert "".join(part.choices[0].delta.content or "" for part in stream) == made.choices[0].message.content
        with pytest.raises(openai.NotFoundError, match="no model is called"):
            unmodified.chat.completions.create(model="gpt-4", messages=MESSAGES)  # type: ignore[call-overload]
        with pytest.raises(openai.BadRequestError, match="temperature"):
            unmodified.chat.completions.create(model="descriptions", messages=MESSAGES, temperature=0.7)  # type: ignore[call-overload]


def test_a_client_that_leaves_does_not_stop_the_answer_from_being_stored(promoted: Project) -> None:
    """The application is asked by hand: the request is there, then its task is cancelled, as a server does."""
    app, gateway = server.build(promoted)
    raw = json.dumps(body()).encode()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": PATH,
        "raw_path": PATH.encode(), "query_string": b"", "root_path": "", "scheme": "http", "client": ("127.0.0.1", 1),
        "server": ("localhost", 80), "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    }  # fmt: skip

    async def leave() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        begin = promoted.store.journal.begin

        def noted(interaction: Interaction) -> None:
            begin(interaction)
            loop.call_soon_threadsafe(begun.set)

        promoted.store.journal.begin = noted  # type: ignore[method-assign]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Any) -> None:
            raise AssertionError("nobody is there")

        task = asyncio.ensure_future(app(scope, receive, send))  # type: ignore[arg-type]
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_alone(leave())
    gateway.close()
    assert [one.complete for one in promoted.store.all(Interaction)] == [True]
