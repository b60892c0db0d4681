"""Schemathesis against the OpenAPI document: whatever it makes of it, no 5xx, and answers as the document says."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from strop.project import Project
from strop.web import server

with warnings.catch_warnings():  # of its own dependencies, at import
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import load_all_checks, not_a_server_error
    from schemathesis.specs.openapi import checks as openapi

load_all_checks()
CHECKS: list[Any] = [
    not_a_server_error, openapi.status_code_conformance, openapi.content_type_conformance,
    openapi.response_schema_conformance, openapi.negative_data_rejection,
]  # fmt: skip


@pytest.mark.parametrize("examples", [6, pytest.param(400, marks=pytest.mark.slow)], ids=["a few", "many"])
def test_schemathesis_finds_nothing(promoted: Project, examples: int) -> None:
    app, gateway = server.build(promoted)
    gateway.worker.warm(promoted.candidate().id).result(10)  # /readyz is a rightful 503 before
    document = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"host": "localhost"})
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) >= 9
    for operation in operations:
        for mode in schemathesis.GenerationMode:

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            def holds(case: Any) -> None:
                case.call_and_validate(checks=CHECKS, headers={"host": "localhost"})

            if mode.is_positive or operation.method == "post":
                holds()
    gateway.close()
