"""The served pages in a real browser: the expert's page by keyboard alone, enlarged, on a phone, without script."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import samples
import uvicorn
from desks import SampleConsent, SampleDesk, SampleJobs, interaction, people
from doubted import doubted
from test_report import HOSTILE

from strop.records import Progress
from strop.web.app import create_app
from strop.web.pages.desk import ProjectDoubts

pytestmark = pytest.mark.browser


class Served:
    """A running server on a free port of loopback."""

    def __init__(self, app: Any) -> None:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait."""
        self._server.should_exit = True
        self._thread.join(timeout=10)


@pytest.fixture
def desk() -> SampleDesk:
    return SampleDesk()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Start a server on a desk; it stops after the tabs have closed."""
    running: list[Served] = []

    def call(desk: SampleDesk, **more: Any) -> Served:
        running.append(Served(create_app(desk, secret=b"s" * 32, reviews=desk, watch=desk, **more)))
        return running[-1]

    yield call
    for server in running:
        server.stop()


@pytest.fixture
def served(desk: SampleDesk, serve: Callable[..., Served]) -> Served:
    return serve(desk)


@pytest.fixture
def tab(browser: Any, serve: Callable[..., Served]) -> Iterator[Callable[..., Any]]:
    """Open a fresh tab; whatever it complains about fails the test."""
    contexts, said = [], []

    def call(address: str, *, width: int = 1200, **more: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **more)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.goto(address)
        return page

    yield call
    for context in contexts:
        context.close()
    assert said == []


def save(page: Any) -> None:
    """Send the form by keyboard, and wait for the page that comes, its script included."""
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Control+Enter")


def overflow(page: Any) -> int:
    found = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return int(found)


@pytest.mark.parametrize("path", ["/", "/decision", "/serving", "/review", "/records/cand_lora", "/login"])
def test_a_page_is_quiet_and_fits_a_phone(served: Served, tab: Callable[..., Any], path: str) -> None:
    page = tab(served.address + path, width=360)
    assert overflow(page) <= 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 250, 247)"


def test_an_expert_corrects_by_keyboard_alone(served: Served, tab: Callable[..., Any], desk: SampleDesk) -> None:
    page = tab(served.address + "/review")
    page.keyboard.press("2")
    assert page.evaluate("document.activeElement.id") == "correction"
    page.keyboard.press("Control+End")
    page.keyboard.type(" It weighs 2 kg. 1 2 3")
    assert page.locator(".tracked ins").inner_text().strip() == "It weighs 2 kg. 1 2 3"
    save(page)
    assert page.locator(".last").is_visible()
    made = desk.judgements[0]
    assert made.value["correction"] == "A tent of 2 kg, in moss. It weighs 2 kg. 1 2 3"
    assert made.seconds is not None
    page.keyboard.press("1")
    save(page)
    assert page.locator("text=1 answer to judge").is_visible()
    page.keyboard.press("3")
    save(page)
    assert page.locator("text=Nothing waits for you").is_visible()
    assert [one.value["opinion"] for one in desk.judgements] == ["fix", "good", "cannot_judge"]


def test_rows_in_doubt_are_judged_by_keyboard_alone(
    tab: Callable[..., Any], serve: Callable[..., Served], desk: SampleDesk, tmp_path: Path
) -> None:
    project = doubted(tmp_path)
    desk.closed, desk.doubts = ("cards", "transfers"), ProjectDoubts(project)
    page = tab(serve(desk).address + "/rows", width=360)
    assert overflow(page) <= 0
    page.keyboard.press("2")
    assert page.evaluate("document.activeElement.id") == "correction"
    answer = page.evaluate("document.getElementById('correction').value")
    wanted = {"cards": "transfers", "transfers": "cards"}[answer]
    page.keyboard.press(wanted[0])
    save(page)
    page.keyboard.press("3")
    save(page)
    page.keyboard.press("4")
    save(page)
    assert page.locator("text=3 rows to judge").is_visible() and page.locator(".last a").is_visible()
    said = [one.value for one in project.store.traffic.said("row")]
    assert [one["opinion"] for one in said] == ["cannot_judge", "drop", "fix"]
    assert said[2]["correction"] == wanted
    project.store.close()


def test_every_control_can_be_reached_by_tab_in_reading_order(served: Served, tab: Callable[..., Any]) -> None:
    page = tab(served.address + "/review")
    page.keyboard.press("2")
    page.locator(".skip").focus()
    stops = []
    for _ in range(30):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.name || document.activeElement.type || ''"))
    found = [stop for stop in stops if stop in ("opinion", "correction", "faults", "comment", "submit")]
    order = list(dict.fromkeys(found))
    assert order == ["opinion", "correction", "faults", "comment", "submit"]


def test_a_senders_text_is_taken_by_keyboard_and_shown_as_changes(
    served: Served, tab: Callable[..., Any], desk: SampleDesk
) -> None:
    desk.send("int_1", "rating", -1)
    desk.send("int_1", "correction", "A tent of 2 kg, in moss green.")
    desk.send("int_2", "correction", "First.")
    desk.send("int_2", "correction", "A tent.\nSecond line.")
    page = tab(served.address + "/review")
    assert page.input_value("#correction") == "A tent of 2 kg, in moss." and page.locator(".tracked").is_hidden()
    page.keyboard.press("u")
    assert page.input_value("#correction") == "A tent of 2 kg, in moss green."
    assert page.locator(".tracked ins").first.is_visible() and page.locator("input[value=fix]").is_checked()
    assert page.evaluate("document.activeElement.id") == "correction" and desk.judgements == []
    page.keyboard.press("Control+End")
    page.keyboard.type(" u")
    save(page)
    assert page.locator("text=2 answers to judge").is_visible()
    assert desk.judgements[0].value["correction"] == "A tent of 2 kg, in moss green. u"
    page.locator("a.use").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.input_value("#correction") == "First."
    page.locator("a.use").first.click()
    assert page.input_value("#correction") == "A tent.\nSecond line."
    save(page)
    assert desk.judgements[1].value["correction"] == "A tent.\nSecond line."
    assert page.locator(".said").count() == 0


def test_a_senders_label_is_taken_into_the_list(tab: Callable[..., Any], serve: Callable[..., Served]) -> None:
    desk = SampleDesk([interaction(1, "refund")])
    desk.closed = ("refund", "card lost")
    desk.send("int_1", "correction", "no label")
    desk.send("int_1", "correction", "card lost")
    page = tab(serve(desk).address + "/review", width=360)
    assert page.locator("a.use").count() == 1 and overflow(page) <= 0
    page.keyboard.press("u")
    assert page.input_value("#correction") == "card lost"
    assert page.locator(".tracked ins").inner_text() == "card lost"
    save(page)
    assert page.locator("text=Nothing waits for you").is_visible()
    assert desk.judgements[0].value["correction"] == "card lost"


def test_what_a_sender_plants_does_nothing(tab: Callable[..., Any], serve: Callable[..., Served]) -> None:
    desk = SampleDesk([interaction(1)])
    desk.send("int_1", "comment", HOSTILE, by=HOSTILE[:60])
    desk.send("int_1", "correction", HOSTILE + "<img src=x onerror=alert(9)>", comment=HOSTILE)
    page = tab(serve(desk).address + "/review", width=360)
    page.keyboard.press("u")
    assert page.evaluate("document.images.length") == 0 and overflow(page) <= 0
    assert page.input_value("#correction").startswith(HOSTILE[:20])


def test_a_draft_survives_a_reload_and_goes_when_it_was_accepted(
    served: Served, tab: Callable[..., Any], desk: SampleDesk
) -> None:
    page = tab(served.address + "/review")
    page.keyboard.press("2")
    page.fill("#correction", "Half a thought")
    page.fill("#comment", "later")
    page.reload()
    assert page.input_value("#correction") == "Half a thought" and page.input_value("#comment") == "later"
    assert page.locator("input[value=fix]").is_checked()
    save(page)
    assert page.locator(".last").is_visible()
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('strop-draft')).length") == 0
    assert desk.judgements[0].value["correction"] == "Half a thought"


def test_progress_goes_on_while_the_page_is_open_and_the_end_is_shown(
    tab: Callable[..., Any], serve: Callable[..., Served]
) -> None:
    jobs = SampleJobs()
    server = serve(SampleDesk(), jobs=jobs)
    page = tab(server.address + "/work", width=360)
    page.get_by_role("button", name="Climb the ladder").click()
    page.wait_for_selector("progress")
    jobs.put(id="job_1", progress=Progress(task="Scoring", done=7, total=10))
    page.wait_for_selector("text=Scoring: 7 of 10 items")
    assert page.get_by_role("progressbar").evaluate("bar => bar.value / bar.max") == 0.7
    assert overflow(page) <= 0
    jobs.put(id="job_1", state="done", made=("ladder_1",))
    page.wait_for_selector("text=Made ladder_1")
    assert page.locator("progress").count() == 0


def test_it_works_without_script(served: Served, tab: Callable[..., Any], desk: SampleDesk) -> None:
    page = tab(served.address + "/review", java_script_enabled=False)
    page.check("input[value=fix]")
    page.fill("#correction", "By hand.")
    page.click("button[type=submit]")
    page.wait_for_selector(".last")
    assert desk.judgements[0].value["correction"] == "By hand."


@pytest.mark.parametrize("width", [360, 640])
def test_enlarged_to_200_percent_nothing_is_cut(served: Served, tab: Callable[..., Any], width: int) -> None:
    page = tab(served.address + "/review", width=width)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.keyboard.press("2")
    assert overflow(page) <= 0


def test_planted_text_does_nothing(tab: Callable[..., Any], serve: Callable[..., Served]) -> None:
    server = serve(SampleDesk([interaction(1, HOSTILE), interaction(2, HOSTILE)]))
    page = tab(server.address + "/review", width=360)
    page.keyboard.press("2")
    page.fill("#correction", HOSTILE + "<img src=x onerror=alert(9)>")
    assert page.evaluate("document.images.length") == 0
    save(page)
    assert page.locator(".last").is_visible()
    assert page.evaluate("document.images.length + document.scripts.length") == 1
    assert overflow(page) <= 0


def test_a_page_of_another_site_cannot_judge(served: Served, browser: Any, desk: SampleDesk) -> None:
    other = browser.new_page()
    target = f"{served.address}/review"
    other.set_content(
        f'<form method="post" action="{target}"><input name="subject" value="int_1"><input name="opinion" value="good">'
        '<input name="key" value="key-12345678"><button>go</button></form>'
    )
    with other.expect_response(target) as answered:
        other.click("button")
    assert answered.value.status == 403
    assert desk.judgements == []
    other.close()


def test_an_expert_is_led_to_more_only_when_they_are_asked_for_it(
    tab: Callable[..., Any], serve: Callable[..., Served]
) -> None:
    staff, keys = people("expert")
    desk = SampleDesk()
    desk.consent = SampleConsent(decisions=[samples.decision()])
    page = tab(serve(desk, people=lambda: staff).address + "/login")
    page.locator("input:focus").wait_for()  # a page takes the focus after it has loaded
    page.keyboard.type(keys["expert"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    assert [link.inner_text() for link in page.locator("nav[aria-label=Pages] a").all()] == ["Review", "Approve"]


def test_the_whole_page_at_200_percent_on_a_phone_by_keyboard(
    served: Served, tab: Callable[..., Any], desk: SampleDesk
) -> None:
    """As a browser enlarges: half the width in CSS pixels, each of them twice as large."""
    page = tab(served.address + "/review", width=180, device_scale_factor=2)
    page.keyboard.press("2")
    page.keyboard.press("Control+a")
    page.keyboard.type("Moss-green tent, 2 kg.")
    assert overflow(page) <= 0
    assert page.locator(".tracked del").first.is_visible() and page.locator(".tracked ins").first.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.locator("#comment").focus()
    page.keyboard.type("too long")
    for name in ("correction", "comment"):
        box = page.locator(f"#{name}").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 180
    save(page)
    assert page.locator(".last").is_visible() and overflow(page) <= 0
    made = desk.judgements[0]
    assert made.value["correction"] == "Moss-green tent, 2 kg." and made.comment == "too long"
    assert len(made.value["faults"]) == 1


def test_signing_in_leads_an_expert_to_the_only_page_they_have(
    tab: Callable[..., Any], serve: Callable[..., Served]
) -> None:
    staff, keys = people("expert", "owner")
    desk = SampleDesk()
    server = serve(desk, people=lambda: staff)
    page = tab(server.address + "/")
    assert page.url.endswith("/login")
    page.locator("#key:focus").wait_for()
    page.locator("input:focus").wait_for()  # a page takes the focus after it has loaded
    page.keyboard.type(keys["expert"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    assert [link.inner_text() for link in page.locator("nav[aria-label=Pages] a").all()] == ["Review"]
    page.goto(server.address + "/")
    assert page.url.endswith("/review")
    page.keyboard.press("1")
    save(page)
    assert page.locator(".last").is_visible()
    assert desk.judgements[0].by == "expert-person"
    page.get_by_role("button", name="Sign out, expert-person").click()
    page.wait_for_url("**/login")
