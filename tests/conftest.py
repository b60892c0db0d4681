"""What all tests share: no project or cache of the user is touched."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from strop import demo, loop
from strop.cli.running import run
from strop.engines.remote import Client
from strop.project import Project, open_project
from strop.settings import Connection

TESTS = Path(__file__).parent
SHARED = TESTS.parent.parent / "shared" / "data"
# The same examples each time, and no clock: what a property test finds, it finds on every machine.
hypothesis.settings.register_profile("strop", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("strop")
WHOLE = (
    "browser", "cli", "curate/finding/test_doubts", "demo", "engines/torch", "evaluate/sandbox",
    "evaluate/kinds/test_code", "feedback", "lineage", "loop", "monitor/test_looking", "project", "recipes",
    "serve", "slow", "store/test_crashes", "studies", "test_jobs", "web",
)  # fmt: skip
"""Where tests walk whole projects, or train: minutes. ``make test`` runs them, ``make check`` does not."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even read what the marks leave out: importing it takes longer than the quick tests."""
    left_out = "not whole" in config.getoption("markexpr")
    return True if left_out and _where(collection_path).startswith(WHOLE) else None


def _where(path: Path) -> str:
    return path.relative_to(TESTS).as_posix() if path.is_relative_to(TESTS) else ""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in :data:`WHOLE`."""
    for item in items:
        if _where(item.path).startswith(WHOLE):
            item.add_marker(pytest.mark.whole)


class Ran:
    """What one command printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@pytest.fixture(scope="session", autouse=True)
def _key_of_all_projects() -> Iterator[None]:
    """With CI=1 every project of this process gets the same key, so the same splits and orders each time.

    What hangs on chance is found on people's machines, where keys are drawn, as are property tests' examples.
    """
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("CI"):
            patch.setattr("strop.store.key.urandom", lambda size: bytes(range(size)))
        yield


@pytest.fixture
def strop(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command in this process: ``strop("--project", folder, "curate")``."""

    def call(*arguments: object) -> Ran:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return call


@pytest.fixture
def fake_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty model cache: only the shipped fake base is at hand."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("STROP_CACHE", str(folder))
    return folder


@pytest.fixture
def shared() -> Path:
    """The folder of public data sets beside the checkout; skips visibly when it is not there."""
    if not SHARED.is_dir():
        pytest.skip("the public data sets are not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def _decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's first turn on the fake engine, once a session; never opened but by those who copy it."""
    folder = tmp_path_factory.mktemp("decided")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STROP_CACHE", str(folder / "cache"))
        demo.write_project_data(folder / "demo")
        # The fake base knows no language: what it could forget is chance.
        settings = demo.settings("fake-small") + "decision: {guard: {general_ability: null}}\n"
        (folder / "demo" / "strop.yaml").write_text(settings, "utf-8")
        opened = open_project(folder / "demo")
        assert loop.turn(opened).decision.verdict == "promote"
        opened.store.close()
    return folder / "demo"


@pytest.fixture
def decided(_decided: Path, tmp_path: Path, fake_cache: Path) -> Iterator[Project]:
    """A project of one's own, whose pick was decided on (promote) and does not serve yet."""
    shutil.copytree(_decided, tmp_path / "demo")
    opened = open_project(tmp_path / "demo")
    yield opened
    opened.store.close()


@pytest.fixture
def promoted(decided: Project) -> Project:
    """As ``decided``, and its pick serves."""
    decided.promote()
    return decided


@contextlib.contextmanager
def no_space(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size`` bytes: the system then answers as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def without_privileges() -> None:
    """In a child before it starts: permissions hold for the superuser, too (Linux; elsewhere nothing happens)."""
    if os.geteuid() == 0 and sys.platform == "linux":
        bounding_set_drop, dac_override, dac_read_search = 24, 1, 2
        for capability in (dac_override, dac_read_search):
            ctypes.CDLL(None).prctl(bounding_set_drop, capability, 0, 0, 0)


@pytest.fixture
def full_disk(promoted: Project) -> contextlib.AbstractContextManager[None]:
    """While entered, the database of ``promoted`` can grow by a little only."""
    state = promoted.folder / ".strop"
    return no_space(
        max((state / name).stat().st_size for name in ("strop.db", "strop.db-wal") if (state / name).exists())
    )


def said(text: str, *, finish: str = "stop", usage: tuple[int, int] | None = (100, 10), **more: Any) -> dict[str, Any]:
    """A chat completion that says ``text``."""
    counted = {"prompt_tokens": usage[0], "completion_tokens": usage[1]} if usage else None
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish, **more}
    return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": counted}


class LittleServer:
    """A little OpenAI-compatible server that does what a test tells it to: answer, refuse, hang, break off.

    ``answer(body)`` returns a JSON value, or (status, headers, bytes or an iterator of them). ``asked``: every body, in
    order of arrival.
    """

    def __init__(self) -> None:
        self.answer: Callable[[dict[str, Any]], Any] = lambda body: said("hello")
        self.names = ["model-a", "model-b"]
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.over = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=lambda: self._http.serve_forever(0.02), daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()

    def hang(self, body: dict[str, Any]) -> Any:
        """Says nothing until the test is over."""
        self.over.wait(30)
        return said("too late")

    def client(self, **connection: Any) -> Client:
        """A client that waits for nothing."""
        return Client(Connection(url=self.url, **connection), sleep=lambda seconds: None)

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._send({"data": [{"id": name} for name in server.names]} if self.path == "/v1/models" else 404)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append(body)
                server.headers.append(dict(self.headers))
                self._send(server.answer(body) if self.path == "/v1/chat/completions" else 404)

            def _send(self, answer: Any) -> None:
                status, headers, content = 200, {}, b""
                if isinstance(answer, int):
                    status, content = answer, b"{}"
                elif isinstance(answer, tuple):
                    status, headers, content = answer
                else:
                    content = json.dumps(answer).encode()
                self.send_response(status)
                length = (
                    {"Connection": "close"} if isinstance(content, Iterator) else {"Content-Length": str(len(content))}
                )
                for name, value in {**length, **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if isinstance(content, Iterator):
                    for part in content:
                        self.wfile.write(part)
                        self.wfile.flush()
                    self.close_connection = True
                    return
                self.wfile.write(content)
                if int(headers.get("Content-Length", len(content))) > len(content):
                    self.close_connection = True  # broken off

        return Handler


@pytest.fixture
def server() -> Iterator[LittleServer]:
    """The server; ``server.answer`` is what it does."""
    found = LittleServer()
    yield found
    found.close()


@pytest.fixture
def say() -> Callable[..., dict[str, Any]]:
    """``say(text)``: a chat completion."""
    return said
