"""Feedback and health."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from strop.project import Project
from strop.records import Judgement, Release
from strop.serve import Worker
from strop.web.api.errors import documented
from strop.web.door import Caller

TRY_AGAIN = 30.0
"""Seconds after which a model that was refused is opened once more."""
Key = Annotated[str | None, Header(max_length=200)]


class FeedbackBody(BaseModel):
    """One piece of feedback."""

    model_config = ConfigDict(extra="forbid")

    interaction_id: str = Field(pattern=r"^int_[0-9a-f-]{36}$")
    kind: str = Field(min_length=1, max_length=100, examples=["rating", "correction", "outcome:resolved"])
    value: str | float | bool | None = Field(description="a number, true or false, or a text, as the kind wants it")
    comment: str = Field(default="", max_length=20_000)


def feedback_routes(
    project: Project, allowed: Callable[..., Caller], *, heard: Callable[[Judgement], None] = lambda judgement: None
) -> APIRouter:
    """``POST /v1/feedback``: stored durably before it is acknowledged, once per Idempotency-Key."""
    routes = APIRouter(prefix="/v1", tags=["feedback"])
    sender = Depends(allowed)

    known: dict[int | str, dict[str, Any]] = {200: {"description": "Known already: nothing was stored."}}

    @routes.post("/feedback", status_code=201, responses={**known, **documented(400, 404, 409, 413, 422, 507)})
    def give(
        body: FeedbackBody, response: Response, caller: Caller = sender, idempotency_key: Key = None
    ) -> dict[str, Any]:
        made, new = project.feedback(body.model_dump(), by=caller.name, key=idempotency_key)
        if new:
            heard(made)
        else:
            response.status_code = 200
        return {"id": made.id, "interaction_id": made.subject, "kind": made.kind, "new": new}

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
        wanted = [c for r in self._serving() for c in (r.candidate, r.canary) if c is not None]
        found = [] if wanted else ["nothing serves yet"]
        for candidate in wanted:
            if self._worker.is_open(candidate):
                continue
            refusal = self._worker.refusal(candidate)
            found.append(f"{candidate}: {refusal or 'is being opened'}")
            when, last = self._tried.get(candidate, (0.0, None))
            if last is None or (last.done() and (refusal is None or time.monotonic() - when > TRY_AGAIN)):
                self._tried[candidate] = (time.monotonic(), self._worker.warm(candidate))
        return found


def health_routes(worker: Worker, ready: Readiness) -> APIRouter:
    """``/livez``, ``/readyz``, ``/health``: open to all, and saying nothing that is not for all."""
    routes = APIRouter(tags=["health"])
    states: dict[int | str, dict[str, Any]] = {503: {"description": "Not ready: loading, stopping, or refused."}}

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
