"""Addresses of the rows in doubt: `/rows` and its twin, for experts and for the owner."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from strop.errors import InputError, UnknownRecord
from strop.project.rows.doubtful import DoubtfulRow
from strop.records import JSON, Judgement
from strop.web import words
from strop.web.door import Caller
from strop.web.pages import rows
from strop.web.pages.desk import Doubts
from strop.web.routes import Rooms, read_fields

RowIdentity = Annotated[str | None, Query(pattern=r"^ex_[0-9A-Za-z]{1,60}$")]


def row_pages(rooms: Rooms, doubts: Doubts) -> APIRouter:
    """Rows whose fault only a person can confirm; the owner also ends disputes."""
    routes = APIRouter(include_in_schema=False)
    judge = Depends(rooms.door.allow("owner", "expert"))

    def look(caller: Caller, again: str | None = None) -> rows.Shown:
        own, nobody, waiting = doubts.judged_by(caller.name), "", list[DoubtfulRow]()
        try:
            waiting = list(doubts.waiting(caller.name))
        except InputError as error:
            nobody = words.first_upper(f"{error.message} ({error.remedy}).")
        if caller.role == "owner":
            waiting += doubts.disputed()
        if again:
            waiting.insert(0, doubts.row(again))
        return rows.Shown(waiting, len(own), own[0] if own and not again else None, doubts.guidelines(), nobody)

    def keep(said: rows.Said, caller: Caller) -> Judgement:
        row = next((one for one in look(caller).waiting if one.id == said.subject), None)
        if row is None:
            row = doubts.row(said.subject)
            if said.subject not in {one.subject for one in doubts.judged_by(caller.name)}:
                raise UnknownRecord("this row does not wait for you", remedy="reload the page")
        told = rows.value(said, row, doubts.guidelines())
        return doubts.say(row.id, told, by=caller.name, key=said.key, seconds=said.seconds)

    def show(caller: Caller, shown: rows.Shown, sent: dict[str, JSON], problem: str) -> HTMLResponse:
        frame = rooms.frame(caller, "/rows")
        page = rows.page(rooms.desk.name, shown, labels=rooms.desk.labels, sent=sent, problem=problem, frame=frame)
        return HTMLResponse(page, status_code=422 if problem else 200)

    @routes.get("/rows.json")
    def twin(caller: Caller = judge) -> dict[str, JSON]:
        return rows.twin(look(caller))

    @routes.post("/rows.json", status_code=201)
    def send(said: rows.Said, caller: Caller = judge) -> dict[str, JSON]:
        return keep(said, caller).to_json()

    @routes.get("/rows")
    def page(caller: Caller = judge, again: RowIdentity = None) -> HTMLResponse:
        return show(caller, look(caller, again), {}, "")

    @routes.post("/rows")
    async def submit(request: Request, caller: Caller = judge) -> Response:
        sent = rows.read_form(await read_fields(request))

        def work() -> Response:
            try:
                keep(rows.Said.model_validate(sent), caller)
            except ValidationError:
                return show(caller, look(caller), sent, "The form could not be read; reload the page.")
            except InputError as error:
                again = str(sent["subject"])
                return show(caller, look(caller, again), sent, words.first_upper(f"{error.message}. {error.remedy}"))
            return RedirectResponse("/rows", status_code=303)

        return await run_in_threadpool(work)

    return routes
