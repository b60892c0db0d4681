"""Which address shows which page, to whom. Every page has a twin with `.json` behind its address."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from strop.errors import InputError, UnknownRecord
from strop.records import JSON, Judgement, Record
from strop.web import report, words
from strop.web.door import COOKIE, HOME, LOCAL, SESSION_SECONDS, Caller, Door
from strop.web.pages import front, review, serving, work
from strop.web.pages.desk import Desk, Jobs, Reviews, Watch
from strop.web.refusals import Refused
from strop.web.render import Frame

STATIC = {
    "strop.css": "text/css; charset=utf-8",
    "work.js": "text/javascript; charset=utf-8",
    "pairs.js": "text/javascript; charset=utf-8",
    "review.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
MOST_BYTES = 200_000
"""Of a form: a correction and a comment of full length, percent-encoded in part."""
RECORDS = "/records/"

AnyIdentity = Annotated[str | None, Query(pattern=r"^[a-z]+_[0-9A-Za-z-]{1,60}$")]
Identity = Annotated[str, Path(pattern=r"^[a-z]+_[0-9A-Za-z_.-]{1,80}$", max_length=100)]


@dataclass(frozen=True)
class Rooms:
    """What the pages draw on. Pages of a part that is not there do not exist."""

    desk: Desk
    door: Door
    reviews: Reviews | None = None
    watch: Watch | None = None
    jobs: Jobs | None = None

    def frame(self, caller: Caller | None, here: str = "") -> Frame:
        """The page's surroundings: only the addresses that the caller may use, and has a use for."""
        nav: list[tuple[str, str]] = []
        if caller and caller.role in ("owner", "auditor"):
            nav = [("/", "Project"), ("/decision", "Decision")]
            nav += [("/serving", "Serving")] if self.watch else []
            nav += [("/work", "Work")] if self.jobs else []
        if caller and caller.role in ("owner", "expert") and self.reviews:
            nav.append(("/review", "Review"))
        if caller and caller.role in ("owner", "expert") and self.desk.doubts:
            nav.append(("/rows", "Rows"))
        asked = self.desk.consent
        if caller and caller.role in ("owner", "expert", "auditor") and asked:
            # An expert is shown what they are asked for, and else no page but their own.
            expert = caller.role == "expert"
            if caller.role != "auditor" and (not expert or here == "/pairs" or asked.pairs(caller.name)):
                nav.append(("/pairs", "Blind pairs"))
            if not expert or here == "/approve" or asked.approvals(caller.name, caller.role):
                nav.append(("/approve", "Approve"))
        records = RECORDS if caller and caller.role in ("owner", "auditor") else ""
        name = caller.name if caller and caller is not LOCAL else ""
        return Frame(records=records, nav=tuple(nav) or (("/login", "Sign in"),), here=here, caller=name)


def static() -> APIRouter:
    """The style sheet and the script, by name; nothing is joined into a path."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/static/{name}")
    def file(name: str) -> Response:
        if name not in STATIC:
            raise UnknownRecord("no such file")
        body = resources.files("strop.web").joinpath("static", name).read_bytes()
        return Response(body, media_type=STATIC[name], headers={"Cache-Control": "no-cache"})

    return routes


def sign_in(rooms: Rooms) -> APIRouter:
    """A key for a session: the only page that asks for none."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    def ask() -> HTMLResponse:
        return HTMLResponse(front.login(rooms.desk.name, wrong=False, frame=rooms.frame(None, "/login")))

    @routes.post("/login")
    async def enter(request: Request) -> Response:
        fields = await read_fields(request)
        try:
            token, caller = rooms.door.open_session(fields.get("key", [""])[0])
        except Refused:
            page = front.login(rooms.desk.name, wrong=True, frame=rooms.frame(None, "/login"))
            return HTMLResponse(page, status_code=401)
        answer = RedirectResponse(HOME[caller.role], status_code=303)
        secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, token, max_age=SESSION_SECONDS, httponly=True, samesite="strict", secure=secure, path="/"
        )
        return answer

    @routes.post("/logout")
    def leave() -> Response:
        answer = RedirectResponse("/login", status_code=303)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    return routes


