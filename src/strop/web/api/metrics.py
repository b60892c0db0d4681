"""``/metrics`` in Prometheus form: counts of this process since it started, and what serves now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from strop.records import Interaction, Judgement, Release
from strop.serve import Worker
from strop.web.refusals import documented

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The counters of one server. Labels come from closed sets and our own ids, never from what a client sent."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answered = self._counter("strop_requests", "Answers that were completed.", "candidate", "arm")
        self._tokens = self._counter("strop_generation_tokens", "Tokens that were answered.", "candidate")
        self._abstained = self._counter("strop_abstained", "Answers left to a person.", "candidate")
        self._refused = self._counter("strop_refused", "Requests turned away, by status.", "status")
        self._feedback = self._counter("strop_feedback", "Judgements taken in.", "kind")
        self._latency = Histogram(
            "strop_e2e_request_latency_seconds", "From the request to the completed answer.", ["candidate", "arm"],
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._waiting = Gauge("strop_num_requests_waiting", "Requests in the queue.", registry=self.registry)
        self._serves = Gauge(
            "strop_release_info", "The share of each candidate.", ["alias", "release", "candidate"],
            registry=self.registry,
        )  # fmt: skip

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def answered(self, interaction: Interaction) -> None:
        """An answer was completed."""
        self._answered.labels(interaction.candidate, interaction.arm).inc()
        self._tokens.labels(interaction.candidate).inc(interaction.tokens or 0)
        if interaction.ended is not None:
            seconds = dt.datetime.fromisoformat(interaction.ended) - dt.datetime.fromisoformat(interaction.created)
            self._latency.labels(interaction.candidate, interaction.arm).observe(seconds.total_seconds())
        if interaction.abstain:
            self._abstained.labels(interaction.candidate).inc()

    def refused(self, status: int) -> None:
        """A request was answered with an error."""
        self._refused.labels(str(status)).inc()

    def judged(self, judgement: Judgement) -> None:
        """Feedback was stored."""
        self._feedback.labels(judgement.kind).inc()

    def text(self, worker: Worker, serving: Sequence[Release]) -> bytes:
        """All of it, as Prometheus reads it."""
        self._waiting.set(worker.waiting)
        self._serves.clear()
        for release in serving:
            if release.candidate is not None:
                self._serves.labels(release.alias, release.id, release.candidate).set(1 - release.traffic)
            if release.canary is not None:
                self._serves.labels(release.alias, release.id, release.canary).set(release.traffic)
        return generate_latest(self.registry)


_TEXT = {"schema": {"type": "string"}}


def metric_routes(
    metrics: Metrics, worker: Worker, serving: Callable[[], Sequence[Release]], allowed: Callable[..., Any]
) -> APIRouter:
    """``GET /metrics``."""
    routes = APIRouter(tags=["metrics"], dependencies=[Depends(allowed)])

    told = {200: {"description": "Counts, as Prometheus reads them.", "content": {"text/plain": _TEXT}}, **documented()}

    @routes.get("/metrics", response_class=Response, responses=told)
    def read() -> Response:
        return Response(metrics.text(worker, serving()), media_type=CONTENT_TYPE_LATEST)

    return routes
