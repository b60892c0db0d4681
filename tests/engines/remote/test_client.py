"""What goes wrong with somebody else's server is an error with place and remedy, never a traceback or a secret."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from strop.engines.remote import Client
from strop.engines.remote.client import Refusal
from strop.errors import RemoteError, UserError
from strop.settings import Connection

BODY = {"model": "model-c", "messages": [{"role": "user", "content": "hi"}]}
VLLM_TOO_LONG = (
    b'{"error":{"message":"This model\'s maximum context length is 8192 tokens. However, your prompt contains at least '
    b"8193 input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the "
    b'input prompt. (parameter=input_tokens, value=8193)","type":"BadRequestError","param":"input_tokens","code":400}}'
)
"""As vLLM 0.32 sent it."""
LLAMA_NO_TEXT = (
    b'{"error":{"code":500,"message":"The model produced output that does not match the expected peg-native format",'
    b'"type":"server_error"}}'
)
LLAMA_TOO_LONG = (
    b'{"error":{"code":400,"message":"request (54023 tokens) exceeds the available context size (4096 tokens), try '
    b'increasing it","type":"exceed_context_size_error","n_prompt_tokens":54023,"n_ctx":4096}}'
)
"""As llama-server of August 2026 sent them."""
Say = Callable[..., dict[str, Any]]


def error(body: str) -> bytes:
    return ('{"error": {"message": "' + body + '"}}').encode()


@pytest.mark.parametrize(
    ("answer", "message", "remedy", "status"),
    [
        ((200, {}, b"<html>hello</html>"), "does not answer in JSON", "end in /v1", 502),
        ((200, {}, b'["a"]'), "answers in another shape", "end in /v1", 502),
        ((200, {}, b"[" * 100_000), "does not answer in JSON", "end in /v1", 502),
        ((200, {}, error("out of memory")), "reports: out of memory", "", 502),
        ((401, {}, error("bad key")), "does not accept the key (401): bad key", "key_env", 502),
        ((404, {}, error("no such model")), "does not know model-c: no such model", "it has: model-a, model-b", 502),
        ((400, {}, b'{"detail": "n is too large"}'), "refuses the request (400): n is too large", "", 502),
        ((400, {}, VLLM_TOO_LONG), "maximum context length is 8192", "let the server hold more", 400),
        ((400, {}, LLAMA_TOO_LONG), "exceeds the available context size", "let the server hold more", 400),
        ((500, {}, LLAMA_NO_TEXT), "could not read what its model wrote (500)", "ask otherwise", 502),
        ((500, {}, b"Internal Server Error"), "busy or broken (500): Internal Server Error", "later", 503),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "refuses the request (302)", "", 502),
        ((200, {"Content-Length": "9999"}, b'{"choices"'), "broke off its answer", "log", 503),
    ],
)
def test_what_goes_wrong_is_told_with_a_remedy(
    server: Any, answer: Any, message: str, remedy: str, status: int
) -> None:
    server.answer = lambda body: answer
    with server.client() as client, pytest.raises(RemoteError) as caught:
        client.complete(BODY)
    assert message in caught.value.message
    assert remedy in caught.value.remedy
    assert (caught.value.place, caught.value.status) == (server.url, status)
    assert isinstance(caught.value, UserError)


def test_nobody_there_is_told_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    waits: list[float] = []
    with (
        Client(Connection(url=url), sleep=waits.append) as client,
        pytest.raises(RemoteError, match="cannot be reached"),
    ):
        client.complete(BODY)
    assert waits == []


def test_a_server_that_hangs_is_left(server: Any) -> None:
    server.answer = server.hang
    connection = Connection(url=server.url, timeout_seconds=0.05)
    with (
        Client(connection, attempts=1) as client,
        pytest.raises(RemoteError, match=r"no answer within 0\.05 s") as told,
    ):
        client.complete(BODY)
    assert told.value.status == 504


def test_a_busy_server_is_asked_again_when_it_says(server: Any, say: Say) -> None:
    busy = [(429, {"Retry-After": "7"}, b""), (503, {}, b""), (429, {"Retry-After": "nonsense"}, b"")]
    server.answer = lambda body: busy.pop(0) if busy else say("at last")
    waits: list[float] = []
    with Client(Connection(url=server.url), sleep=waits.append) as client:
        assert client.complete(BODY)["choices"][0]["message"]["content"] == "at last"
    assert waits[0] == 7.0 and 1.0 <= waits[1] <= 2.0 and 2.0 <= waits[2] <= 4.0
    assert len(server.asked) == 4


def test_a_server_that_stays_busy_is_given_up(server: Any) -> None:
    server.answer = lambda body: (429, {"Retry-After": "999999"}, error("slow down"))
    waits: list[float] = []
    client = Client(Connection(url=server.url), attempts=3, sleep=waits.append)
    with client, pytest.raises(Refusal, match="slow down"):
        client.complete(BODY)
    assert waits == [60.0, 60.0]


def test_an_answer_without_end_is_cut_off(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strop.engines.remote.client.MOST_BYTES", 1000)
    server.answer = lambda body: (200, {}, b" " * 5000)
    with server.client() as client, pytest.raises(RemoteError, match="broke off"):
        client.complete(BODY)


def test_the_key_is_sent_and_never_shown(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "sk-SECRET-123")
    server.answer = lambda body: (401, {}, error("Incorrect API key provided: sk-SECRET-123"))
    with server.client(key_env="SHOP_KEY") as client, pytest.raises(RemoteError) as caught:
        client.complete(BODY)
    assert server.headers[0]["Authorization"] == "Bearer sk-SECRET-123"
    assert "SECRET" not in str(caught.value) and "[key]" in str(caught.value)
    assert "SECRET" not in repr(caught.value.__cause__) + repr(vars(caught.value))


def test_a_key_that_is_not_set_is_told_before_anything_is_asked(server: Any) -> None:
    with pytest.raises(RemoteError, match="NO_SUCH_KEY is not set"):
        server.client(key_env="NO_SUCH_KEY")
    assert server.asked == []


def test_models_are_listed(server: Any) -> None:
    with server.client() as client:
        assert client.models() == ["model-a", "model-b"]
        server.names = []
        with pytest.raises(RemoteError, match="lists no models"):
            client.models()


def test_a_stream_comes_in_pieces_and_its_end_is_noticed(server: Any) -> None:
    chunks = b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n: comment\n\ndata: {"choices": []}\r\n\r\n'
    server.answer = lambda body: (200, {"Content-Type": "text/event-stream"}, chunks + b"data: [DONE]\n\n")
    with server.client() as client:
        assert [len(chunk["choices"]) for chunk in client.stream(BODY)] == [1, 0]
    assert server.asked[0]["stream"] is True


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((500, {}, error("worker died")), "worker died"),
        ((200, {}, b"data: nonsense\n\n"), "does not answer in JSON"),
        ((200, {}, b'data: {"error": {"message": "lost"}}\n\n'), "reports: lost"),
        ((200, {"Content-Length": "9999"}, b'data: {"choices": []}\n\n'), "broke off"),
    ],
)
def test_a_stream_that_fails_is_told(server: Any, answer: Any, message: str) -> None:
    server.answer = lambda body: answer
    with server.client() as client, pytest.raises(RemoteError, match=message):
        list(client.stream(BODY))
