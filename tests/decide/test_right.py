"""How many labels are right stands beside macro F1, which may say the opposite, in every form of a decision."""

from __future__ import annotations

import io
from typing import Any
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from strop.cli import printing
from strop.decide import decide, junit, markdown, right, verify
from strop.records import Decision, RightLabels
from strop.settings import Settings

GOLD = ["neutral"] * 6 + ["good", "bad"]
SETTINGS = Settings.model_validate({"decision": {"primary": {"macro_f1": {"margin": 0.02}}}})
TOLD = "Right labels: 4 of 8 (50 %; the classical model: 6; always “*neutral*”: 5)"


@pytest.fixture
def evidence(build: Any) -> Any:
    """Finds both rare labels and two of six common ones, where the rung finds the common ones alone."""
    own = build.labelled(GOLD, ["neutral", "neutral", "good", "bad", "good", "bad", "good", "bad"])
    rung = build.arm("the classical model", build.labelled(GOLD, ["neutral"] * 8), spec=build.MACRO)
    return build.evidence(own, spec=build.MACRO, lower_rungs=(rung,))


def test_right_labels_are_counted_beside_the_rung_and_the_constant_answer(build: Any, evidence: Any) -> None:
    found = right.right_labels(evidence, build.MACRO)
    assert found == RightLabels(right=4, n=8, rung="the classical model", rung_right=6)
    assert (right.share(found), right.beside(found)) == ("4 of 8", "50 %; the classical model: 6")
    alone = build.evidence(
        evidence.items, spec=build.MACRO, constant_items=build.labelled(GOLD, ["good"] * 8)
    )  # of the training rows another label is the commonest
    found = right.right_labels(alone, build.MACRO)
    assert found == RightLabels(right=4, n=8, constant="good", constant_right=1)
    assert right.told(found) == "Right labels: 4 of 8 (50 %; always “good”: 1)"
    assert right.right_labels(alone, build.QUALITY) is None  # what is no label, or their share itself
    assert decide(build.evidence(build.items([0.5, 0.6] * 20)), Settings()).right_labels is None


def test_a_decision_holds_them_and_an_edited_one_does_not_stand(evidence: Any) -> None:
    decision = decide(evidence, SETTINGS)
    assert decision.right_labels == right.right_labels(evidence, evidence.report.specs[0])
    assert verify(decision, evidence) == []
    assert verify(decision.model_copy(update={"right_labels": None}), evidence) == []  # one from before
    more = decision.right_labels.model_copy(update={"right": 7})
    (said,) = verify(decision.model_copy(update={"right_labels": more}), evidence)
    assert said.startswith("right_labels: ") and "7 of 8" in said and "4 of 8" in said


def test_terminal_markdown_and_build_server_tell_them(evidence: Any) -> None:
    told = RightLabels(right=4, n=8, rung="the classical model", rung_right=6, constant="*neutral*", constant_right=5)
    decision: Decision = decide(evidence, SETTINGS).model_copy(update={"right_labels": told})
    page = MarkdownIt("commonmark").enable("table").render(markdown(decision))
    assert f"<p>{TOLD}.</p>" in page and page.index("</strong>") < page.index(TOLD) < page.index("<table>")
    assert TOLD in str(ElementTree.fromstring(junit(decision).encode()).findtext("system-out"))
    screen = io.StringIO()
    printing.decision(printing.Console(file=screen, width=200), decision)
    assert f"\n{TOLD}\n" in screen.getvalue()
