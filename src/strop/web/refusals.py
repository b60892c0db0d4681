"""Errors in OpenAI's shape, with the status that fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from strop.errors import (
    CheckFailed,
    InputError,
    KeyReused,
    NotReady,
    RemoteError,
    StorageError,
    StropError,
    UnknownRecord,
    UserError,
)
from strop.serve import Draining, Overloaded, UnknownModel


class ErrorDetail(BaseModel):
    """What went wrong, and what to do."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """An error as OpenAI's clients read it."""

    error: ErrorDetail


_MEANING = {
    400: "Not supported.", 401: "A key is needed.", 403: "Not for this role.", 404: "Not here.",
    408: "The request came too slowly.",
    409: "Not ready, or an idempotency key with something else.", 413: "Too large.",
    421: "Not asked under that name.", 422: "Could not be read.", 429: "Too many requests; see Retry-After.",
    502: "The server that runs the model refuses.", 503: "Stopping, or the model was refused or is away.",
    504: "The server that runs the model gave no answer in time.", 507: "The disk is full.",
}  # fmt: skip


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These errors for the OpenAPI document of a route; a door's and a guard's stand on every route that has them."""
    return {status: {"model": ErrorBody, "description": _MEANING[status]} for status in (401, 403, 421, *statuses)}


class Refused(UserError):
    """A request that this server refuses, with its HTTP status."""

    def __init__(
        self, status: int, message: str, *, code: str = "", param: str | None = None, remedy: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status, self.code, self.param = status, code, param


def status_of(error: StropError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, (Refused, RemoteError)):
        return error.status
    table: tuple[tuple[type[StropError], int], ...] = (
        (Overloaded, 429), (Draining, 503), (UnknownRecord, 404), (StorageError, 507), (NotReady, 409),
        (KeyReused, 409), (InputError, 422), (UserError, 400), (CheckFailed, 503),
    )  # fmt: skip
    return next((status for kind, status in table if isinstance(error, kind)), 500)


def unread(error: RequestValidationError, content_type: str) -> tuple[str, str, str]:
    """What a request that could not be read is told: what is wrong, what to do, and at which field."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return f"the body is no JSON ({first['ctx']['error']}, at character {first['loc'][-1]})", "", ""
    place = ".".join(str(part) for part in first["loc"][1:])
    if place or first["loc"][0] != "body":
        return f"{place}: {first['msg']}", "", place
    # What curl and forms send by themselves is not read as JSON: a page of another site may send those, too.
    typed = content_type.partition(";")[0].strip().lower()
    is_json = typed == "application/json" or (typed.startswith("application/") and typed.endswith("+json"))
    remedy = "" if is_json else "send it with the header Content-Type: application/json"
    return "the body is no JSON object", remedy, ""


def wants_page(path: str, headers: Mapping[str, str]) -> bool:
    """Whether who asks is a browser at a page's address, and not a program."""
    return not path.endswith(".json") and not path.startswith("/v1/") and "text/html" in headers.get("accept", "")


def body(message: str, status: int, *, code: str = "", param: str | None = None) -> dict[str, object]:
    """OpenAI's error object."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code or None}}


def answer(request: Request, error: Exception) -> JSONResponse:
    """The response to a StropError; the place and the remedy are in the message."""
    if not isinstance(error, StropError):
        raise error
    status = status_of(error)
    message = error.message + (f" ({error.remedy})" if error.remedy else "")
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Overloaded) else {}
    if status == 503:
        headers["Retry-After"] = "5"
    code, param = (error.code, error.param) if isinstance(error, Refused) else ("", None)
    if isinstance(error, UnknownModel):
        code, param = "model_not_found", "model"
    return JSONResponse(body(message, status, code=code, param=param), status_code=status, headers=headers)
