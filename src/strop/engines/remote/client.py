"""One server: what it is sent, how long it is waited for, when it is asked again, and what its errors mean.

Only the address that strop.yaml names is asked; redirects are not followed. The key is read from the environment when
it is needed, and neither stored nor shown, also where a server repeats it.
"""

from __future__ import annotations

import ipaddress
import json
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from strop.errors import RemoteError
from strop.records import JSON
from strop.settings import Connection

MOST_BYTES = 32 * 2**20
"""Of one response: a server that sends without end is cut off."""
_BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_TOO_LONG = re.compile(r"context (length|size|window)|\b(greater|larger|longer|more) than\b|\bat most\b")
"""Words with which servers refuse a request for its length: not for one of its fields, and not by their own fault."""
_NO_TEXT = re.compile(r"\bmodel produced output that does not match\b")
"""llama-server's 500 for an answer of its model that is no text (broken characters): asked again, it fails again."""
_LONGEST_WAIT = 60.0
_CONNECT_SECONDS = 10.0


class Client:
    """A connection to one server. Use as a context manager.

    Args:
        connection: address, key's variable, timeout, concurrency, as strop.yaml says.
        attempts: how often a request is sent while the server is busy or away.
        sleep: waits between them (seconds).
    """

    def __init__(
        self, connection: Connection, *, attempts: int = 6, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        assert connection.url is not None
        self.url, self.concurrency = connection.url, connection.concurrency
        self._seconds, self._attempts, self._sleep = connection.timeout_seconds, attempts, sleep
        self._key, self._reached = _key(connection), False
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            timeout=httpx.Timeout(self._seconds, connect=min(_CONNECT_SECONDS, self._seconds)),
            limits=httpx.Limits(max_connections=self.concurrency),
            trust_env=not _is_loopback(self.url),  # a proxy is for what lies beyond this machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def models(self) -> list[str]:
        """The names that the server lists. Raises RemoteError when it lists none."""
        listed = self._answered("GET", "/models", None).get("data")
        names = [one.get("id") for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
        if not names:
            raise self.strange("lists no models")
        return [str(name) for name in names]

    def complete(self, body: Mapping[str, JSON]) -> dict[str, JSON]:
        """One chat completion. Raises RemoteError with place and remedy."""
        return self._answered("POST", "/chat/completions", body)

    def stream(self, body: Mapping[str, JSON]) -> Iterator[dict[str, JSON]]:
        """The chunks of a streamed chat completion, as they come; sent once. Raises RemoteError, also in the middle."""
        address = f"{self.url}/chat/completions"
        with self._errors(), self._http.stream("POST", address, json={**body, "stream": True}) as response:
            if response.status_code != 200:
                raise self._refused(response.status_code, _read(response, self._seconds), body)
            for line in _lines(response):
                data = line.removeprefix(b"data:").strip()
                if data == b"[DONE]":
                    return
                if line.startswith(b"data:") and data:
                    yield self._json(data)

    def strange(self, what: str) -> RemoteError:
        """An error for an answer that is not what an OpenAI-compatible server gives."""
        return RemoteError(
            f"the server {what}", place=self.url, remedy="is it OpenAI-compatible, and does url end in /v1?"
        )

    def _answered(self, method: str, path: str, body: Mapping[str, JSON] | None) -> dict[str, JSON]:
        for attempt in range(1, self._attempts + 1):
            after = None
            try:
                status, after, content = self._once(method, path, body)
                if status == 200:
                    return self._json(content)
                if status not in _BUSY or attempt == self._attempts or _NO_TEXT.search(_message(content)):
                    raise self._refused(status, content, body)
            except RemoteError as error:
                # A server that was never there is no busy one: whoever started this should hear of it at once.
                if error.status < 503 or attempt == self._attempts or not self._reached:
                    raise
            self._sleep(_wait(after, attempt))
        raise AssertionError("the last attempt returns or raises")

    def _once(self, method: str, path: str, body: Mapping[str, JSON] | None) -> tuple[int, str | None, bytes]:
        with self._errors(), self._http.stream(method, f"{self.url}{path}", json=body) as response:
            self._reached = True
            return response.status_code, response.headers.get("Retry-After"), _read(response, self._seconds)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What goes wrong on the way, as errors with a remedy."""
        try:
            yield
        except httpx.TimeoutException:
            raise RemoteError(
                f"the server gave no answer within {self._seconds:g} s", place=self.url,
                remedy="raise timeout_seconds, or see what the server does", status=504,
            ) from None  # fmt: skip
        except httpx.ConnectError as error:
            raise RemoteError(
                f"the server cannot be reached ({self._plain(str(error))})", place=self.url,
                remedy="start it, or correct its url in strop.yaml", status=503,
            ) from None  # fmt: skip
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RemoteError(
                f"the server broke off its answer ({self._plain(str(error)) or type(error).__name__})",
                place=self.url, remedy="see its own log", status=503,
            ) from None  # fmt: skip

    def _refused(self, status: int, content: bytes, body: Mapping[str, JSON] | None) -> RemoteError:
        said = self._plain(_message(content))
        told = f": {said}" if said else ""
        if status in (401, 403):
            message, remedy = f"the server does not accept the key ({status}){told}", "name its variable in key_env"
            remedy = "is the variable of key_env the right one?" if self._key else remedy
        elif status == 404:
            model = body.get("model") if body else None
            message, remedy = f"the server does not know {model or 'this address'}{told}", self._offer()
        elif _NO_TEXT.search(said):
            message, remedy = f"the server could not read what its model wrote ({status}){told}", "ask otherwise"
        elif status in _BUSY:
            message, remedy = (
                f"the server is busy or broken ({status}){told}",
                "try again later; what was answered is kept",
            )
        else:
            message, remedy = f"the server refuses the request ({status}){told}", "see what it wants"
        answer = 503 if status in _BUSY and not _NO_TEXT.search(said) else 502
        if status in (400, 413, 422) and _TOO_LONG.search(said):
            answer, remedy = 400, "ask for less, or let the server hold more"
        return Refusal(message, place=self.url, remedy=remedy, status=answer, said=said)

    def _offer(self) -> str:
        """What the server lists, for one who asked for something else."""
        try:
            listed = json.loads(self._once("GET", "/models", None)[2])["data"]
            names = ", ".join(str(one["id"]) for one in listed[:10])
        except (RemoteError, ValueError, TypeError, KeyError, AttributeError):
            return "does url end in /v1?"
        return f"it has: {self._plain(names)}"

    def _json(self, content: bytes) -> dict[str, JSON]:
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            raise self.strange("does not answer in JSON") from None
        if not isinstance(value, dict):
            raise self.strange("answers in another shape")
        if isinstance(value.get("error"), Mapping):
            raise self.strange(f"reports: {self._plain(str(value['error'].get('message', 'an error')))}")
        return value

    def _plain(self, text: str) -> str:
        """A server's words on one line, without the key."""
        flat = " ".join(text.split())
        if self._key:
            flat = flat.replace(self._key, "[key]")
        return flat[:300]


class Refusal(RemoteError):
    """The server refused a request; ``said`` are its own words."""

    def __init__(self, message: str, *, place: str, remedy: str, status: int, said: str) -> None:
        super().__init__(message, place=place, remedy=remedy, status=status)
        self.said = said

    @property
    def about_length(self) -> bool:
        """Whether the request was too long or asked for too much: its fields are known, one number is too large."""
        return self.status == 400

    @property
    def about_answer(self) -> bool:
        """Whether the model answered, and its answer is no text."""
        return bool(_NO_TEXT.search(self.said))


def _read(response: httpx.Response, seconds: float) -> bytes:
    """The body, up to a size and a time: a server that drips or floods is cut off."""
    content, end = bytearray(), time.monotonic() + seconds
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MOST_BYTES:
            raise httpx.ReadError(f"more than {MOST_BYTES // 2**20} MiB")
        if time.monotonic() > end:
            raise httpx.ReadTimeout("too slow")
    return bytes(content)


def _lines(response: httpx.Response) -> Iterator[bytes]:
    """The lines of a streamed body, up to a size."""
    waiting, size = b"", 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MOST_BYTES:
            raise httpx.ReadError(f"more than {MOST_BYTES // 2**20} MiB")
        *whole, waiting = (waiting + chunk).split(b"\n")
        yield from whole
    yield waiting


def _wait(after: str | None, attempt: int) -> float:
    """Seconds until the next attempt: what the server asks for, else twice as long each time, give or take."""
    if after is not None:
        try:
            asked = float(after) if after.strip().isdigit() else parsedate_to_datetime(after).timestamp() - time.time()
            return min(max(asked, 0.0), _LONGEST_WAIT)
        except (TypeError, ValueError):
            pass
    return min(2.0 ** (attempt - 1), _LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311  (no secret)


def _message(content: bytes) -> str:
    """What an error's body says: OpenAI's shape, FastAPI's, or the beginning of its text."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return content[:200].decode("utf-8", "replace")
    error = value.get("error", value) if isinstance(value, dict) else value
    if isinstance(error, dict):
        return str(error.get("message") or error.get("detail") or "")
    return str(error)


def _key(connection: Connection) -> str | None:
    if connection.key_env is None:
        return None
    key = os.environ.get(connection.key_env, "").strip()
    if not key:
        raise RemoteError(
            f"the environment variable {connection.key_env} is not set", place=str(connection.url),
            remedy=f"export {connection.key_env}=…, or take key_env out of strop.yaml",
        )  # fmt: skip
    return key


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
