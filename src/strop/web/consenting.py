"""Addresses of what people are asked before a candidate goes live: `/pairs` and `/approve`, each with its twin."""

from __future__ import annotations

from typing import TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from strop.records import JSON, Record
from strop.web.door import Caller
from strop.web.pages import consent
from strop.web.pages.desk import Consent
from strop.web.refusals import Refused
from strop.web.routes import Rooms, read_fields

R = TypeVar("R", bound=Record)


def pair_pages(rooms: Rooms, asked: Consent) -> APIRouter:
    """Blind pairs: for experts, and for the owner."""
    routes = APIRouter(include_in_schema=False)
    judge = Depends(rooms.door.allow("owner", "expert"))

    @routes.get("/pairs.json")
    def twin(caller: Caller = judge) -> dict[str, JSON]:
        return consent.pairs_twin(asked.pairs(caller.name), asked.judged(caller.name))

    @routes.post("/pairs.json", status_code=201)
    def send(said: consent.Preferred, caller: Caller = judge) -> dict[str, JSON]:
        return asked.prefer(said.pair, said.preferred, by=caller.name, seconds=said.seconds).to_json()

    @routes.get("/pairs")
    def page(caller: Caller = judge) -> HTMLResponse:
        waiting, judged = asked.pairs(caller.name), asked.judged(caller.name)
        frame = rooms.frame(caller, "/pairs")
        return HTMLResponse(consent.pairs_page(rooms.desk.name, waiting, judged, frame=frame))

    @routes.post("/pairs")
    async def submit(request: Request, caller: Caller = judge) -> Response:
        said = _checked(consent.Preferred, consent.read_preferred(await read_fields(request)))
        await run_in_threadpool(asked.prefer, said.pair, said.preferred, by=caller.name, seconds=said.seconds)
        return RedirectResponse("/pairs", status_code=303)

    return routes


def approval_pages(rooms: Rooms, asked: Consent) -> APIRouter:
    """A yes or no by name: for everybody whose name or role a protocol may ask for."""
    routes = APIRouter(include_in_schema=False)
    person = Depends(rooms.door.allow("owner", "expert", "auditor"))

    def keep(said: consent.Approved, caller: Caller) -> dict[str, JSON]:
        made = asked.approve(
            said.candidate, by=caller.name, role=caller.role, approved=said.approved, comment=said.comment
        )
        return made.to_json()

    @routes.get("/approve.json")
    def twin(caller: Caller = person) -> dict[str, JSON]:
        return consent.approvals_twin(asked.approvals(caller.name, caller.role))

    @routes.post("/approve.json", status_code=201)
    def send(said: consent.Approved, caller: Caller = person) -> dict[str, JSON]:
        return keep(said, caller)

    @routes.get("/approve")
    def page(caller: Caller = person) -> HTMLResponse:
        waiting = asked.approvals(caller.name, caller.role)
        return HTMLResponse(consent.approvals_page(rooms.desk.name, waiting, frame=rooms.frame(caller, "/approve")))

    @routes.post("/approve")
    async def submit(request: Request, caller: Caller = person) -> Response:
        said = _checked(consent.Approved, consent.read_approved(await read_fields(request)))
        await run_in_threadpool(keep, said, caller)
        return RedirectResponse("/approve", status_code=303)

    return routes


def _checked(form: type[R], body: dict[str, JSON]) -> R:
    """A form as what it should hold. Raises Refused for one that holds something else."""
    try:
        return form.model_validate(body)
    except ValidationError as error:
        raise Refused(
            422, f"{error.errors()[0]['loc'][0]}: this was not understood", remedy="reload the page"
        ) from None
