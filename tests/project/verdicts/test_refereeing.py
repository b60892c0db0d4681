"""The judge of strop.yaml on a decision's blind pairs: off without being named, kept, and no part of the verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strop.errors import NotReady, SettingsError
from strop.project import Project, open_project
from strop.web import report


def test_it_is_off_unless_named(decided: Project) -> None:
    with pytest.raises(NotReady, match="no judge is named"):
        decided.judged_by_model()


def test_it_gives_its_opinion_and_decides_nothing(decided: Project, server: Any, say: Any) -> None:
    server.answer = lambda body: say("tie")
    decision = decided.decide()
    decided.store.close()
    named = json.dumps({"url": server.url, "model": "model-a", "rubric": "Right and short.", "pairs": 5})
    project = open_project(decided.folder, overrides=[f"judge={named}"])
    found = project.judged_by_model(decision.id)
    assert (found.pairs, found.unread, found.torn) == (5, 0, 0)
    assert found.won is not None and found.won.value == 0.5
    assert "no evidence" in found.sentence
    assert len(server.asked) == 10
    assert project.judged_by_model(decision.id) == found
    assert len(server.asked) == 10  # what was said is kept
    assert project.decide().id == decision.id
    page = report.page(decision, report.gather(project, decision))
    assert "no check rests on it" in page and "below 10 its word is no evidence" in page
    project.store.close()


def test_it_can_not_be_primary(decided: Project) -> None:
    decided.store.close()
    project = open_project(decided.folder, overrides=["decision.primary=judge"])
    with pytest.raises(SettingsError, match="unknown measure `judge`"):
        project.evaluate()
    project.store.close()
