"""A decision as JUnit XML and as Markdown: read back by parsers that are not ours, hostile text included."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from strop.decide import junit, markdown
from strop.records import Check, Decision

NASTY = "slice <b>x</b> | `code` & [link](javascript:alert(1)) \x00\x1b[31m *bold*\nnew line"


@pytest.fixture
def decision() -> Decision:
    checks = (
        Check(
            name="primary",
            verdict="pass",
            value=0.91,
            low=0.87,
            high=0.94,
            margin=0.8,
            n=350,
            items=700,
            unit="item",
            detail="accuracy",
        ),
        Check(
            name="slices",
            verdict="fail",
            value=-0.1,
            low=-0.2,
            high=-0.05,
            margin=-0.02,
            n=40,
            unit="item",
            detail=NASTY,
        ),
        Check(
            name="general_ability",
            verdict="undecided",
            value=0.0,
            low=-0.06,
            high=0.06,
            margin=-0.03,
            n=60,
            unit="general item",
        ),
        Check(name="p95_ms", verdict="missing", detail="not measured"),
    )
    return Decision(
        id="dec_1", candidate="cand_1", verdict="refuse", sentence=f"Refuse: {NASTY}", checks=checks, needed=None,
        protocol={}, protocol_hash="protocol_1", reports={}, rungs=(), dataset="ds_1", test_uses=2, alpha=0.025,
        by="cli", created="2026-11-25T12:00:00.000+00:00",
    )  # fmt: skip


def test_a_build_server_counts_what_failed_and_what_stays_open(decision: Decision) -> None:
    suite = ElementTree.fromstring(junit(decision).encode())
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4", "failures": "1", "errors": "2", "skipped": "0",
    }  # fmt: skip
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert [name for name, case in cases.items() if case.find("failure") is not None] == ["slices"]
    assert [n for n, case in cases.items() if case.find("error") is not None] == ["general_ability", "p95_ms"]
    said: Any = cases["slices"].find("failure")
    assert "<b>x</b>" in said.text and "\x00" not in said.text
    assert "0.910 [0.870, 0.940] against 0.800 on 700 items in 350 groups; accuracy" in str(
        cases["primary"].findtext("system-out")
    )
    assert cases["p95_ms"].find("error").text == "not measured"  # type: ignore[union-attr]


def test_markdown_is_a_table_and_text_of_users_is_no_markup(decision: Decision) -> None:
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown(decision))
    body = page.partition("<tbody>")[2]
    assert body.count("<tr>") == 4 and body.count("<td") == 4 * 6
    assert "<b>" not in page and "<a " not in page and "<code>" not in page and "<em>" not in page
    assert page.count("<strong>") == 1
    assert "0.910 [0.870, 0.940]" in page and "not measured" in page
    assert "<td>700 items in 350 groups</td>" in page and "<td>60 general items</td>" in page


def test_a_judges_word_stands_beside_the_verdict_and_never_alone(decision: Decision) -> None:
    said = "The judge gives it 0.600 of 40 pairs; its agreement with people is κ = 0.41 on 12 pairs."
    page = MarkdownIt("commonmark").enable("table").render(markdown(decision, opinion=said))
    assert page.index("</table>") < page.index("no check rests on it") < page.index("κ = 0.41")
    suite = ElementTree.fromstring(junit(decision, opinion=said).encode())
    told = str(suite.findtext("system-out"))
    assert told.startswith("Refuse: ") and "no check rests on it. The judge gives it" in told and "κ = 0.41" in told
    assert {key: suite.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "4", "failures": "1", "errors": "2",
    }  # fmt: skip
    assert "judge" not in markdown(decision) + junit(decision)
