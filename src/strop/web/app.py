"""The application: guard, door, pages, and the routers of the API, put together once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from strop import __version__
from strop.errors import StropError
from strop.records import Person
from strop.web import consenting, doubting, refusals, routes
from strop.web.door import Door
from strop.web.guard import Guard
from strop.web.pages import front
from strop.web.pages.desk import Desk, Jobs, Reviews, Watch
from strop.web.render import Frame
from strop.web.routes import Rooms

_HEADINGS = {
    401: "A key is needed", 403: "Not for your role", 404: "Not here", 405: "Not possible here", 409: "Not ready",
    413: "Too long", 422: "This could not be read", 429: "Too many requests", 507: "The disk is full",
}  # fmt: skip


def create_app(
    desk: Desk,
    *,
    secret: bytes,
    people: Callable[[], Sequence[Person]] = tuple,
    reviews: Reviews | None = None,
    watch: Watch | None = None,
    jobs: Jobs | None = None,
    routers: Callable[[Door], Sequence[APIRouter]] = lambda door: (),
    hosts: Collection[str] = (),
) -> FastAPI:
    """The pages of a project, and whatever ``routers`` adds beside them.

    Args:
        desk: the project.
        secret: signs sessions; the project's key.
        people: every person row, newest first. While there are none, whoever reaches this server is the owner: so
            without people it must listen on loopback only.
        reviews: the experts' queue; without it there is no review page.
        watch: what serves; without it there is no serving page.
        jobs: verbs in the background; without it there is no work page.
        routers: the API's routes, made with the door that guards each of them.
        hosts: names under which this server may be asked, beside loopback.
    """
    app = FastAPI(title="strop", version=__version__, docs_url=None, redoc_url=None)
    door = Door(people, secret=secret)
    rooms = Rooms(desk, door, reviews, watch, jobs)
    app.add_middleware(Guard, hosts=hosts)
    for router in routers(door):  # first, since a request looks through the routes in this order
        app.include_router(router)
    app.include_router(routes.static())
    app.include_router(routes.sign_in(rooms))
    app.include_router(routes.project_pages(rooms))
    if watch is not None:
        app.include_router(routes.serving_pages(rooms, watch))
    if reviews is not None:
        app.include_router(routes.review_pages(rooms, reviews))
    if desk.doubts is not None:
        app.include_router(doubting.row_pages(rooms, desk.doubts))
    if desk.consent is not None:
        app.include_router(consenting.pair_pages(rooms, desk.consent))
        app.include_router(consenting.approval_pages(rooms, desk.consent))
    if jobs is not None:
        app.include_router(routes.work_pages(rooms, jobs))
    _answer_errors(app, desk)
    _tell_key(app)
    return app


def _tell_key(app: FastAPI) -> None:
    """The key in the OpenAPI document, for every operation that may ask for it; nobody needs one before the first."""
    made = app.openapi

    def told() -> dict[str, Any]:
        document = made()
        schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes["key"] = {"type": "http", "scheme": "bearer", "description": "strop people add NAME --role ROLE"}
        for operations in document["paths"].values():
            for operation in operations.values():
                if "401" in operation["responses"]:
                    operation["security"] = [{}, {"key": []}]
        return document

    app.openapi = told  # type: ignore[method-assign]


def _answer_errors(app: FastAPI, desk: Desk) -> None:
    """Errors in the language of who asked: a page for a browser on a page's address, JSON for programs."""

    def answer(request: Request, status: int, message: str, remedy: str, as_json: JSONResponse) -> Response:
        if not refusals.wants_page(request.url.path, request.headers):
            return as_json
        if status == 401:
            return RedirectResponse("/login", status_code=303)
        heading = _HEADINGS.get(status, "This did not work")
        frame = Frame(nav=(("/", "Project"),))
        return HTMLResponse(front.message(desk.name, heading, message, remedy, frame=frame), status_code=status)

    @app.exception_handler(StropError)
    def known(request: Request, error: StropError) -> Response:
        return answer(request, refusals.status_of(error), error.message, error.remedy, refusals.answer(request, error))

    @app.exception_handler(HTTPException)
    def of_http(request: Request, error: HTTPException) -> Response:
        body = refusals.body(str(error.detail), error.status_code)
        as_json = JSONResponse(body, status_code=error.status_code, headers=error.headers)
        return answer(request, error.status_code, str(error.detail), "", as_json)

    @app.exception_handler(RequestValidationError)
    def unread(request: Request, error: RequestValidationError) -> Response:
        message, remedy, place = refusals.unread(error, request.headers.get("content-type", ""))
        told = message + (f" ({remedy})" if remedy else "")
        as_json = JSONResponse(refusals.body(told, 422, param=place or None), status_code=422)
        return answer(request, 422, message, remedy, as_json)
