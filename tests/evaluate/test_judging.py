"""From answers to a report: prompts, labels, slices, latency, what was not measured, swapped answers."""

from __future__ import annotations

import json
import re

import pytest

from strop.engines.prompts import compose
from strop.errors import EngineError, NotReady, SettingsError
from strop.evaluate import domain_suite, evaluate, swapped
from strop.measure import paired
from strop.records import silent
from strop.settings import Settings

ANSWERS = {f"question {i}": ("cards", "refunds")[i % 2] for i in range(40)}


@pytest.fixture
def judge(tmp_path, candidate):
    """Judge rows with a model; keywords are blocks of settings, plus kind, labels and shots."""

    def run(model, rows, kind="classification", *, labels=("cards", "refunds"), shots=(), spec=None, **blocks):
        settings = Settings.model_validate(blocks)
        suite = domain_suite(rows, kind=kind, split="validation", settings=settings, project=tmp_path)
        return evaluate(
            model,
            candidate=candidate(labels=labels, **(spec or {})),
            shots=shots,
            suite=suite,
            examples={r.id: r for r in rows},
            settings=settings,
            project=tmp_path,
            on_event=silent,
        )

    return run


@pytest.fixture
def tickets(row):
    return [
        row(text, label, slices={"language": "de" if i % 4 == 0 else "en", "ticket": str(i)}, group=f"g{i // 2}")
        for i, (text, label) in enumerate(ANSWERS.items())
    ]


def test_a_report_says_what_was_measured(judge, tickets, table_model) -> None:
    model = table_model({**ANSWERS, "question 3": "cards"})
    found = judge(model, tickets)
    report = found.report
    assert report.n == len(found.items) == 40
    assert report.measures["accuracy"].value == pytest.approx(39 / 40)
    assert report.measures["accuracy"].n == 20  # pairs of rows share a group: 20 independent observations
    assert report.signature == model.signature
    assert report.memory_bytes == 1000
    assert report.latency_ms.value == pytest.approx(10)
    assert (report.latency_ms.n, report.latency_ms.method) == (1, "one timing")
    assert report.items == ""
    wrong = [item for item in found.items if item.scores["accuracy"] == 0]
    assert [(item.gold, item.label) for item in wrong] == [("refunds", "cards")]


def test_a_users_function_that_applies_to_no_answer_is_told_as_that(judge, tickets, table_model, tmp_path) -> None:
    (tmp_path / "silent_one.py").write_text("def silent(example, answer):\n    return None\n", "utf-8")
    report = judge(table_model(ANSWERS), tickets, measures=["silent_one:silent"]).report
    assert report.not_measured["silent"] == "the function returned None for each of the 40 items"


def test_items_come_in_the_order_of_the_suite(judge, tickets, table_model) -> None:
    found = judge(table_model(ANSWERS), tickets[::-1])
    assert [item.example for item in found.items] == sorted(r.id for r in tickets)


def test_the_same_answers_give_the_same_report_however_long_they_took(judge, tickets, table_model) -> None:
    one = judge(table_model(ANSWERS), tickets).report
    slow = judge(table_model(ANSWERS, seconds=0.5), tickets).report
    other = judge(table_model({**ANSWERS, "question 3": "cards"}), tickets).report
    assert one.id == slow.id
    assert one.id != other.id


def test_prompts_are_composed_as_everywhere(judge, tickets, table_model, row, candidate) -> None:
    shots = (row("an old question", "cards"),)
    model = table_model(ANSWERS)
    judge(model, tickets[:1], shots=shots, spec={"system": "Route the ticket."})
    spec = candidate(system="Route the ticket.", labels=("cards", "refunds")).spec
    assert model.asked == [compose(spec, tickets[0].messages, shots)]


def test_slices_declared_or_few(judge, tickets, table_model) -> None:
    plain = judge(table_model(ANSWERS), tickets).report
    assert set(plain.slices) == {"language"}
    assert plain.slices["language"]["de"]["accuracy"].value == 1
    assert plain.slices["language"]["en"]["accuracy"].n == 20
    declared = judge(table_model(ANSWERS), tickets, decision={"slices": ["ticket", "absent"]}).report
    assert set(declared.slices) == {"language", "ticket"}
    assert len(declared.slices["ticket"]) == 40


def test_rare_values_are_no_slice_unless_declared(judge, tickets, table_model) -> None:
    few = [t.model_copy(update={"slices": {"language": "fr" if i == 0 else "en"}}) for i, t in enumerate(tickets)]
    assert set(judge(table_model(ANSWERS), few).report.slices["language"]) == {"en"}
    declared = judge(table_model(ANSWERS), few, decision={"slices": ["language"]}).report
    assert set(declared.slices["language"]) == {"en", "fr"}


def test_labels_are_needed(judge, tickets, table_model) -> None:
    with pytest.raises(NotReady):
        judge(table_model(ANSWERS), tickets, labels=())
    named = judge(table_model(ANSWERS), tickets, labels=(), task={"labels": ["cards", "refunds"]})
    assert named.report.measures["accuracy"].value == 1


