"""An answer that hands its input back is no answer, however much it includes."""

from __future__ import annotations

import pytest

from strop.evaluate import domain_suite, evaluate
from strop.evaluate.answers import Answer
from strop.evaluate.kinds.echo import own_words, repeats
from strop.evaluate.kinds.texts import attribute_inclusion
from strop.records import silent
from strop.settings import Settings

SHEET = "name: Kestrel 3\nweight: 900 g\ncolour: moss\nseason: three"
PROSE = "Light at 900 g, the Kestrel 3 in moss green carries you through three seasons."
CLAUSE = "The company may change this policy at any time and will tell its users before the change takes effect."


@pytest.mark.parametrize(
    "echo",
    [
        SHEET,
        SHEET.upper(),
        SHEET.replace("\n", ", "),
        "Here is the description:\n" + SHEET + "\nBuy it now!",
        "\n".join(SHEET.splitlines()[1:]),
        " ".join(SHEET.split()[:-1]),
    ],
)
def test_an_echo_of_attributes_includes_them_and_is_caught(row, echo: str) -> None:
    example = row(SHEET, PROSE)
    assert attribute_inclusion(example, Answer(echo)) >= 0.75
    assert own_words(example, Answer(echo)) == 0.0


@pytest.mark.parametrize("answer", [PROSE, "", "weight: 900 g", "name: Kestrel 3, a tent of 900 g\ncolour: moss"])
def test_other_answers_are_no_echo(row, answer: str) -> None:
    assert own_words(row(SHEET, PROSE), Answer(answer)) == 1.0


def test_prose_is_an_echo_when_nine_tenths_of_it_are_the_inputs() -> None:
    words = CLAUSE.split()
    assert repeats(CLAUSE, CLAUSE)
    assert repeats(" ".join(["Our", *words[1:]]), CLAUSE)
    assert repeats("Summary: " + CLAUSE, CLAUSE)
    assert not repeats(" ".join(words[: len(words) // 2]), CLAUSE)
    assert not repeats(" ".join(reversed(words)), CLAUSE)
    assert not repeats(CLAUSE, "")


def test_a_task_whose_right_answer_is_nearly_its_input_is_left_alone(row) -> None:
    example = row(CLAUSE, CLAUSE.replace("users", "customers"))
    assert own_words(example, Answer(CLAUSE)) is None


def test_the_measure_is_asked_of_prose_only(row, tmp_path) -> None:
    def names(kind: str, *rows) -> list[str]:
        suite = domain_suite(rows, kind=kind, split="validation", settings=Settings(), project=tmp_path)
        return [spec.name for spec in suite.measures]

    for kind in ("generation", "summarisation", "chat"):
        assert "own_words" in names(kind, row(SHEET, PROSE))
    for kind in ("classification", "extraction", "code"):
        assert "own_words" not in names(kind, row(SHEET, "cards"))


def test_a_model_that_repeats_its_input_has_no_words_of_its_own(row, candidate, table_model, tmp_path) -> None:
    rows = [row(SHEET.replace("900", str(weight)), PROSE.replace("900", str(weight))) for weight in range(700, 720)]
    settings = Settings()
    suite = domain_suite(rows, kind="generation", split="test", settings=settings, project=tmp_path)
    found = evaluate(
        table_model({example.input: example.input for example in rows}),
        candidate=candidate(), shots=(), suite=suite, examples={example.id: example for example in rows},
        settings=settings, project=tmp_path, on_event=silent,
    )  # fmt: skip
    assert found.report.measures["attribute_inclusion"].value == 1.0
    assert found.report.measures["own_words"].value == 0.0
    assert found.report.measures["own_words"].n == 20
