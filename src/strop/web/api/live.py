"""Feedback and health."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from strop.feedback import LONGEST, NAME
from strop.project import Project
from strop.records import Judgement, Release
from strop.serve import Worker
from strop.web.door import Caller
from strop.web.refusals import documented

TRY_AGAIN = 30.0
"""Seconds after which a model that was refused is opened once more."""
LONG = 2_000
"""Characters of a text that is masked in a thread of its own."""
Key = Annotated[str | None, Header(max_length=200)]


_YES_NO = {"type": "boolean"}
_SAYS: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (  # kinds, and the values that fit them
    ({"const": "rating"}, {"anyOf": [{"type": "number", "minimum": -1, "maximum": 1}, _YES_NO]}),
    ({"enum": ["comment", "correction"]}, {"type": "string", "pattern": r"\S", "maxLength": LONGEST}),
    ({"const": "preference"}, {"enum": ["a", "b", "tie"]}),
    (
        {"type": "string", "pattern": f"^outcome:{NAME}$"},
        {"anyOf": [{"type": "number", "minimum": -1e12, "maximum": 1e12}, _YES_NO]},
    ),
)


class FeedbackBody(BaseModel):
    """One piece of feedback."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"anyOf": [{"properties": {"kind": kind, "value": value}} for kind, value in _SAYS]},
    )

    interaction_id: str = Field(pattern=r"^int_[0-9a-f-]{36}$")
    kind: str = Field(min_length=1, max_length=100, examples=["rating", "correction", "outcome:resolved"])
    value: str | float | bool | None = Field(description="a number, true or false, or a text, as the kind wants it")
    comment: str = Field(default="", max_length=LONGEST)


class FeedbackTaken(BaseModel):
    """What became of it."""

    id: str
    interaction_id: str
    kind: str
    new: bool


def feedback_routes(
    project: Project, allowed: Callable[..., Any], *, heard: Callable[[Judgement], None] = lambda judgement: None
) -> APIRouter:
    """``POST /v1/feedback``: stored durably before it is acknowledged, once per Idempotency-Key."""
    routes = APIRouter(prefix="/v1", tags=["feedback"])
    sender = Depends(allowed)
    known: dict[int | str, dict[str, Any]] = {
        200: {"description": "Known already: nothing was stored.", "model": FeedbackTaken},
        201: {"description": "Stored durably.", "model": FeedbackTaken},
    }

    @routes.post("/feedback", status_code=201, responses={**known, **documented(400, 404, 408, 409, 413, 422, 507)})
    async def give(body: FeedbackBody, caller: Caller = sender, idempotency_key: Key = None) -> Response:
        def start() -> Future[tuple[Judgement, bool]]:
            return project.feedback_later(body.model_dump(), by=caller.name, key=idempotency_key)

        # A thread costs more than it saves, unless there is much text to look through for personal data.
        long = len(body.comment) + (len(body.value) if isinstance(body.value, str) else 0) > LONG
        started = await run_in_threadpool(start) if long else start()
        made, new = await asyncio.shield(asyncio.wrap_future(started))
        if new:
            heard(made)
        taken = {"id": made.id, "interaction_id": made.subject, "kind": made.kind, "new": new}
        return JSONResponse(taken, status_code=201 if new else 200)

    return routes


class Readiness:
    """Ready when what serves is in memory, having passed the checks of its opening. Asking opens what is not."""

    def __init__(self, worker: Worker, serving: Callable[[], Sequence[Release]]) -> None:
        self._worker, self._serving = worker, serving
        self._tried: dict[str, tuple[float, Future[Any]]] = {}

    def problems(self) -> list[str]:
        """Why it is not ready; empty when it is."""
        if self._worker.stopping:
            return ["the server is stopping"]
        wanted = [
            (candidate, candidate == release.canary)
            for release in self._serving() for candidate in (release.candidate, release.canary) if candidate is not None
        ]  # fmt: skip
        found = [] if wanted else ["nothing serves yet"]
        for candidate, share in wanted:
            if self._worker.is_open(candidate):
                continue
            refusal = self._worker.refusal(candidate)
            found.append(f"{candidate}: {refusal or 'is being opened'}")
            when, last = self._tried.get(candidate, (0.0, None))
            if last is None or (last.done() and (refusal is None or time.monotonic() - when > TRY_AGAIN)):
                self._tried[candidate] = (time.monotonic(), self._worker.warm(candidate, share=share))
        return found


def health_routes(worker: Worker, ready: Readiness) -> APIRouter:
    """``/livez``, ``/readyz``, ``/health``: open to all, and saying nothing that is not for all."""
    routes = APIRouter(tags=["health"])
    told = {"application/json": {"schema": {"type": "object"}}}
    states: dict[int | str, dict[str, Any]] = {
        503: {"description": "Not ready: loading, stopping, or refused.", "content": told}
    }

    @routes.get("/livez", response_class=PlainTextResponse)
    def alive() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @routes.get("/readyz", responses=states)
    def is_ready() -> JSONResponse:
        yes = not ready.problems()
        return JSONResponse({"ready": yes}, status_code=200 if yes else 503)

    @routes.get("/health", responses=states)
    def health() -> JSONResponse:
        yes = not ready.problems()
        body = {"status": "ok" if yes else "not ready", "waiting": worker.waiting}
        return JSONResponse(body, status_code=200 if yes else 503)

    return routes