def test_a_gold_label_that_is_unknown_counts_as_wrong(judge, tickets, table_model, row) -> None:
    found = judge(table_model(ANSWERS), [*tickets, row("a new kind", "loans")])
    assert found.report.measures["accuracy"].value == pytest.approx(40 / 41)
    assert found.report.measures["macro_f1"].value < 0.7  # the third gold label has F1 0


def test_the_model_may_not_lose_an_answer(judge, tickets, table_model, row) -> None:
    class Forgetful(table_model):
        def score(self, requests, *, on_event):
            return super().score(requests, on_event=on_event)[:-1]

        def generate(self, requests, *, on_event):
            return super().generate(requests, on_event=on_event)[:-1]

    with pytest.raises(EngineError, match="39 of 40"):
        judge(Forgetful(ANSWERS), tickets)
    with pytest.raises(EngineError):
        judge(Forgetful(ANSWERS), [row("x", "A poem.")], "generation")


def test_written_answers(judge, row, table_model) -> None:
    rows = [row("x", "one two three four"), row("y", "five six")]
    found = judge(table_model({"x": "one two three four"}), rows, "generation", task={"max_new_tokens": 3})
    report = found.report
    by_answer = {item.answer: item for item in found.items}
    assert set(by_answer) == {"one two three", ""}
    assert report.measures["stopped"].value == 0.5
    assert not by_answer["one two three"].stopped
    assert report.measures["rouge_l"].value == pytest.approx((2 * 3 / 7 + 0) / 2)


def test_code_without_tests_is_not_measured_and_says_why(judge, row, table_model) -> None:
    report = judge(table_model({"x": "a = 1"}), [row("x", "a = 1")], "code").report
    assert re.search("sandbox|no row has tests", report.not_measured["tests_passed"])
    assert "tests_passed" not in report.measures
    assert report.measures["compiles"].value == 1


def test_a_measure_without_items_says_why(judge, row, table_model) -> None:
    blocks = {"decision": {"primary": "keywords_in_window"}}
    report = judge(table_model({"x": "A."}), [row("x", "A.")], "generation", **blocks).report
    assert "keywords_in_window" in report.not_measured


def test_a_suite_whose_style_guide_changed_is_refused(tmp_path, row, table_model, candidate) -> None:
    def guide(mark: str) -> None:
        rules = [{"id": "calm", "check": {"must_not_match": mark}}]
        (tmp_path / "style.json").write_text(json.dumps({"rules": rules}), "utf-8")

    settings = Settings.model_validate({"task": {"style": "style.json"}})
    rows = [row("x", "A poem.")]
    guide("!")
    suite = domain_suite(rows, kind="generation", split="validation", settings=settings, project=tmp_path)
    guide("[?]")
    with pytest.raises(SettingsError, match="style"):
        evaluate(
            table_model({}),
            candidate=candidate(),
            shots=(),
            suite=suite,
            examples={r.id: r for r in rows},
            settings=settings,
            project=tmp_path,
            on_event=silent,
        )


@pytest.mark.parametrize("reads", [True, False])
def test_swapped_answers_show_whether_the_input_was_read(judge, tickets, table_model, tmp_path, reads) -> None:
    """One that reads loses by answering other items' questions; one that always says the same loses nothing."""
    rows = [t.model_copy(update={"group": None}) for t in tickets]
    found = judge(table_model(ANSWERS if reads else dict.fromkeys(ANSWERS, "cards")), rows)
    settings = Settings()
    suite = domain_suite(rows, kind="classification", split="validation", settings=settings, project=tmp_path)
    dealt = swapped(found.items, suite=suite, examples={r.id: r for r in rows}, settings=settings, project=tmp_path)
    assert [item.example for item in dealt] == [item.example for item in found.items]
    assert [item.gold for item in dealt] == [item.gold for item in found.items]
    assert sorted(item.label for item in dealt) == sorted(item.label for item in found.items)
    accuracy = next(spec for spec in suite.measures if spec.name == "accuracy")
    gain = paired(accuracy, found.items, dealt)
    assert (gain.low > 0) is reads
    assert reads or gain.value == 0


def test_one_answer_cannot_be_swapped(tmp_path, row) -> None:
    rows = [row("x", "cards")]
    suite = domain_suite(rows, kind="classification", split="validation", settings=Settings(), project=tmp_path)
    assert swapped((), suite=suite, examples={}, settings=Settings(), project=tmp_path) == ()


def test_a_precision_without_answers_that_do_it_says_so(judge, row, table_model) -> None:
    rows = [row("x", "A.", expect={"should_escalate": True})]
    report = judge(table_model({"x": "A."}), rows, "chat").report
    assert report.not_measured["escalation_precision"] == "no answer hands over to a person"
    assert report.measures["escalation_recall"].value == 0
