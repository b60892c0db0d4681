"""Feedback, health and metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from strop.project import Project
from strop.records import JSON, Interaction, Judgement
from strop.serve import Worker
from strop.web.door import Caller


class FeedbackBody(BaseModel):
    """One piece of feedback."""

    model_config = ConfigDict(extra="forbid")

    interaction_id: str = Field(pattern=r"^int_[0-9a-f-]{36}$")
    kind: str = Field(min_length=1, max_length=100)
    value: JSON
    comment: str = Field(default="", max_length=20_000)


def feedback_routes(project: Project, allowed: Callable[..., Caller]) -> APIRouter:
    """``POST /v1/feedback``: stored durably before it is acknowledged, once per Idempotency-Key."""
    routes = APIRouter(prefix="/v1", tags=["feedback"])

    @routes.post("/feedback", status_code=201)
    def give(
        body: FeedbackBody,
        response: Response,
        caller: Annotated[Caller, Depends(allowed)],
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> dict[str, Any]:
        made, new = project.feedback(body.model_dump(), by=caller.name, key=idempotency_key)
        if not new:
            response.status_code = 200
        return {"id": made.id, "interaction_id": made.subject, "kind": made.kind, "new": new}

    return routes


def health_routes(project: Project, worker: Worker, ready: Callable[[], bool]) -> APIRouter:
    """``/livez``, ``/readyz``, ``/health``: open to all, and saying nothing that is not for all."""
    routes = APIRouter(tags=["health"])

    @routes.get("/livez")
    def alive() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @routes.get("/readyz")
    def is_ready() -> JSONResponse:
        yes = ready()
        return JSONResponse({"ready": yes}, status_code=200 if yes else 503)

    @routes.get("/health")
    def health() -> JSONResponse:
        yes = ready()
        body = {"status": "ok" if yes else "not ready", "waiting": worker.waiting}
        return JSONResponse(body, status_code=200 if yes else 503)

    return routes


def metric_routes(project: Project, worker: Worker, allowed: Callable[..., Caller]) -> APIRouter:
    """``/metrics`` in Prometheus form, counted from what is stored, so that a restart forgets nothing."""
    routes = APIRouter(tags=["metrics"])

    @routes.get("/metrics")
    def metrics(caller: Annotated[Caller, Depends(allowed)]) -> Response:
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

        registry = CollectorRegistry()
        requests = Counter("strop_requests", "Requests.", ["arm", "state"], registry=registry)
        seconds = Counter("strop_request_seconds", "Seconds of answering.", ["arm"], registry=registry)
        for interaction in project.store.all(Interaction):
            requests.labels(interaction.arm, "complete" if interaction.complete else "incomplete").inc()
            seconds.labels(interaction.arm).inc(interaction.seconds or 0.0)
        feedback = Counter("strop_feedback", "Feedback.", ["kind"], registry=registry)
        for judgement in project.store.all(Judgement):
            feedback.labels(judgement.kind).inc()
        Gauge("strop_num_requests_waiting", "Requests in the queue.", registry=registry).set(worker.waiting)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes
