"""Schemathesis against the OpenAPI document: whatever it makes of it, no 5xx, and answers as the document says."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
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
    openapi.response_schema_conformance, openapi.negative_data_rejection, openapi.positive_data_acceptance,
]  # fmt: skip


def known_to(document: dict[str, Any], project: Project) -> dict[str, Any]:
    """The document with names that exist, so that what is generated is answered and not just unknown (404)."""
    schemas = document["components"]["schemas"]
    alias = {"const": project.settings.task.name}
    for name in ("ChatRequest", "CompletionRequest"):
        schemas[name]["properties"]["model"] = alias
    gateway = project.gateway()
    from strop.records import Message
    from strop.serve import Asked

    answered = gateway.answer(Asked(project.settings.task.name, (Message(role="user", content="type: mug"),)))
    gateway.close()
    schemas["FeedbackBody"]["properties"]["interaction_id"] = {"const": answered.interaction.id}
    next(one for one in document["paths"]["/v1/models/{name}"]["get"]["parameters"])["schema"] = alias
    return document


@pytest.mark.parametrize("known", [False, True], ids=["any names", "known names"])
@pytest.mark.parametrize("examples", [6, pytest.param(150, marks=pytest.mark.slow)], ids=["a few", "many"])
def test_schemathesis_finds_nothing(promoted: Project, examples: int, known: bool) -> None:
    app, gateway = server.build(promoted)
    gateway.worker.warm(promoted.candidate().id).result(10)  # /readyz is a rightful 503 before
    for operation in operations_of(app, known_to(app.openapi(), promoted) if known else app.openapi()):
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


def test_the_document_says_where_a_key_is_needed(promoted: Project) -> None:
    """By trying each operation without one, once there is one."""
    promoted.add_person("me", "owner")
    app, gateway = server.build(promoted)
    document = app.openapi()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    client = TestClient(app, base_url="http://localhost")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            found = client.request(method, path.replace("{name}", "descriptions"))
            told = operation["responses"].get(str(found.status_code), {}).get("content", {})
            assert found.headers["content-type"].split(";")[0] in told, f"{method} {path}: {found.status_code} {told}"
            refused = found.status_code == 401
            assert (operation.get("security") == [{}, {"key": []}]) == refused, f"{method} {path}"
    gateway.close()


def operations_of(app: FastAPI, document: dict[str, Any]) -> list[Any]:
    """Every operation of a document, asked of the application in this process."""
    app.openapi = lambda: document  # type: ignore[method-assign]
    read = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"host": "localhost"})
    operations = [found.ok() for found in read.get_all_operations()]
    assert len(operations) >= 9
    return operations
