"""The slice on which a pick does worst is named, with how many rows to ask for, also where nobody declared it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from strop import project
from strop.project import questions
from strop.project.verdicts import remedies
from strop.records import Candidate, Method
from strop.web import report
from strop.web.gathering import gather

pytestmark = pytest.mark.usefixtures("fake_cache")
WORDS = {"cards": "card blocked at the till", "refunds": "money back for order", "post": "parcel lost in the mail"}


def test_the_rows_to_ask_for_are_those_on_which_the_pick_does_worst(tmp_path: Path) -> None:
    rng = random.Random(1)
    lines = ["text,label"]
    for n in range(600):
        queue = rng.choice(list(WORDS))
        unclear = n % 5 == 0  # says nothing about its queue
        own = " ".join("".join(rng.choices("abcdefghijklmnop", k=5)) for _ in range(8))  # no two rows alike
        lines.append(f"{'unclear' if unclear else WORDS[queue]} {own},{queue}")
    (tmp_path / "tickets.csv").write_text("\n".join(lines) + "\n", "utf-8")
    project.init(tmp_path / "p", tmp_path / "tickets.csv")
    many = "data.splits.validation=0.35"  # whichever rows a split holds, some forty of these say nothing
    opened = project.open(tmp_path / "p", overrides=[many, "ladder.methods=[classical]", "ladder.bases=[fake-small]"])
    opened.curate()
    ladder = opened.choose()
    (weak,) = opened.evaluate().weak.values()
    assert weak[0].found.name == "input says “unclear”"
    assert weak[0].trained is not None and weak[0].trained > 20
    assert questions._missing(opened.opened, ladder) == f"the pick does {weak[0].sentence}"
    assert "ask for " in weak[0].sentence
    opened.store.close()


def test_after_a_refusal_it_is_told_what_could_change_it_and_by_which_command(tmp_path: Path) -> None:
    rng = random.Random(1)
    lines = ["text,label"]
    for n in range(600):
        queue = rng.choice(list(WORDS))
        own = " ".join("".join(rng.choices("abcdefghijklmnop", k=5)) for _ in range(8))
        lines.append(f"{'unclear' if n % 5 == 0 else WORDS[queue]} {own},{queue}")
    (tmp_path / "tickets.csv").write_text("\n".join(lines) + "\n", "utf-8")
    project.init(tmp_path / "p", tmp_path / "tickets.csv")
    asked = ["data.splits.validation=0.35", "ladder.methods=[classical]", "ladder.bases=[]"]
    opened = project.open(tmp_path / "p", overrides=[*asked, "decision.primary={accuracy: {target: 0.99}}"])
    opened.curate()
    opened.choose()
    refused = opened.decide()
    assert refused.verdict == "refuse"
    told = {one.command: one.why for one in opened.remedies(refused)}
    assert list(told) == ["strop evaluate --acquire ask.jsonl", "strop models list", "strop learning-curve"]
    assert "input says “unclear”" in told["strop evaluate --acquire ask.jsonl"] and "ask for " in str(told)
    (live,) = (one for one in opened.questions() if one.question == "May it go live?")
    assert (
        live.would_change.startswith("on validation items it does worse")
        and "strop learning-curve" in live.would_change
    )
    page = report.page(refused, gather(opened, refused))
    assert "What could change it:" in page and "<code>strop models list</code>" in page
    assert opened.remedies(refused.model_copy(update={"verdict": "not_enough_evidence"})) == []
    own = opened.store.get(refused.candidate, Candidate)
    methods: tuple[Method, ...] = ("classical", "lora", "prompt")
    specs = [own.spec.model_copy(update={"method": method}) for method in methods]
    assert [remedies.learning_curve(own.model_copy(update={"spec": spec})) for spec in specs] == [
        "strop learning-curve", "strop learning-curve --method lora", "",
    ]  # fmt: skip
    opened.store.close()