async def read_fields(request: Request) -> dict[str, list[str]]:
    """A form's fields. Raises Refused for another content type, or more than MOST_BYTES."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(415, "send a form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Refused(413, "this is too long", remedy=f"at most {MOST_BYTES:,} bytes")
    try:
        return parse_qs(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError as error:
        raise Refused(400, "the form could not be read") from error


def project_pages(rooms: Rooms) -> APIRouter:
    """Project, decision, and every record: for the owner and the auditor."""
    routes = APIRouter(include_in_schema=False)
    desk = rooms.desk
    reader = Depends(rooms.door.allow("owner", "auditor"))
    # The first page sends an expert on to the only page that they have.
    anyone = Depends(rooms.door.allow("owner", "auditor", "expert"))

    def newest() -> list[Record]:
        return [record for kind in front.KINDS if (record := desk.latest(kind)) is not None]

    def decision() -> Record:
        found = desk.latest("decision")
        if found is None:
            raise UnknownRecord("nothing was decided yet", remedy="strop decide")
        return found

    def html(record: Record, caller: Caller, here: str = "") -> HTMLResponse:
        return HTMLResponse(report.page(record, desk.context(record), frame=rooms.frame(caller, here)))

    def as_json(record: Record) -> dict[str, JSON]:
        return {"kind": type(record).__name__.lower(), "record": record.to_json()}

    @routes.get("/project.json")
    def project_twin(caller: Caller = reader) -> dict[str, JSON]:
        return front.twin(desk.questions(), newest())

    @routes.get("/")
    def project(caller: Caller = anyone) -> Response:
        if caller.role not in ("owner", "auditor"):
            return RedirectResponse(HOME[caller.role], status_code=303)
        return HTMLResponse(front.page(desk.name, desk.questions(), newest(), frame=rooms.frame(caller, "/")))

    @routes.get("/decision.json")
    def decision_twin(caller: Caller = reader) -> dict[str, JSON]:
        return as_json(decision())

    @routes.get("/decision")
    def decision_page(caller: Caller = reader) -> HTMLResponse:
        return html(decision(), caller, "/decision")

    @routes.get(RECORDS + "{identity}.json")
    def record_twin(identity: Identity, caller: Caller = reader) -> dict[str, JSON]:
        return as_json(desk.record(identity))

    @routes.get(RECORDS + "{identity}")
    def record_page(identity: Identity, caller: Caller = reader) -> HTMLResponse:
        return html(desk.record(identity), caller)

    return routes


def serving_pages(rooms: Rooms, watch: Watch) -> APIRouter:
    """The health of what serves: for the owner and the auditor."""
    routes = APIRouter(include_in_schema=False)
    reader = Depends(rooms.door.allow("owner", "auditor"))

    @routes.get("/serving.json")
    def twin(caller: Caller = reader) -> dict[str, JSON]:
        return serving.twin(watch.releases(), watch.health())

    @routes.get("/serving")
    def page(caller: Caller = reader) -> HTMLResponse:
        frame = rooms.frame(caller, "/serving")
        found = serving.page(rooms.desk.name, watch.releases(), watch.health(), watch.findings(), frame=frame)
        return HTMLResponse(found)

    return routes


def work_pages(rooms: Rooms, jobs: Jobs) -> APIRouter:
    """Verbs in the background: the owner starts and cancels, the auditor looks on."""
    routes = APIRouter(include_in_schema=False)
    reader = Depends(rooms.door.allow("owner", "auditor"))
    owner = Depends(rooms.door.allow("owner"))

    @routes.get("/work.json")
    def twin(caller: Caller = reader) -> dict[str, JSON]:
        return work.twin(jobs.every())

    @routes.get("/work")
    def page(caller: Caller = reader) -> HTMLResponse:
        frame = rooms.frame(caller, "/work")
        found = work.page(rooms.desk.name, jobs.every(), may_start=caller.role == "owner", frame=frame)
        return HTMLResponse(found)

    @routes.post("/work")
    async def act(request: Request, caller: Caller = owner) -> Response:
        fields = await read_fields(request)
        acts = {"start": jobs.start, "cancel": jobs.cancel, "resume": jobs.resume}
        asked = [(acts[name], values[0]) for name, values in fields.items() if name in acts and values]
        if len(asked) != 1:
            raise Refused(400, "say one thing: start, cancel or resume")
        do, subject = asked[0]
        if do == jobs.start and subject not in work.VERBS:
            raise Refused(400, "this is not started from here", remedy=f"one of {', '.join(work.VERBS)}")
        await run_in_threadpool(do, subject)
        return RedirectResponse("/work", status_code=303)

    return routes


def review_pages(rooms: Rooms, reviews: Reviews) -> APIRouter:
    """The queue: for experts, and for the owner."""
    routes = APIRouter(include_in_schema=False)
    judge = Depends(rooms.door.allow("owner", "expert"))

    def look(caller: Caller, again: str | None = None) -> review.Shown:
        waiting, judged = reviews.waiting(caller.name), reviews.judged_by(caller.name)
        item = reviews.interaction(again) if again else waiting[0] if waiting else None
        last = None
        # What was judged last may have been forgotten since.
        with contextlib.suppress(UnknownRecord):
            if judged:
                last = review.Last(judged[0], review.tracked(reviews.interaction(judged[0].subject), judged[0]))
        said = reviews.said([item.id]).get(item.id, ()) if item else ()
        return review.Shown(item, said, again is not None, len(waiting), len(judged), last)

    def show(caller: Caller, shown: review.Shown, draft: review.Draft) -> HTMLResponse:
        frame, labels = rooms.frame(caller, "/review"), rooms.desk.labels
        page = review.page(rooms.desk.name, shown, labels=labels, draft=draft, frame=frame)
        return HTMLResponse(page, status_code=422 if draft.problem else 200)

    def save(reviewed: review.Reviewed, caller: Caller) -> Judgement:
        return _save(reviews, reviewed, by=caller.name, labels=rooms.desk.labels)

    @routes.get("/review.json")
    def twin(caller: Caller = judge) -> dict[str, JSON]:
        return review.twin(look(caller))

    @routes.post("/review.json", status_code=201)
    def send(reviewed: review.Reviewed, caller: Caller = judge) -> dict[str, JSON]:
        return save(reviewed, caller).to_json()

    @routes.get("/review")
    def page(caller: Caller = judge, again: AnyIdentity = None, use: AnyIdentity = None) -> HTMLResponse:
        shown = look(caller, again)
        return show(caller, shown, review.taken(shown.said, use) if use else review.Draft())

    @routes.post("/review")
    async def submit(request: Request, caller: Caller = judge) -> Response:
        fields = await read_fields(request)

        def work() -> Response:
            try:
                save(review.read_form(fields), caller)
            except InputError as error:
                problem = f"{error.message}. {error.remedy}".rstrip()
                return show(caller, look(caller), review.draft_of(fields, words.first_upper(problem)))
            return RedirectResponse("/review", status_code=303)

        return await run_in_threadpool(work)

    return routes


def _save(reviews: Reviews, reviewed: review.Reviewed, *, by: str, labels: Sequence[str]) -> Judgement:
    """Store a review; judging an item again names the judgement that it replaces."""
    interaction = reviews.interaction(reviewed.subject)
    earlier = reviews.earlier(by, interaction.id)
    edits = earlier.id if earlier and earlier.key != reviewed.key else None
    return reviews.add(review.judgement(reviewed, interaction, by=by, labels=labels, edits=edits))
